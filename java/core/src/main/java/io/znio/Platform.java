// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.BufferedReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * What {@code libznio.so} must be built for to run in a JVM: the processor's architecture and the C
 * library. The jar may hold the library for several; the loader takes the right one by itself. This
 * class is for those who need the file, as {@code -agentpath} does. Any thread.
 *
 * @param architecture as {@code uname -m} names it: {@code x86_64}, {@code aarch64}
 * @param libc {@code glibc} or {@code musl}
 */
public record Platform(String architecture, String libc) {
  private static final List<String> ALL =
      List.of(
          "linux-x86_64-glibc", "linux-x86_64-musl", "linux-aarch64-glibc", "linux-aarch64-musl");

  /**
   * This JVM's. Any thread; reads {@code /proc/self/maps}.
   *
   * @return what this JVM runs on
   */
  public static Platform current() {
    return new Platform(architectureHere(), libc(Path.of("/proc/self/maps")));
  }

  /**
   * Another process's of this machine, as seen by its mapped files.
   *
   * @param pid its number
   * @return this JVM's architecture with that process's C library; glibc if it may not be looked at
   */
  public static Platform of(long pid) {
    return new Platform(architectureHere(), libc(Path.of("/proc", Long.toString(pid), "maps")));
  }

  private static String architectureHere() {
    String architecture = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    return architecture.equals("amd64") ? "x86_64" : architecture;
  }

  /**
   * By what the process has mapped: no system property tells it, both dynamic linkers may be
   * installed on one machine, and a process started to ask (ldd) may be forbidden, and would cost
   * more than the loading. Lines are bytes: paths need not be UTF-8.
   */
  private static String libc(Path maps) {
    try (BufferedReader lines = Files.newBufferedReader(maps, StandardCharsets.ISO_8859_1)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (isOfMusl(line)) {
          return "musl";
        }
      }
      return "glibc";
    } catch (IOException | RuntimeException e) {
      return "glibc"; // no /proc: should that be wrong, the linker says so
    }
  }

  /** musl's linker is its C library: ld-musl-ARCH.so.1, or libc.so where that is a link to it. */
  static boolean isOfMusl(String line) {
    String file = line.substring(line.lastIndexOf('/') + 1);
    return file.startsWith("ld-musl-")
        || file.startsWith("libc.musl-")
        || line.endsWith("-linux-musl/libc.so");
  }

  /**
   * The library for this platform out of the jar.
   *
   * @return the bytes of {@code libznio.so}; the caller closes it
   * @throws FileNotFoundException if the jar does not hold one; the message says which it holds
   */
  public InputStream openLibrary() throws FileNotFoundException {
    InputStream library = Platform.class.getResourceAsStream(resource(toString()));
    if (library == null) {
      List<String> held =
          ALL.stream().filter(p -> Platform.class.getResource(resource(p)) != null).toList();
      throw new FileNotFoundException(
          "this jar holds no library for "
              + this
              + " (os.arch is "
              + System.getProperty("os.arch")
              + "), only for "
              + (held.isEmpty() ? "none" : String.join(", ", held)));
    }
    return library;
  }

  private static String resource(String platform) {
    return "/META-INF/native/" + platform + "/libznio.so";
  }

  /** Returns the name of its folder in the jar, such as {@code linux-x86_64-glibc}. */
  @Override
  public String toString() {
    return "linux-" + architecture + "-" + libc;
  }
}

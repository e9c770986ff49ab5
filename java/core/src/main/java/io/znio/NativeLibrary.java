// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HexFormat;

/**
 * Loads {@code libznio.so}, once per process, on first use of the module.
 *
 * <p>Where from, in this order:
 *
 * <ol>
 *   <li>nowhere, if the application has already called {@code System.loadLibrary("znio")};
 *   <li>the file that {@code -Dio.znio.library=PATH} names;
 *   <li>{@code java.library.path}, if a file of that name is there;
 *   <li>this jar, which may hold the library for several {@linkplain Platform platforms}: the one
 *       for this JVM is copied into a new directory under {@code java.io.tmpdir}, with an
 *       unpredictable name and open to the owner alone, loaded, and deleted again.
 * </ol>
 *
 * <p>Every failure is an {@link UnsatisfiedLinkError} of one sentence that names the cause and the
 * remedy. A second copy of the library in one process, from another file or another class loader,
 * is refused. Any thread.
 */
final class NativeLibrary {
  /** The system property that names the library's file. */
  static final String PROPERTY = "io.znio.library";

  private static final String FILE_NAME = "libznio.so";

  /** Non-null when loading has failed: the same failure is told again and again. */
  private static String failure;

  private static boolean loaded;

  private NativeLibrary() {}

  /**
   * Makes sure that the natives are bound.
   *
   * @throws UnsatisfiedLinkError if they cannot be; the message says why and what helps
   */
  static synchronized void load() {
    if (loaded) {
      return;
    }
    if (failure != null) {
      throw new UnsatisfiedLinkError(failure);
    }
    try {
      if (!isBound()) {
        checkPlatform();
        loadFirst();
      }
      checkAbi();
      loaded = true;
    } catch (UnsatisfiedLinkError e) {
      failure = e.getMessage();
      throw e;
    }
  }

  private static boolean isBound() {
    try {
      Native.abi();
      return true;
    } catch (UnsatisfiedLinkError e) {
      return false;
    }
  }

  private static void loadFirst() {
    String property = System.getProperty(PROPERTY);
    if (property != null) {
      loadFile(property);
    } else if (isOnLibraryPath()) {
      loadFromLibraryPath();
    } else {
      loadFromJar();
    }
    if (!isBound()) {
      throw failed(
          "the library was loaded, but its natives are not bound to this copy of io.znio.Native;"
              + " the library was loaded before by a class loader that does not see it: call"
              + " System.loadLibrary(\"znio\") from the class loader that holds the znio jar, or"
              + " not at all",
          null);
    }
  }

  private static void loadFile(String property) {
    Path path;
    try {
      path = Path.of(property).toAbsolutePath();
    } catch (InvalidPathException e) {
      throw failed("-D" + PROPERTY + "=" + property + " is not a path; name the file", e);
    }
    if (!Files.isRegularFile(path)) {
      throw failed(
          "-D" + PROPERTY + "=" + property + " names no file; name libznio.so itself", null);
    }
    try {
      System.load(path.toString());
    } catch (UnsatisfiedLinkError e) {
      throw failed(explain(e, path.toString(), path.getParent()), e);
    }
  }

  private static boolean isOnLibraryPath() {
    String libraryPath = System.getProperty("java.library.path", "");
    for (String directory : libraryPath.split(":")) {
      try {
        if (!directory.isEmpty() && Files.isRegularFile(Path.of(directory, FILE_NAME))) {
          return true;
        }
      } catch (InvalidPathException e) {
        // Not a directory then; the JVM skips it too.
      }
    }
    return false;
  }

  private static void loadFromLibraryPath() {
    try {
      System.loadLibrary("znio");
    } catch (UnsatisfiedLinkError e) {
      throw failed(explain(e, FILE_NAME + " on java.library.path", null), e);
    }
  }

  private static void loadFromJar() {
    Path directory = null;
    try (InputStream library = Platform.current().openLibrary()) {
      directory = createPrivateDirectory();
      Path file = directory.resolve(FILE_NAME);
      Files.copy(library, file);
      System.load(file.toString());
    } catch (FileNotFoundException e) {
      throw failed(
          e.getMessage()
              + "; build znio on such a machine, or take a jar that holds it, and name the file by"
              + " -D"
              + PROPERTY
              + " or put it on java.library.path",
          e);
    } catch (IOException e) {
      throw failed(
          "the library could not be copied to "
              + System.getProperty("java.io.tmpdir")
              + " ("
              + e
              + "); name a directory with room by -Djava.io.tmpdir, or the file by -D"
              + PROPERTY,
          e);
    } catch (UnsatisfiedLinkError e) {
      throw failed(explain(e, "the copy of the library in this jar", directory), e);
    } finally {
      delete(directory);
    }
  }

  /**
   * As {@code Files.createTempDirectory}, with an unpredictable name and the owner's only. That
   * takes the name from SecureRandom, and so starts the security providers: a fifth of what the
   * first buffer of a program cost.
   */
  private static Path createPrivateDirectory() throws IOException {
    byte[] name = new byte[16];
    try (InputStream random = new FileInputStream("/dev/urandom")) {
      random.readNBytes(name, 0, name.length);
    }
    Path parent = Path.of(System.getProperty("java.io.tmpdir"));
    Path directory = parent.resolve("znio-" + HexFormat.of().formatHex(name));
    return Files.createDirectory(
        directory,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
  }

  /** The file is mapped: its name is no longer needed, and must not stay behind. */
  private static void delete(Path directory) {
    if (directory == null) {
      return;
    }
    try {
      Files.deleteIfExists(directory.resolve(FILE_NAME));
      Files.deleteIfExists(directory);
    } catch (IOException e) {
      directory.toFile().deleteOnExit();
    }
  }

  private static void checkPlatform() {
    String system = System.getProperty("os.name", "");
    if (!system.equals("Linux")) {
      throw failed("it runs on Linux only, and this is " + system, null);
    }
  }

  private static void checkAbi() {
    int abi = Native.abi();
    if (abi != Native.ABI) {
      throw failed(
          "its version "
              + Native.version()
              + " speaks ABI "
              + abi
              + " and this jar needs "
              + Native.ABI
              + "; use the library of the same release as the jar",
          null);
    }
  }

  /** Turns the dynamic linker's words into cause and remedy. */
  static String explain(UnsatisfiedLinkError error, String what, Path directory) {
    String message = String.valueOf(error.getMessage());
    if (message.contains("zn_core_marker") || message.contains("already loaded in another")) {
      return "it is already loaded in this process by another class loader or from another file,"
          + " and there can be one only: put the znio jar into one class loader that all"
          + " users share (the JVM said: "
          + message
          + ")";
    }
    if (message.contains("failed to map segment")) {
      return what
          + " lies on a file system without leave to execute (noexec"
          + (directory == null ? "" : ", " + directory)
          + "); name another directory by -Djava.io.tmpdir, or the file by -D"
          + PROPERTY
          + " (the linker said: "
          + message
          + ")";
    }
    if (message.contains("not found") && message.contains("version `")) {
      return what
          + " needs a newer C library than this system has; build znio on this system and name the"
          + " file by -D"
          + PROPERTY
          + " (the linker said: "
          + message
          + ")";
    }
    if (message.contains("wrong ELF class")
        || message.contains("invalid ELF header")
        || message.contains("Can't load this .so")
        || message.contains("file too short")
        || message.contains("cannot open shared object file")) {
      return what
          + " is not a library for "
          + Platform.current()
          + " or lacks a library that it needs; build znio on this system and name the file by -D"
          + PROPERTY
          + " (the linker said: "
          + message
          + ")";
    }
    return what + " could not be loaded; the JVM said: " + message;
  }

  private static UnsatisfiedLinkError failed(String reason, Throwable cause) {
    UnsatisfiedLinkError error =
        new UnsatisfiedLinkError("znio's native library is not available: " + reason + ".");
    if (cause != null) {
      error.initCause(cause);
    }
    return error;
  }
}

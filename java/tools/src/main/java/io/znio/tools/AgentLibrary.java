// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import io.znio.Platform;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;

/**
 * The jar's {@code libznio.so} as a file that stays, for JVMs that load it by its path.
 *
 * <p>Its directory is named by the contents, so versions lie beside each other and a file that some
 * JVM has mapped is never written. Directory and file belong to us and nobody else can write them;
 * if they do not, they are not used.
 */
final class AgentLibrary {
  static final String FILE_NAME = "libznio.so";
  private static final int NAME_DIGITS = 16;

  private AgentLibrary() {}

  /** Where it is put unless told otherwise: as the build's cache. */
  static Path defaultDirectory() {
    String cache = System.getenv("ZNIO_CACHE");
    if (cache != null && !cache.isEmpty()) {
      return Path.of(cache);
    }
    String caches = System.getenv("XDG_CACHE_HOME");
    boolean given = caches != null && caches.startsWith("/");
    return (given ? Path.of(caches) : Path.of(System.getProperty("user.home"), ".cache"))
        .resolve("znio");
  }

  /**
   * Puts the library below a directory, unless it is there.
   *
   * @param directory made if it is missing
   * @param open whether other users may read it, for JVMs that run as somebody else
   * @param platform of the JVMs that load it
   * @return the file
   * @throws ToolException if it cannot be put there, or what is there is not to be trusted
   */
  static Path put(Path directory, boolean open, Platform platform) {
    byte[] library = read(platform);
    Path place = directory.toAbsolutePath().resolve("agent-" + digest(library));
    if (place.toString().contains("=")) {
      throw new ToolException(
          "the JVM ends the library's path at the first \"=\", and "
              + directory
              + " has one: name another directory by --directory");
    }
    try {
      Files.createDirectories(directory);
      makePrivate(place, open ? "rwxr-xr-x" : "rwx------");
      Path file = place.resolve(FILE_NAME);
      if (!isSame(file, library)) {
        write(file, library);
      }
      return file;
    } catch (IOException e) {
      throw new ToolException(
          "the library cannot be put into "
              + place
              + " ("
              + e
              + "): name another directory by --directory",
          e);
    }
  }

  private static byte[] read(Platform platform) {
    try (InputStream in = platform.openLibrary()) {
      return in.readAllBytes();
    } catch (FileNotFoundException e) {
      throw new ToolException(e.getMessage() + ": build it on such a machine", e);
    } catch (IOException e) {
      throw new ToolException("the jar cannot be read: " + e, e);
    }
  }

  private static String digest(byte[] library) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(library);
      return HexFormat.of().formatHex(digest).substring(0, NAME_DIGITS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  private static void makePrivate(Path place, String mode) throws IOException {
    Set<PosixFilePermission> permissions = PosixFilePermissions.fromString(mode);
    if (!Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
      Files.createDirectory(place, PosixFilePermissions.asFileAttribute(permissions));
    }
    trust(place);
    if (!Files.getPosixFilePermissions(place).containsAll(permissions)) {
      Files.setPosixFilePermissions(place, permissions); // the umask took some away
    }
  }

  /** Ours, no link, and nobody else may write it. */
  private static void trust(Path path) throws IOException {
    PosixFileAttributes attributes =
        Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
    Set<PosixFilePermission> modes = attributes.permissions();
    Object self = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    if (attributes.isSymbolicLink()
        || !self.equals(Files.getAttribute(path, "unix:uid", LinkOption.NOFOLLOW_LINKS))
        || modes.contains(PosixFilePermission.GROUP_WRITE)
        || modes.contains(PosixFilePermission.OTHERS_WRITE)) {
      throw new ToolException(
          path
              + " is a link, belongs to somebody else, or others can write it: remove it, or name"
              + " another directory by --directory");
    }
  }

  private static boolean isSame(Path file, byte[] library) throws IOException {
    try {
      trust(file);
      return Arrays.equals(Files.readAllBytes(file), library);
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** Whole or not at all, also for somebody who does the same at the same time. */
  private static void write(Path file, byte[] library) throws IOException {
    Path half = Files.createTempFile(file.getParent(), "half-", ".so");
    try {
      Files.write(half, library);
      Files.setPosixFilePermissions(half, PosixFilePermissions.fromString("r-xr-xr-x"));
      Files.move(half, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(half);
    }
  }
}

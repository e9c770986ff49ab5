// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the driver asks of file systems. {@code Files.getFileStore} fails where the path's mount
 * point is not in the table of mounts (a changed root): that must not end a run.
 */
final class FileSystemFacts {
  private FileSystemFacts() {}

  /** "ext4", "tmpfs", ...; "unknown" if the JDK cannot tell. */
  static String type(Path path) {
    try {
      return Files.getFileStore(path).type();
    } catch (IOException e) {
      return "unknown";
    }
  }

  /** Bytes that this user may still write there. */
  static long usableBytes(Path path) {
    return path.toFile().getUsableSpace();
  }

  /** Whether two existing paths are on one file system, by their device numbers. */
  static boolean isSame(Path first, Path second) throws IOException {
    return Files.getAttribute(first, "unix:dev").equals(Files.getAttribute(second, "unix:dev"));
  }
}

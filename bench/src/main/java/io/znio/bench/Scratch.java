// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;

/** The directory for whatever a run writes, removed when it ends, however it ends. */
final class Scratch {
  private Scratch() {}

  /**
   * Makes it under the wish, else beside the file where that is another file system than the
   * system's own scratch directory (copies between file systems cannot share extents), else there.
   */
  static Path create(Path wish, Path file, Cleanup cleanup) throws IOException {
    Path parent = wish == null ? choose(file) : wish;
    Path directory =
        Files.createTempDirectory(
            parent,
            "znio-compare-",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    cleanup.add("remove " + directory, () -> delete(directory));
    return directory;
  }

  /** $TMPDIR or /var/tmp, or the file's own directory if that is another file system. */
  static Path choose(Path file) throws IOException {
    String variable = System.getenv("TMPDIR");
    // /tmp may be in memory, where nothing is cold and O_DIRECT means nothing.
    Path common =
        Path.of(variable == null || variable.isEmpty() ? "/var/tmp" : variable).toAbsolutePath();
    Path beside = file.toAbsolutePath().getParent();
    boolean same = FileSystemFacts.isSame(common, file);
    return !same && beside != null && Files.isWritable(beside) ? beside : common;
  }

  /** Removes a directory and all in it. */
  static void delete(Path directory) throws IOException {
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (e instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw e;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, IOException e)
              throws IOException {
            Files.deleteIfExists(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import io.znio.bench.Shell.ShellException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A scratch XFS file system with reflink, on a sparse file that is mounted through a loop device.
 */
final class XfsImage {
  /** mkfs.xfs makes nothing under 300 MiB; the rest is for the source and what is written. */
  private static final long IMAGE_BYTES = 1024 * Sizes.MIB;

  private static final long SOURCE_BYTES_MAX = 64 * Sizes.MIB;

  private final Path mount;
  private final Path source;

  private XfsImage(Path mount, Path source) {
    this.mount = mount;
    this.source = source;
  }

  /**
   * Makes and mounts the file system, copies the beginning of file into it (64 MiB at most), and
   * registers its removal.
   *
   * @throws ShellException with one sentence, when this machine does not let us
   */
  static XfsImage create(Path file, Path scratch, Cleanup cleanup)
      throws ShellException, InterruptedException {
    if (!Shell.isRoot()) {
      throw new ShellException("mounting a scratch XFS needs root");
    }
    if (Shell.find("mkfs.xfs").isEmpty()) {
      throw new ShellException("the command mkfs.xfs is missing (package xfsprogs)");
    }
    try {
      if (FileSystemFacts.usableBytes(scratch) < IMAGE_BYTES) {
        throw new ShellException(
            "a scratch XFS needs " + Sizes.text(IMAGE_BYTES) + " of free space in " + scratch);
      }
      Path image = scratch.resolve("xfs.img");
      Path mount = Files.createDirectory(scratch.resolve("xfs"));
      try (RandomAccessFile sparse = new RandomAccessFile(image.toFile(), "rw")) {
        sparse.setLength(IMAGE_BYTES);
      }
      Shell.run("mkfs.xfs", "-q", "-m", "reflink=1", image.toString());
      cleanup.add("unmount " + mount, () -> unmount(mount));
      Shell.run("mount", "-t", "xfs", "-o", "loop", image.toString(), mount.toString());
      return new XfsImage(mount, copy(file, mount.resolve("source")));
    } catch (IOException e) {
      throw new ShellException("a scratch XFS cannot be made: " + e);
    }
  }

  private static Path copy(Path file, Path target) throws IOException {
    try (FileChannel from = FileChannel.open(file);
        FileChannel to =
            FileChannel.open(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      long size = Math.min(from.size(), SOURCE_BYTES_MAX);
      for (long done = 0; done < size; ) {
        long moved = from.transferTo(done, size - done, to);
        if (moved == 0) {
          throw new IOException(file + " was cut short while it was copied");
        }
        done += moved;
      }
      // Extents that are not allocated yet cannot be shared.
      to.force(true);
    }
    return target;
  }

  private static void unmount(Path mount) throws ShellException, InterruptedException {
    if (Shell.run("cat", "/proc/self/mounts").contains(" " + mount + " ")) {
      Shell.run("umount", "-l", mount.toString());
    }
  }

  /** The source file inside it. */
  Path source() {
    return source;
  }

  long sourceSize() throws IOException {
    return Files.size(source);
  }

  /** The directory for what is written. */
  Path scratch() {
    return mount;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import io.znio.bench.Shell.ShellException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** A small file system in memory that is full: a file can be made in it, and be long, but empty. */
final class FaultDisk implements AutoCloseable {
  private static final int BYTES = 64 << 10;

  private final Path directory;
  private final String refusal;
  private boolean closed;

  private FaultDisk(Path directory, String refusal) {
    this.directory = directory;
    this.refusal = refusal;
  }

  /** Mounts and fills it, or finds out why that is not possible. */
  static FaultDisk mount(Path scratch) throws IOException, InterruptedException {
    Path directory = Files.createDirectory(scratch.resolve("full"));
    if (!Shell.isRoot()) {
      return new FaultDisk(directory, "mounting a small file system needs root");
    }
    try {
      Shell.run("mount", "-t", "tmpfs", "-o", "size=" + BYTES, "tmpfs", directory.toString());
    } catch (ShellException e) {
      return new FaultDisk(directory, "a small file system cannot be mounted: " + e.getMessage());
    }
    fill(directory.resolve("filler"));
    return new FaultDisk(directory, null);
  }

  private static void fill(Path filler) throws IOException {
    byte[] page = new byte[4096];
    try (OutputStream out = Files.newOutputStream(filler)) {
      for (int i = 0; i < BYTES / page.length; i++) {
        out.write(page);
      }
    }
  }

  Path directory() {
    return directory;
  }

  /** Why there is none, one sentence, or null. */
  String refusal() {
    return refusal;
  }

  /** Unmounts it; a second call does nothing. */
  @Override
  public synchronized void close() throws IOException {
    if (refusal != null || closed) {
      return;
    }
    closed = true;
    try {
      Shell.run("umount", "-l", directory.toString());
    } catch (ShellException e) {
      throw new IOException(e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while " + directory + " was unmounted", e);
    }
  }
}

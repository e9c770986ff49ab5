// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A file system that is mounted for one test, where root allows. */
final class Mounted implements AutoCloseable {
  private final Path directory;
  private final Child mount;

  private Mounted(Path directory, Child mount) {
    this.directory = directory;
    this.mount = mount;
  }

  /** Mounts a tmpfs, or finds out that this is not allowed. */
  static Mounted tmpfs(Path directory, String options) throws IOException, InterruptedException {
    return new Mounted(
        directory,
        Child.command(
            List.of("mount", "-t", "tmpfs", "-o", options, "tmpfs", directory.toString())));
  }

  boolean isMounted() {
    return mount.status() == 0;
  }

  String reason() {
    return mount.output().strip();
  }

  @Override
  public void close() throws IOException {
    try {
      if (isMounted()) {
        Child umount = Child.command(List.of("umount", directory.toString()));
        if (umount.status() != 0) {
          throw new IOException("umount " + directory + ": " + umount.output());
        }
      }
    } catch (InterruptedException e) {
      throw new IOException("Interrupted while " + directory + " was unmounted", e);
    }
  }
}

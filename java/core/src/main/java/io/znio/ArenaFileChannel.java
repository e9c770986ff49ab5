// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;

/**
 * The template of what {@link NativeFileChannel} is on JDK 22 and newer, whose {@code FileChannel}
 * has one method more: its signature names types that older JDKs lack ({@link Jdk22}). Nobody makes
 * this one; {@link FileChannelMaker} defines the real one from it.
 */
class ArenaFileChannel extends NativeFileChannel {
  ArenaFileChannel(int fd, int flags, int alignment, String name) {
    super(fd, flags, alignment, name);
  }

  /** {@code FileChannel.map(MapMode, long, long, Arena)}; see {@link ArenaMapping}. */
  public Jdk22.MemorySegment map(MapMode mode, long offset, long size, Jdk22.Arena arena)
      throws IOException {
    return (Jdk22.MemorySegment) ArenaMapping.map(this, mode, offset, size, arena);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel.MapMode;
import java.util.Objects;

/**
 * A mapping whose owner is an arena of the JDK (22 and newer): it ends when the arena is closed, or
 * has been found dropped if the collector ends it ({@code Arena.ofAuto}). The JDK runs this when
 * nobody can be in an access any more, so the addresses go back at once. An arena that has to be
 * closed and was dropped instead is a leak, as in the JDK: its memory stays, for somebody may have
 * kept the address.
 */
final class ArenaMapping implements Runnable {
  private final MappedMemory.MappingWatch mapping;

  private ArenaMapping(MappedMemory.MappingWatch mapping) {
    this.mapping = mapping;
  }

  /** {@code FileChannel.map} with an arena, its refusals in its order. */
  static Object map(NativeFileChannel channel, MapMode mode, long offset, long size, Object arena)
      throws IOException {
    Objects.requireNonNull(mode, "mode");
    Objects.requireNonNull(arena, "arena");
    Object session = SegmentFactory.sessionOf(arena);
    if (offset < 0 || size < 0) {
      throw new IllegalArgumentException("Offset " + offset + " or size " + size + " is negative");
    }
    MappedMemory.MappingWatch mapping = FileMap.open(channel, mode, offset, size);
    return mapping == null ? segment(0, 0, mode, session) : segment(mapping, mode, session);
  }

  private static Object segment(long address, long size, MapMode mode, Object session) {
    boolean readOnly = FileMap.isReadOnly(mode);
    return SegmentFactory.mapped(
        JdkFileSystem.mapped(address, 0, mode, null), address, size, readOnly, session);
  }

  private static Object segment(MappedMemory.MappingWatch mapping, MapMode mode, Object session) {
    boolean complete = false;
    try {
      mapping.dropping =
          SegmentFactory.isCloseable(session)
              ? MappedMemory.Dropping.LEAVES
              : MappedMemory.Dropping.ENDS;
      mapping.link = new MappedMemory.MappingLink(session, mapping);
      Object segment = segment(mapping.address, mapping.size, mode, session);
      SegmentFactory.atEnd(session, new ArenaMapping(mapping));
      complete = true;
      return segment;
    } finally {
      if (!complete) { // the arena was closed meanwhile, or there is no room in the heap
        mapping.cancel();
      }
    }
  }

  /** Not if the collector has found the arena: the housekeeper is told too, and many leave then. */
  @Override
  public void run() {
    if (mapping.link.refersTo(null)) {
      return;
    }
    try {
      mapping.end(mapping::unmap);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

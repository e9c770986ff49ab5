// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** One way to own off-heap memory: what the cases of the chapter "faults" do with it. */
interface FaultMemory {
  /** Bytes of every buffer and mapping of the cases: a page. */
  int BYTES = 4096;

  /** Where mappings begin in their file; it is cut short to this minus a page. */
  long OFFSET = 8192;

  /** A new direct buffer of {@link #BYTES}. */
  ByteBuffer allocate();

  /** Frees what {@link #allocate} has returned, or refuses. */
  void free(ByteBuffer buffer);

  /** Maps {@link #BYTES} at {@link #OFFSET} for reading and writing; the file may be shorter. */
  ByteBuffer map(Path file) throws IOException;

  /** Ends what {@link #map} has returned, or refuses. */
  void unmap(ByteBuffer buffer);

  /** The owner object behind a buffer of {@link #map}; null if there is none. */
  default Object owner(ByteBuffer buffer) {
    return null;
  }

  /** What the owner tells of a page that was lost, with file and offset; null: nothing. */
  default String damage(ByteBuffer buffer) {
    return null;
  }

  /** Whether freed addresses can be given to a new owner while a stale view is reachable. */
  default boolean remaps() {
    return true;
  }

  /** Makes freed memory usable sooner. */
  default void urge() {}
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import io.znio.DamagedMappingException;
import io.znio.DirectBuffers;
import io.znio.Mapping;
import io.znio.Region;
import io.znio.SafetyLevel;
import io.znio.Znio;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.IdentityHashMap;
import java.util.Map;

/** znio's direct buffers and mappings, at the level of this process. */
final class FaultMemoryZnio implements FaultMemory {
  /** More than the quarantine holds: freeing it ends a batch. */
  private static final long BATCH_BYTES = 65L << 20;

  /** As many as a thread frees before it tells the quarantine. */
  private static final int LIST_ITEMS = 256;

  private final Map<ByteBuffer, Mapping> mappings = new IdentityHashMap<>();

  @Override
  public ByteBuffer allocate() {
    return DirectBuffers.allocate(BYTES);
  }

  @Override
  public void free(ByteBuffer buffer) {
    DirectBuffers.free(buffer);
  }

  @Override
  public ByteBuffer map(Path file) throws IOException {
    Mapping mapping =
        Mapping.map(file, Mapping.Mode.READ_WRITE, OFFSET, BYTES, Mapping.Options.NONE.extend());
    ByteBuffer buffer = mapping.buffer();
    mappings.put(buffer, mapping);
    return buffer;
  }

  @Override
  public void unmap(ByteBuffer buffer) {
    mappings.get(buffer).close();
  }

  @Override
  public Object owner(ByteBuffer buffer) {
    return mappings.get(buffer);
  }

  @Override
  public String damage(ByteBuffer buffer) {
    Mapping mapping = mappings.get(buffer);
    if (mapping == null || !mapping.isOpen()) {
      return null;
    }
    try {
      mapping.force();
      return null;
    } catch (DamagedMappingException e) {
      return e.offset() == OFFSET ? e.getMessage() : null;
    } catch (IOException e) {
      return null;
    }
  }

  @Override
  public boolean remaps() {
    // At the other levels the addresses are nobody else's while a view can be reached.
    return Znio.capabilities().safety() == SafetyLevel.UNCHECKED;
  }

  @Override
  public void urge() {
    // Fills the thread's list of what was freed, so that it goes to the quarantine; of another
    // size,
    // so that nobody else wants what the case waits for.
    for (int i = 0; i < LIST_ITEMS; i++) {
      DirectBuffers.free(DirectBuffers.allocateUninitialized(1));
    }
    Region.allocateUninitialized(BATCH_BYTES).close();
  }
}

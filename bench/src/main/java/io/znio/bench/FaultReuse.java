// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Gives memory that was freed to a new owner: without that a stale access would prove nothing. */
final class FaultReuse {
  private static final int ROUNDS = 200;
  private static final int BUFFERS_A_ROUND = 64;
  private static final int MAPPINGS = 64;

  /** Somebody else has got it, such as the JVM itself: the case proves nothing this time. */
  static final class NotReused extends Error {
    private static final long serialVersionUID = 1;

    NotReused(String message) {
      super(message);
    }
  }

  private FaultReuse() {}

  /** Allocates until a buffer lies at an address. */
  static ByteBuffer allocate(FaultMemory memory, long address) {
    List<ByteBuffer> others = new ArrayList<>(); // kept, so that none is given out twice
    for (int round = 0; round < ROUNDS; round++) {
      for (int i = 0; i < BUFFERS_A_ROUND; i++) {
        ByteBuffer buffer = memory.allocate();
        if (JdkUnsafe.address(buffer) == address) {
          return buffer;
        }
        others.add(buffer);
      }
      memory.urge();
    }
    throw new NotReused("the memory was not reused by " + others.size() + " buffers");
  }

  /** Maps files until one lies at an address; where that never happens, maps one. */
  static ByteBuffer map(FaultMemory memory, long address, Path scratch) throws IOException {
    List<ByteBuffer> others = new ArrayList<>();
    for (int i = 0; i < MAPPINGS; i++) {
      ByteBuffer buffer = memory.map(Files.createFile(scratch.resolve("owner-" + i)));
      if (!memory.remaps() || JdkUnsafe.address(buffer) == address) {
        return buffer;
      }
      others.add(buffer);
    }
    throw new NotReused("the addresses were not reused by " + others.size() + " mappings");
  }
}

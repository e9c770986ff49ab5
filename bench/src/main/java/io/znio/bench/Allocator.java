// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.nio.ByteBuffer;

/**
 * One way to get memory and to give it back, as the loops of {@link MemoryRun} and the JMH suite
 * need it.
 *
 * @param <H> what a program holds between the two: the buffer, or what frees it
 */
public interface Allocator<H> {
  /** Gets memory of at least one byte. */
  H allocate(int size);

  /** The buffer over what is held. */
  ByteBuffer buffer(H held);

  /** Writes a byte as a program that uses this would. */
  default void put(H held, int index, byte value) {
    buffer(held).put(index, value);
  }

  /** Reads a byte as a program that uses this would. */
  default byte get(H held, int index) {
    return buffer(held).get(index);
  }

  /** Gives it back, or drops it. */
  void free(H held);
}

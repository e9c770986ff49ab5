// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.nio.ByteBuffer;

/**
 * One way to get memory and to give it back, as the loops of {@link MemoryRun} need it.
 *
 * @param <H> what a program holds between the two: the buffer, or what frees it
 */
interface Allocator<H> {
  /** Gets memory of at least one byte. */
  H allocate(int size);

  /** The buffer over what is held. */
  ByteBuffer buffer(H held);

  /** Gives it back, or drops it. */
  void free(H held);
}

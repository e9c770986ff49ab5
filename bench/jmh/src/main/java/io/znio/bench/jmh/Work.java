// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.bench.Allocator;

/** What is done with a buffer, the same for all: its first and its last byte are used. */
final class Work {
  private Work() {}

  /** Odd, so that it is never what zeroed memory holds. */
  private static byte value(int turn) {
    return (byte) (turn | 1);
  }

  static <H> void write(Allocator<H> from, H held, int size, int turn) {
    from.put(held, 0, value(turn));
    from.put(held, size - 1, value(turn));
  }

  /** Fails if the buffer does not hold what {@link #write} has put there. */
  static <H> void check(Allocator<H> from, H held, int size, int turn) {
    check(from, held, size, value(turn), value(turn));
  }

  /** Fails if the buffer does not begin and end so. */
  static <H> void check(Allocator<H> from, H held, int size, byte first, byte last) {
    if (((from.get(held, 0) ^ first) | (from.get(held, size - 1) ^ last)) != 0) {
      throw new IllegalStateException(size + " bytes do not hold what was written");
    }
  }

  /** Allocates, writes, reads, frees: at most one buffer lives. */
  static <H> void once(Allocator<H> from, int size, int turn) {
    H held = from.allocate(size);
    write(from, held, size, turn);
    check(from, held, size, turn);
    from.free(held);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

/**
 * One operation of the chapter "memory", many times. Whoever writes byte {@code value(i)} reads it
 * back, so that nothing of the work can be left out by the JIT, and counts what differs.
 *
 * <p>The loops are in methods that are called for some dozen operations at a time: they are
 * compiled as any method is, not in the middle of one endless loop.
 */
abstract class MemoryLoop<H> {
  static final int TURNS = 64;

  final Allocator<H> allocator;
  final int size;

  /** Exclusive-or of what is written and what is expected: 0, or 1 to show that it is found. */
  final int flip;

  /** Buffers that did not hold what was written. */
  long wrong;

  /** Allocations made. */
  long made;

  MemoryLoop(Allocator<H> allocator, MemoryPlan plan) {
    this(allocator, plan.size(), plan.flip() ? 1 : 0);
  }

  MemoryLoop(Allocator<H> allocator, int size, int flip) {
    this.allocator = allocator;
    this.size = size;
    this.flip = flip;
  }

  /** Before the clock starts. */
  void prepare() {}

  /** What is timed. */
  abstract void run(long count) throws Exception;

  /** After the clock has stopped: nothing is held any more. */
  void settle() {}

  /** Odd, so that it is never what zeroed memory holds. */
  static byte value(long i) {
    return (byte) (i | 1);
  }

  final void write(H held, long i) {
    allocator.put(held, 0, (byte) (value(i) ^ flip));
    allocator.put(held, size - 1, (byte) (value(i) ^ flip));
  }

  /** 0 if the buffer holds what {@link #write} was asked to put there. */
  final int difference(H held, long i) {
    return (allocator.get(held, 0) ^ value(i)) | (allocator.get(held, size - 1) ^ value(i));
  }

  /** Allocates, writes, reads, frees: at most one buffer lives. */
  static final class AllocateFree<H> extends MemoryLoop<H> {
    AllocateFree(Allocator<H> allocator, MemoryPlan plan) {
      super(allocator, plan);
    }

    @Override
    void run(long count) {
      for (long i = 0; i < count; i += TURNS) {
        wrong += turns(i, (int) Math.min(TURNS, count - i));
      }
      made += count;
    }

    private long turns(long from, int count) {
      long different = 0;
      for (long i = from; i < from + count; i++) {
        H held = allocator.allocate(size);
        write(held, i);
        different += difference(held, i) == 0 ? 0 : 1;
        allocator.free(held);
      }
      return different;
    }
  }

  /**
   * Of {@link #SLOTS} live buffers, replaces a random one: an old one is freed for each new one.
   */
  static final class Ring<H> extends MemoryLoop<H> {
    static final int SLOTS = 512;

    private final Object[] ring = new Object[SLOTS];
    private final long[] births = new long[SLOTS];
    private int random = 1;

    Ring(Allocator<H> allocator, MemoryPlan plan) {
      super(allocator, plan);
    }

    @Override
    void prepare() {
      for (int slot = 0; slot < SLOTS; slot++) {
        fill(slot, slot);
      }
      made += SLOTS;
    }

    private void fill(int slot, long i) {
      H held = allocator.allocate(size);
      write(held, i);
      ring[slot] = held;
      births[slot] = i;
    }

    @SuppressWarnings("unchecked") // put there by fill
    private int empty(int slot) {
      H held = (H) ring[slot];
      ring[slot] = null;
      int different = difference(held, births[slot]) == 0 ? 0 : 1;
      allocator.free(held);
      return different;
    }

    @Override
    void run(long count) {
      for (long i = 0; i < count; i += TURNS) {
        wrong += turns(i, (int) Math.min(TURNS, count - i));
      }
      made += count;
    }

    private long turns(long from, int count) {
      long different = 0;
      int x = random;
      for (long i = from; i < from + count; i++) {
        x ^= x << 13; // xorshift32
        x ^= x >>> 17;
        x ^= x << 5;
        int slot = x & SLOTS - 1;
        different += empty(slot);
        fill(slot, i);
      }
      random = x;
      return different;
    }

    @Override
    void settle() {
      for (int slot = 0; slot < SLOTS; slot++) {
        wrong += empty(slot);
      }
    }
  }

  /** Maps, reads the first byte, unmaps. The file begins with {@code value(0)}. */
  static final class Maps<H> extends MemoryLoop<H> {
    Maps(Allocator<H> allocator, MemoryPlan plan) {
      super(allocator, plan);
    }

    @Override
    void run(long count) {
      for (long i = 0; i < count; i += TURNS) {
        wrong += turns((int) Math.min(TURNS, count - i));
      }
      made += count;
    }

    private long turns(int count) {
      long different = 0;
      for (int i = 0; i < count; i++) {
        H held = allocator.allocate(size);
        different += (allocator.get(held, 0) ^ flip) == value(0) ? 0 : 1;
        allocator.free(held);
      }
      return different;
    }
  }
}

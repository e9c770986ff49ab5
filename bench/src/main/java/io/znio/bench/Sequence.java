// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

/**
 * Which bytes of the file each transfer takes; bench/c/sequence.c and PROTOCOL.md say the same.
 *
 * <p>Transfer i takes size bytes from {@code (i % slots) * size}; regions are drawn at random.
 */
final class Sequence {
  private static final long REGIONS_SEED = 1;

  private final long size;
  private final long slots;
  private final boolean regions;
  private final SplitMix random = new SplitMix(REGIONS_SEED);
  private long left;
  private long index;
  private long offset;
  private long length;

  Sequence(long fileBytes, long size, long total, boolean regions) {
    this.size = size;
    this.slots = Math.max(1, fileBytes / size);
    this.left = total;
    this.regions = regions;
  }

  /** Moves to the next piece; false at the end. */
  boolean next() {
    if (left == 0) {
      return false;
    }
    long slot = regions ? Long.remainderUnsigned(random.next(), slots) : index % slots;
    offset = slot * size;
    length = Math.min(size, left);
    left -= length;
    index++;
    return true;
  }

  /** First byte of the current piece in the file. */
  long offset() {
    return offset;
  }

  /** Bytes of the current piece. */
  long length() {
    return length;
  }

  boolean isLast() {
    return left == 0;
  }

  /** Bytes from the start of the file that the whole sequence touches. */
  long span() {
    return slots * size;
  }

  /** splitmix64 of Steele, Lea and Flood, as the C side has it. */
  static final class SplitMix {
    private long state;

    SplitMix(long seed) {
      this.state = seed;
    }

    long next() {
      state += 0x9e3779b97f4a7c15L;
      long z = (state ^ state >>> 30) * 0xbf58476d1ce4e5b9L;
      z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
      return z ^ z >>> 31;
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.SplittableRandom;

/**
 * The arguments of one operation of {@link ChannelModel}: the same for both sides, as long as these
 * are in the same state.
 */
final class ChannelModelDraw {
  private static final int PAGE = 4096;
  private static final long[] NEGATIVE = {-1, -PAGE, Long.MIN_VALUE};

  private final SplittableRandom random;

  ChannelModelDraw(long seed) {
    random = new SplittableRandom(seed);
  }

  /** True once in {@code n} times. */
  boolean once(int n) {
    return random.nextInt(n) == 0;
  }

  /** From 0 to {@code bound - 1}. */
  int below(int bound) {
    return random.nextInt(bound);
  }

  <T> T of(T[] values) {
    return values[random.nextInt(values.length)];
  }

  /** Bytes of a buffer: mostly few. */
  int size() {
    return switch (random.nextInt(16)) {
      case 0 -> 0;
      case 1, 2, 3, 4 -> 1 + below(16);
      case 5, 6 -> 1 + below(20_000);
      default -> 1 + below(1000);
    };
  }

  /** A place in a file of this size, often at one of its edges; rarely none that exists. */
  long position(long size) {
    return switch (random.nextInt(48)) {
      case 0 -> NEGATIVE[below(NEGATIVE.length)];
      case 1 -> Long.MAX_VALUE; // a byte less, and tmpfs would take one
      case 2, 3, 4, 5 -> 0;
      case 6, 7, 8, 9 -> size;
      case 10, 11, 12 -> size + below(5000);
      case 13, 14, 15 -> Math.max(0, size - below(100));
      case 16, 17, 18 -> (long) below(16) * PAGE;
      default -> below((int) size + 1);
    };
  }

  /** How much to move, or to lock or map, at most; rarely a number that nobody may give. */
  long count(int most) {
    return switch (random.nextInt(32)) {
      case 0 -> NEGATIVE[below(NEGATIVE.length)];
      case 1 -> 0;
      case 2, 3, 4, 5, 6, 7 -> 1 + below(most);
      default -> 1 + below(Math.min(most, 2000));
    };
  }
}

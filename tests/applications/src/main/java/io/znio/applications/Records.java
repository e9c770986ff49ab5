// SPDX-License-Identifier: Apache-2.0
package io.znio.applications;

import java.nio.ByteBuffer;
import java.util.Arrays;

/** Records whose content follows from their number, so that any byte can be verified. */
final class Records {
  /** The size of each, in bytes. */
  static final int SIZE = 1000;

  private static final int WORDS = SIZE / Long.BYTES;

  private Records() {}

  /** The record of a number: the number first, then what a generator makes of it. */
  static byte[] record(int number) {
    ByteBuffer bytes = ByteBuffer.allocate(SIZE);
    long state = number;
    bytes.putLong(number);
    for (int i = 1; i < WORDS; i++) {
      state += 0x9E3779B97F4A7C15L; // SplitMix64
      long mixed = (state ^ state >>> 30) * 0xBF58476D1CE4E5B9L;
      mixed = (mixed ^ mixed >>> 27) * 0x94D049BB133111EBL;
      bytes.putLong(mixed ^ mixed >>> 31);
    }
    return bytes.array();
  }

  /**
   * The number of a record.
   *
   * @throws AssertionError if its content is not what {@link #record} made
   */
  static int number(byte[] record) {
    long number = record.length == SIZE ? ByteBuffer.wrap(record).getLong() : -1;
    if (number != (int) number || !Arrays.equals(record, record((int) number))) {
      throw new AssertionError(
          "A record is not what was sent: " + record.length + " bytes, number " + number);
    }
    return (int) number;
  }
}

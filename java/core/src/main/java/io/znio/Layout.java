// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.HashMap;
import java.util.Map;

/**
 * The layout of records and magazines, read from C when the class is loaded ({@code
 * zn_region_constants}): byte offsets, byte sizes, shifts, masks and addresses. Being static final,
 * they are constants to the JIT.
 */
final class Layout {
  /** The version of the layout, and of the steps of {@link Magazine}, that this class is for. */
  private static final long VERSION = 1;

  private static final Map<String, Long> VALUES = read();

  static final int CLASSES = integer("CLASSES_COUNT");
  static final long CLASS_SIZE_MAX = value("CLASS_SIZE_MAX");
  static final long SIZE_MAX = value("SIZE_LIMIT");
  static final int HANDLE_RECORD_BITS = integer("HANDLE_RECORD_BITS");
  static final long HANDLE_RECORD_MASK = (1L << HANDLE_RECORD_BITS) - 1;

  static final long RECORD_ADDRESS = value("RECORD_ADDRESS");
  static final long RECORD_WORD = value("RECORD_WORD");
  static final long RECORD_BIRTH = value("RECORD_BIRTH");
  static final long RECORD_SITE = value("RECORD_SITE");
  static final long RECORD_TRAITS = value("RECORD_TRAITS");

  static final long WORD_STATE_MASK = value("WORD_STATE_MASK");
  static final int WORD_GENERATION_SHIFT = integer("WORD_GENERATION_SHIFT");
  static final long WORD_GENERATION_MASK = value("WORD_GENERATION_MASK");
  static final int WORD_SIZE_SHIFT = integer("WORD_SIZE_SHIFT");
  static final int BIRTH_THREAD_SHIFT = integer("BIRTH_THREAD_SHIFT");

  static final long TICK_ADDRESS = value("TICK_ADDRESS");
  static final long STRICT_ADDRESS = value("STRICT_ADDRESS");

  static final long MAGAZINE_BYTES_MAX = value("MAGAZINE_BYTES_MAX");
  static final long MAGAZINE_CACHED = value("MAGAZINE_CACHED");
  static final long MAGAZINE_BORN_ITEMS = value("MAGAZINE_BORN_ITEMS");
  static final long MAGAZINE_BORN_BYTES = value("MAGAZINE_BORN_BYTES");
  static final long MAGAZINE_DIED_BYTES = value("MAGAZINE_DIED_BYTES");
  static final long MAGAZINE_CLEANED = value("MAGAZINE_CLEANED");
  static final long MAGAZINE_LEAKED = value("MAGAZINE_LEAKED");
  static final long MAGAZINE_AGES = value("MAGAZINE_AGES");
  static final long MAGAZINE_STACKS = value("MAGAZINE_STACKS");

  static final long STACK_BYTES = value("STACK_BYTES");
  static final long STACK_COUNT = value("STACK_COUNT");
  static final long STACK_CAPACITY = value("STACK_CAPACITY");
  static final long STACK_SLOTS = value("STACK_SLOTS");
  static final long STACK_CLASS_BYTES = value("STACK_CLASS_BYTES");

  static final long RETIRED_COUNT = value("RETIRED_COUNT");
  static final long RETIRED_BYTES = value("RETIRED_BYTES");
  static final long RETIRED_SLOTS = value("RETIRED_SLOTS");
  static final int RETIRED_COUNT_LIMIT = integer("RETIRED_COUNT_LIMIT");
  static final long RETIRED_BYTES_LIMIT = value("RETIRED_BYTES_LIMIT");

  /** Bits of a record's traits that hold its class, and the class of a block that has none. */
  static final int TRAITS_CLASS_SHIFT = 8;

  static final int TRAITS_CLASS_MASK = 0xff;

  private static final int STEP_SHIFT = 4;
  private static final int WIDE_STEP_SHIFT = 10;

  /** Up to this size classes lie on multiples of 16, above it of 1024. */
  private static final int STEPS_END = 4096;

  private static final byte[] CLASS_OF_STEP = classes(STEPS_END, STEP_SHIFT);
  private static final byte[] CLASS_OF_WIDE_STEP = classes((int) CLASS_SIZE_MAX, WIDE_STEP_SHIFT);

  private Layout() {}

  private static Map<String, Long> read() {
    NativeLibrary.load();
    long[] values = Native.regionConstants();
    Map<String, Long> named = new HashMap<>();
    for (int i = 0; i < values.length; i++) {
      named.put(Native.regionConstantName(i), values[i]);
    }
    if (named.getOrDefault("LAYOUT", 0L) != VERSION) {
      throw new IllegalStateException(
          "The native library's layout is " + named.get("LAYOUT") + ", not " + VERSION);
    }
    return named;
  }

  private static long value(String name) {
    Long value = VALUES.get(name);
    if (value == null) {
      throw new IllegalStateException("The native library's layout has no " + name);
    }
    return value;
  }

  private static int integer(String name) {
    return Math.toIntExact(value(name));
  }

  /** For each step of 1 << shift bytes, the class that serves a size which ends in it. */
  private static byte[] classes(int end, int shift) {
    byte[] table = new byte[(end >> shift) + 1];
    for (int i = 0, regionClass = 0; i < table.length; i++) {
      while (Native.regionClassBytes(regionClass) < (long) i << shift) {
        regionClass++;
      }
      table[i] = (byte) regionClass;
    }
    return table;
  }

  /** The class that serves {@code size}, 0 to {@link #CLASS_SIZE_MAX}. */
  static int classOf(long size) {
    return size <= STEPS_END
        ? CLASS_OF_STEP[(int) (size + (1 << STEP_SHIFT) - 1 >>> STEP_SHIFT)]
        : CLASS_OF_WIDE_STEP[(int) (size + (1 << WIDE_STEP_SHIFT) - 1 >>> WIDE_STEP_SHIFT)];
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

/**
 * The limits of off-heap memory: {@code -Dio.znio.maxBytes} over blocks and memory lent to the
 * kernel, by default the JDK's limit of direct memory; {@code -Dio.znio.maxMappedBytes} over
 * mappings, by default none.
 */
final class Limit {
  private static final String MEMORY = "io.znio.maxBytes";
  private static final String MAPPED = "io.znio.maxMappedBytes";
  private static final int SITES = 5;

  /** Whether a refusal first asks the garbage collector for what was dropped, and waits. */
  private static final boolean COLLECT =
      "on".equals(Settings.text("io.znio.collectAtLimit", "off", "on"));

  private static final int COLLECT_MILLIS = 500;

  static {
    long memory = Settings.bytes(MEMORY, jdkLimit());
    long mapped = Settings.bytes(MAPPED, Settings.NONE);
    int result = Native.limitSet(memory, mapped);
    if (result < 0) {
      throw new IllegalStateException("The limits of memory: " + Errors.describe(result));
    }
  }

  private Limit() {}

  /** Makes sure that the limits are set. */
  static void set() {}

  private static long jdkLimit() {
    try {
      Class<?> vm = Internals.type("jdk.internal.misc.VM");
      return (long) Internals.function(vm, "maxDirectMemory", long.class).invoke();
    } catch (Throwable t) {
      return Runtime.getRuntime().maxMemory(); // what it is by default
    }
  }

  /**
   * Whether a refused allocation is worth another try: the garbage collector was asked for (by
   * {@code -Dio.znio.collectAtLimit=on}; it is off by default, and nothing waits), or the memory
   * was exhausted and the quarantine has given some back.
   */
  static boolean mayTryAgain(int error) {
    if (error == Errors.ENOMEM) {
      return Quarantine.flush();
    }
    return error == Errors.ELIMIT && COLLECT && Housekeeper.collect(COLLECT_MILLIS);
  }

  /** What to throw when {@code size} bytes of memory were refused. */
  static OutOfMemoryError outOfMemory(long size, int error) {
    long[] state = new long[6];
    Native.limitRead(state);
    if (error != Errors.ELIMIT) {
      return new OutOfMemoryError(
          "Cannot allocate "
              + size
              + " bytes of off-heap memory: "
              + Errors.describe(error)
              + largest(1 << Native.KIND_REGION));
    }
    return new OutOfMemoryError(
        "Cannot allocate "
            + size
            + " bytes of off-heap memory: "
            + state[1]
            + " bytes are live and the limit is "
            + state[0]
            + "; free some, or raise the limit by -D"
            + MEMORY
            + largest(1 << Native.KIND_REGION | 1 << Native.KIND_PIN));
  }

  /** The same for a mapping. */
  static OutOfMemoryError outOfMappings(long size) {
    long[] state = new long[6];
    Native.limitRead(state);
    return new OutOfMemoryError(
        "Cannot map "
            + size
            + " bytes: "
            + state[4]
            + " bytes are mapped and the limit is "
            + state[3]
            + "; close some, or raise the limit by -D"
            + MAPPED
            + largest(1 << Native.KIND_MAPPING));
  }

  private static String largest(int kinds) {
    long[] totals = new long[3 * SITES];
    int count = Native.siteLargest(kinds, totals, SITES);
    StringBuilder text = new StringBuilder(count > 0 ? ". Largest live sites:" : "");
    for (int i = 0; i < count; i++) {
      text.append("\n  ")
          .append(totals[3 * i + 2])
          .append(" bytes in ")
          .append(totals[3 * i + 1])
          .append(": ")
          .append(Sites.firstLine((int) totals[3 * i]));
    }
    return text.toString();
  }
}

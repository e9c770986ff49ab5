// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.function.LongSupplier;

/**
 * The limits of off-heap memory: {@code -Dio.znio.maxBytes} over blocks and memory lent to the
 * kernel, by default the JDK's limit of direct memory; {@code -Dio.znio.maxMappedBytes} over
 * mappings, by default none. A block that is lent counts once. Copies of heap buffers are counted
 * and never refused ({@link Blocks#openTemporary}).
 */
final class Limit {
  private static final String MEMORY = "io.znio.maxBytes";
  private static final String MAPPED = "io.znio.maxMappedBytes";
  private static final int SITES = 5;

  /** Whether a refusal first asks the garbage collector for what was dropped, and waits. */
  private static final boolean COLLECT =
      "on".equals(Settings.text("io.znio.collectAtLimit", "off", "on"));

  /** C lends at least so many bytes, or all; {@code ZN_PIN_PART_BYTES_MIN}. */
  private static final long LOAN_PART = 64 << 10;

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
   * A request that was refused, made again if that makes sense: the limit refused it, and by {@code
   * -Dio.znio.collectAtLimit=on} the garbage collector is asked for what was dropped (see {@link
   * Reclaim}; it is off by default, and nothing waits); or memory was exhausted, and the quarantine
   * has given some back.
   *
   * @return what the request gives now, or {@code error} again
   */
  static long tryAgain(int error, LongSupplier request) {
    if (error == Errors.ENOMEM) {
      return Quarantine.flush() ? request.getAsLong() : error;
    }
    return error == Errors.ELIMIT && COLLECT ? Reclaim.until(request) : error;
  }

  /** The same for a loan: whether the limit of memory has room for some of {@code size} bytes. */
  static boolean awaitRoom(long size) {
    return tryAgain(Errors.ELIMIT, () -> hasRoom(size) ? 0 : Errors.ELIMIT) == 0;
  }

  private static boolean hasRoom(long size) {
    Ledger.Limits limits = Ledger.limits();
    return limits.memoryMax() - limits.memoryLive() >= Math.min(size, LOAN_PART);
  }

  /** What to throw when {@code size} bytes of memory were refused. */
  static OutOfMemoryError outOfMemory(long size, int error) {
    String what = "Cannot allocate " + size + " bytes of off-heap memory: ";
    if (error != Errors.ELIMIT) {
      return new OutOfMemoryError(what + Errors.describe(error) + largest(Ledger.Kind.REGION));
    }
    return new OutOfMemoryError(what + memoryIsUsed());
  }

  /** The same for memory that was to be lent to the kernel. */
  static OutOfMemoryError outOfLoans(long size) {
    return new OutOfMemoryError(
        "Cannot lend " + size + " bytes of memory to the kernel: " + memoryIsUsed());
  }

  private static String memoryIsUsed() {
    Ledger.Limits limits = Ledger.limits();
    return limits.memoryLive()
        + " bytes are live and the limit is "
        + limits.memoryMax()
        + "; free some, or raise the limit by -D"
        + MEMORY
        + largest(Ledger.Kind.REGION, Ledger.Kind.PIN);
  }

  /** The same for a mapping. */
  static OutOfMemoryError outOfMappings(long size) {
    Ledger.Limits limits = Ledger.limits();
    return new OutOfMemoryError(
        "Cannot map "
            + size
            + " bytes: "
            + limits.mappedLive()
            + " bytes are mapped and the limit is "
            + limits.mappedMax()
            + "; close some, or raise the limit by -D"
            + MAPPED
            + largest(Ledger.Kind.MAPPING));
  }

  private static String largest(Ledger.Kind... kinds) {
    StringBuilder text = new StringBuilder();
    for (Ledger.Place place : Ledger.largest(SITES, kinds)) {
      text.append(text.length() == 0 ? ". Largest live sites:" : "")
          .append("\n  ")
          .append(place.bytes())
          .append(" bytes in ")
          .append(place.items())
          .append(": ")
          .append(Sites.firstLine(place.site()));
    }
    return text.toString();
  }
}

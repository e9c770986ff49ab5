// SPDX-License-Identifier: Apache-2.0
package io.znio;

/**
 * The way to the events of JDK Flight Recorder, which are in {@link JfrEvents}: in a JVM without
 * module jdk.jfr, or with {@code -Dio.znio.jfr=off}, that class is never loaded, and nothing here
 * does anything. Any thread.
 *
 * <p>What it costs while nothing is recorded: {@link #PRESENT} is a constant to the JIT, the event
 * objects that are asked are constants too, and a JVM gives each event class an {@code isEnabled}
 * of its own, which returns false until a recording has begun: the compiler folds the question
 * away. Once Flight Recorder has run it is a load and a test of one field. No clock is read, no
 * object is made.
 */
final class Jfr {
  static final boolean PRESENT = isPresent();

  private Jfr() {}

  private static boolean isPresent() {
    if ("off".equals(Settings.text("io.znio.jfr", "on", "off"))) {
      return false;
    }
    try {
      Class<?> event = Class.forName("jdk.jfr.Event", false, Jfr.class.getClassLoader());
      return Jfr.class.getModule().canRead(event.getModule());
    } catch (ClassNotFoundException | LinkageError e) {
      return false;
    }
  }

  /** Called by the housekeeper, because it loads parts of Flight Recorder. */
  static void start() {
    if (PRESENT) {
      JfrEvents.start();
    }
  }

  /** False until Flight Recorder has been used: to ask an event would start a part of it. */
  private static boolean mayRecord() {
    return PRESENT && JfrEvents.mayRecord();
  }

  /** Whether allocations are recorded; then they go by {@link JfrEvents#allocate}. */
  static boolean allocates() {
    return mayRecord() && JfrEvents.Allocate.PROBE.isEnabled();
  }

  /** Whether frees are recorded; then they go by {@link JfrEvents#free}. */
  static boolean frees() {
    return mayRecord() && JfrEvents.Free.PROBE.isEnabled();
  }

  /** The event of a mapping that is about to be made; null if none is recorded. */
  static Object beginMap() {
    return mayRecord() && JfrEvents.MapFile.PROBE.isEnabled() ? JfrEvents.beginMap() : null;
  }

  /** The event of a mapping that is about to be closed; null if none is recorded. */
  static Object beginUnmap() {
    return mayRecord() && JfrEvents.Unmap.PROBE.isEnabled() ? JfrEvents.beginUnmap() : null;
  }

  /** The event of a transfer that is about to run; null if none is recorded. */
  static Object beginTransfer() {
    return mayRecord() && JfrEvents.Move.PROBE.isEnabled() ? JfrEvents.beginTransfer() : null;
  }

  /**
   * A transfer is over.
   *
   * @param event of {@link #beginTransfer}; with null nothing happens
   * @param receipt of {@link Native#transfer}, for all its calls
   */
  static void endTransfer(
      Object event, int sourceKind, int targetKind, long asked, long[] receipt) {
    if (event != null) {
      JfrEvents.endTransfer(event, sourceKind, targetKind, asked, receipt);
    }
  }

  /** A leak was found. */
  static void leak(Ledger.Leak leak) {
    if (mayRecord() && JfrEvents.Dropped.PROBE.isEnabled()) {
      JfrEvents.leak(leak);
    }
  }
}

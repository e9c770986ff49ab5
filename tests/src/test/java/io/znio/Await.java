// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for a state that another thread or the kernel brings about: looks often, never hopes. */
final class Await {
  static final Duration LIMIT = Duration.ofSeconds(20);

  private Await() {}

  /**
   * Looks until the condition holds.
   *
   * @throws AssertionError if it does not in time
   */
  static void until(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - end > 0) {
        throw new AssertionError("Not reached within " + LIMIT.toSeconds() + " s: " + what);
      }
      LockSupport.parkNanos(200_000);
    }
  }

  /** Joins a thread that must end. */
  static void end(Thread thread) {
    try {
      thread.join(LIMIT.toMillis());
    } catch (InterruptedException e) {
      throw new AssertionError("Interrupted while waiting for " + thread, e);
    }
    if (thread.isAlive()) {
      AssertionError error = new AssertionError(thread + " did not end");
      error.setStackTrace(thread.getStackTrace());
      throw error;
    }
  }
}

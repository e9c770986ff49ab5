// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * What {@code -Dio.znio.collectAtLimit=on} means: a request that the limit refuses asks the garbage
 * collector once ({@code System.gc()}), and is made again and again while what was dropped is found
 * and freed: until it succeeds, all that the collector has found is freed, or {@code
 * -Dio.znio.collectMillis} (500) have passed. Requests that are refused meanwhile share the
 * collection. Only owners that are watched are found: of buffers of {@link DirectBuffers} all with
 * {@code -Dio.znio.leaks=full}, else the sampled ones.
 */
final class Reclaim {
  private static final long WAIT_NANOS =
      TimeUnit.MILLISECONDS.toNanos(Settings.number("io.znio.collectMillis", 500, 0));
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  /**
   * References of one collection come one after the other: when the housekeeper has met the mark
   * and then found nothing so many times, for a tick each, they have all come.
   */
  private static final int IDLE_ROUNDS = 2;

  private static final Object LOCK = new Object();

  /** The last one that was begun. Written with the lock held. */
  private static volatile Reclaim last;

  private final long end;
  private final Mark mark;

  /** Asks the garbage collector. What was dropped before is found by this, or was before. */
  private Reclaim() {
    mark = new Mark(new Object());
    System.gc();
    end = System.nanoTime() + WAIT_NANOS;
  }

  /** Watches an object that nobody holds. */
  private static final class Mark extends Watch {
    /** Of the housekeeper, when it met the mark. */
    private volatile long round = Long.MAX_VALUE - IDLE_ROUNDS;

    Mark(Object owner) {
      super(owner);
    }

    @Override
    void dropped() {
      round = Housekeeper.idleRounds();
    }
  }

  /** Makes a refused request again, as above. Returns its last result. */
  static long until(LongSupplier request) {
    Housekeeper.start();
    Reclaim before = last;
    synchronized (LOCK) {
      long result = request.getAsLong();
      if (result == Errors.ELIMIT && last == before) {
        last = new Reclaim();
        result = request.getAsLong();
      }
      while (result == Errors.ELIMIT && !last.isOver()) {
        LockSupport.parkNanos(LOOK_NANOS);
        result = request.getAsLong();
      }
      return result;
    }
  }

  private boolean isOver() {
    return Housekeeper.idleRounds() >= mark.round + IDLE_ROUNDS || System.nanoTime() - end >= 0;
  }
}

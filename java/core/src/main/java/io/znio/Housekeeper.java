// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.lang.ref.Reference;
import java.util.concurrent.TimeUnit;

/**
 * The one thread of znio that is always there, from the first allocation or mapping on: advances
 * the coarse clock, frees what was dropped, gives back magazines of dead threads, idle memory and
 * what waits in quarantine. A daemon.
 */
final class Housekeeper {
  private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(Settings.TICK_MILLIS);
  private static final long REAP_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long DECAY_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final int IDLE_LONGS = 7;
  private static final int IDLE_QUARANTINE_ITEMS = 4;

  /** How often the thread found nothing dropped. */
  private static volatile long idleRounds;

  private long ticked = System.nanoTime();
  private long reaped = ticked;
  private long decayed = ticked;

  private static volatile boolean runs;
  private static boolean warned;

  static {
    Report.install();
  }

  private Housekeeper() {}

  /**
   * Makes sure that it runs. If the system has no thread to give, nothing fails: whoever asks next,
   * with the next mapping, channel or magazine, tries again. What is dropped waits until then.
   */
  static void start() {
    if (!runs) {
      startNow();
    }
  }

  private static synchronized void startNow() {
    if (runs) {
      return;
    }
    Thread thread = new Thread(null, new Housekeeper()::run, "znio-housekeeper", 0, false);
    thread.setDaemon(true);
    thread.setContextClassLoader(null);
    try {
      thread.start();
      runs = true;
    } catch (OutOfMemoryError e) {
      if (!warned) {
        warned = true;
        Settings.warn("The housekeeper of znio cannot start yet: " + e.getMessage());
      }
    }
  }

  /** On this thread, because starting the platform's management costs milliseconds. */
  private static void registerBean() {
    if ("off".equals(Settings.text("io.znio.jmx", "on", "off"))) {
      return;
    }
    try {
      LedgerBean.register();
    } catch (LinkageError | RuntimeException e) {
      // This JVM has no module java.management, and nobody who could ask.
    }
  }

  private static void startEvents() {
    try {
      Jfr.start();
    } catch (LinkageError | RuntimeException e) {
      Settings.warn("There are no periodic events of Flight Recorder: " + e);
    }
  }

  private void run() {
    registerBean();
    startEvents();
    while (true) {
      try {
        Reference<?> dropped = Watch.QUEUE.remove(Settings.TICK_MILLIS);
        if (dropped == null) {
          idleRounds++; // this thread alone writes
        }
        while (dropped != null) {
          if (dropped instanceof Watch watch && watch.end()) {
            watch.dropped();
          }
          dropped = Watch.QUEUE.poll();
        }
        MappedMemory.releasePending();
        round(System.nanoTime());
      } catch (InterruptedException e) {
        // Nobody may end this thread.
      } catch (Throwable t) {
        Settings.warn("The housekeeper of znio goes on after " + t);
      }
    }
  }

  private void round(long now) {
    long ticks = (now - ticked) / TICK_NANOS;
    if (ticks > 0) {
      ticked += ticks * TICK_NANOS;
      Native.ledgerAdvance((int) ticks);
    }
    if (now - reaped >= REAP_NANOS) {
      reaped = now;
      Magazines.reap();
      Guard.collect();
    }
    if (now - decayed >= DECAY_NANOS) {
      decayed = now;
      decay();
    }
  }

  private static void decay() {
    long[] idle = new long[IDLE_LONGS];
    Native.ledgerReadIdle(idle);
    if (idle[IDLE_QUARANTINE_ITEMS] > 0) {
      Quarantine.flush();
    }
    Native.regionDecay();
  }

  /** Counts how often, after a whole tick, nothing more was found dropped. */
  static long idleRounds() {
    return idleRounds;
  }
}

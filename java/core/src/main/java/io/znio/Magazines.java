// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Who uses which magazine. Each platform thread has its own, which {@link Housekeeper} gives back
 * soon after the thread's end. Virtual threads share a few, under locks.
 */
final class Magazines {
  /** False: {@code -Dio.znio.magazines=off}; every block is allocated and freed by a call of C. */
  static final boolean ENABLED = !"off".equals(Settings.text("io.znio.magazines", "on", "off"));

  private static final int SHARED_COUNT = Math.min(4, Runtime.getRuntime().availableProcessors());

  private static final ThreadLocal<Magazine> OWN = new ThreadLocal<>();

  /** By thread, since programs may erase thread-local variables. Dead threads are reaped. */
  private static final Map<Thread, Magazine> BY_THREAD = new ConcurrentHashMap<>();

  private static final Shared[] SHARED = new Shared[SHARED_COUNT];

  static {
    for (int i = 0; i < SHARED_COUNT; i++) {
      SHARED[i] = new Shared();
    }
  }

  /** A magazine for many threads; it is opened with its first use and stays. */
  static final class Shared extends ReentrantLock {
    private static final long serialVersionUID = 1;
    private transient Magazine magazine;

    /** Null if there is no memory for one. The lock is held. */
    Magazine magazine() {
      if (magazine == null) {
        magazine = Magazine.open(0);
      }
      return magazine;
    }
  }

  private Magazines() {}

  /** The calling platform thread's; null if there is no memory for one. */
  static Magazine own() {
    Magazine magazine = OWN.get();
    return magazine == null ? openOwn() : magazine;
  }

  private static Magazine openOwn() {
    Thread thread = Thread.currentThread();
    Magazine magazine = BY_THREAD.get(thread);
    if (magazine == null) {
      magazine = Magazine.open((int) thread.getId());
      if (magazine == null) {
        return null;
      }
      BY_THREAD.put(thread, magazine);
      Housekeeper.start();
    }
    OWN.set(magazine);
    return magazine;
  }

  /** A magazine that virtual threads share, locked. */
  static Shared lockShared() {
    for (Shared shared : SHARED) {
      if (shared.tryLock()) {
        return shared;
      }
    }
    Shared shared = SHARED[(int) (Thread.currentThread().getId() % SHARED_COUNT)];
    shared.lock();
    return shared;
  }

  /** Gives back the magazines of threads that have ended. Called by the housekeeper. */
  static void reap() {
    for (Iterator<Map.Entry<Thread, Magazine>> it = BY_THREAD.entrySet().iterator();
        it.hasNext(); ) {
      Map.Entry<Thread, Magazine> entry = it.next();
      // Not alive: it did all it did before, and will do nothing more.
      if (!entry.getKey().isAlive()) {
        it.remove();
        entry.getValue().close();
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.lang.invoke.MethodHandle;
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

  private static final int TABLE = 1024; // a power of two

  /**
   * By {@link #place}: where a thread looks first. An entry of another thread is told by its owner,
   * so entries are read and written without order; of two threads with one place the second finds
   * its magazine in the map. Half the loads of a {@link ThreadLocal}, each of which waits for the
   * one before.
   */
  private static final Magazine[] TABLE_BY_NUMBER = new Magazine[TABLE];

  /** Not {@code getId()}, which a subclass of Thread may override on JDK 17. */
  private static final MethodHandle NUMBER = Internals.field(Thread.class, "tid", long.class);

  /** Of platform threads. Dead ones are reaped. */
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
        magazine = Magazine.open(null);
      }
      return magazine;
    }
  }

  private Magazines() {}

  /** Where a thread looks for its magazine. */
  static int place(Thread thread) {
    try {
      return (int) (long) NUMBER.invokeExact(thread) & TABLE - 1;
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  /** The calling thread's; null for a virtual thread, or if there is no memory for one. */
  static Magazine own() {
    Thread thread = Thread.currentThread();
    Magazine magazine = TABLE_BY_NUMBER[place(thread)];
    return magazine != null && magazine.owner == thread ? magazine : findOwn(thread);
  }

  private static Magazine findOwn(Thread thread) {
    if (JdkThreads.isVirtual()) {
      return null;
    }
    Magazine magazine = BY_THREAD.get(thread);
    if (magazine == null) {
      magazine = Magazine.open(thread);
      if (magazine == null) {
        return null;
      }
      BY_THREAD.put(thread, magazine);
      Housekeeper.start();
    }
    int place = place(thread);
    if (TABLE_BY_NUMBER[place] == null) { // else somebody's who may be using it
      TABLE_BY_NUMBER[place] = magazine;
    }
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
        int place = place(entry.getKey());
        if (TABLE_BY_NUMBER[place] == entry.getValue()) {
          TABLE_BY_NUMBER[place] = null;
        }
        entry.getValue().close();
      }
    }
  }
}

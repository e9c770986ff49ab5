// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;

/**
 * The threads that are inside a call on a descriptor. Whoever closes it wakes them and waits until
 * all have left, so that the descriptor is not reused under any of them.
 *
 * <p>What {@code sun.nio.ch.NativeThreadSet} is to the JDK, without its lock: a thread takes a
 * place of its own by one compare-and-set, so threads do not meet.
 *
 * <p>Order against a close: a thread takes its place, then looks whether the channel is open; the
 * closer marks the channel closed, then looks at the places. One of the two sees the other.
 */
final class InFlight {
  private static final int CACHE_LINE = 8; // in longs
  private static final int PLACES = places();
  private static final int LENGTH = PLACES * CACHE_LINE;

  private static final long FREE = 0;

  /** A thread is being signalled, and cannot leave meanwhile: a dead one must not be. */
  private static final long SIGNALLING = 1;

  /** A virtual thread that may change its carrier: it is waited for, not signalled. */
  private static final long UNKNOWN = 2;

  private static final long PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(20);
  private static final long PAUSE_NANOS_MAX = TimeUnit.MILLISECONDS.toNanos(10);

  private final AtomicLongArray places = new AtomicLongArray(LENGTH);

  /** For when all places are taken. Guarded by this. */
  private long[] others = new long[0];

  private static int places() {
    int processors = Runtime.getRuntime().availableProcessors();
    return Integer.highestOneBit(Math.max(4, Math.min(processors, 16)) * 4 - 1);
  }

  /**
   * Enters the calling thread.
   *
   * @param staysOnCarrier it does not wait in Java before it leaves
   * @return its place, {@code >= 0}, for {@link #leave}
   */
  int enter(boolean staysOnCarrier) {
    long thread = staysOnCarrier ? JdkFileSystem.carrier() : JdkFileSystem.thread();
    if (thread < 0) {
      thread = UNKNOWN;
    }
    int first = (int) Thread.currentThread().getId();
    for (int i = 0; i < PLACES; i++) {
      int place = (first + i & PLACES - 1) * CACHE_LINE;
      if (places.get(place) == FREE && places.compareAndSet(place, FREE, thread)) {
        return place;
      }
    }
    return enterOthers(thread);
  }

  private synchronized int enterOthers(long thread) {
    int i = 0;
    while (i < others.length && others[i] != FREE) {
      i++;
    }
    if (i == others.length) {
      others = Arrays.copyOf(others, i + PLACES);
    }
    others[i] = thread;
    return LENGTH + i;
  }

  void leave(int place) {
    if (place >= LENGTH) {
      leaveOthers(place - LENGTH);
      return;
    }
    while (!places.compareAndSet(place, places.get(place) & ~SIGNALLING, FREE)) {
      Thread.onSpinWait();
    }
  }

  private synchronized void leaveOthers(int i) {
    others[i] = FREE;
  }

  /** Wakes all threads, and waits until all have left. pre: no thread stays that enters. */
  void awaitNone() {
    boolean interrupted = false;
    long pause = PAUSE_NANOS;
    while (signalAll()) {
      interrupted |= Thread.interrupted(); // else parking would not pause
      LockSupport.parkNanos(this, pause);
      pause = Math.min(2 * pause, PAUSE_NANOS_MAX);
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Again and again, because a signal that comes just before the system call is lost. */
  private boolean signalAll() {
    boolean any = false;
    for (int place = 0; place < LENGTH; place += CACHE_LINE) {
      long thread = places.get(place);
      any |= thread != FREE;
      if (thread > UNKNOWN && places.compareAndSet(place, thread, thread | SIGNALLING)) {
        JdkFileSystem.signal(thread);
        places.set(place, thread);
      }
    }
    return signalOthers() | any;
  }

  private synchronized boolean signalOthers() {
    boolean any = false;
    for (long thread : others) {
      any |= thread != FREE;
      if (thread > UNKNOWN) {
        JdkFileSystem.signal(thread);
      }
    }
    return any;
  }
}

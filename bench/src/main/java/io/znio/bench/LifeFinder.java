// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.util.Arrays;

/**
 * Finds out when the JVM has found objects unreachable: by phantom references of its own, beside
 * those of the memory's owner.
 */
final class LifeFinder extends Thread {
  static final String NAME = "lifecycle-finder";

  private static final long WAIT_MILLIS = 10;

  private final ReferenceQueue<Object> queue = new ReferenceQueue<>();
  private final Found[] references;
  private final long[] times;
  private volatile int count;
  private volatile boolean stopped;

  /** Kept in an array: a reference that nobody can reach is never put into its queue. */
  private static final class Found extends PhantomReference<Object> {
    Found(Object object, ReferenceQueue<Object> queue) {
      super(object, queue);
    }
  }

  LifeFinder(int objects) {
    super(NAME);
    references = new Found[objects];
    times = new long[objects];
    setDaemon(true);
  }

  /** Begins to watch an object; before {@link #start}. */
  void watch(int index, Object object) {
    references[index] = new Found(object, queue);
  }

  @Override
  public void run() {
    try {
      while (!stopped) {
        if (queue.remove(WAIT_MILLIS) != null && count < times.length) {
          times[count] = System.nanoTime();
          count++; // this thread alone writes
        }
      }
    } catch (InterruptedException e) {
      // Nobody interrupts it; what was found until now counts.
    }
  }

  /** Objects found until now. */
  int count() {
    return count;
  }

  /** Ends the thread and returns when each was found, in order. */
  long[] finish() throws InterruptedException {
    stopped = true;
    join();
    return Arrays.copyOf(times, count);
  }
}

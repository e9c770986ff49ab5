// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.util.function.Predicate;

/**
 * Finds owners that were dropped without being closed: linked in a list as long as the owner lives,
 * then {@link #dropped} runs on {@link Housekeeper}'s thread, never on the JVM's own.
 */
abstract class Watch extends PhantomReference<Object> {
  /** Of {@link Housekeeper}. */
  static final ReferenceQueue<Object> QUEUE = new ReferenceQueue<>();

  private static final int LISTS = 16; // a power of two

  private static final Watch[] HEADS = new Watch[LISTS];

  static {
    for (int i = 0; i < LISTS; i++) {
      HEADS[i] = new Head(); // linked to itself: an empty ring
    }
  }

  private final Watch head;
  private Watch before;
  private Watch after;

  /** Begins to watch. {@code owner}: what the user, or a view of the memory, keeps reachable. */
  Watch(Object owner) {
    super(owner, QUEUE);
    head = HEADS[(int) Thread.currentThread().getId() & LISTS - 1];
    synchronized (head) {
      before = head;
      after = head.after;
      after.before = this;
      head.after = this;
    }
  }

  private Watch() {
    super(null, null);
    head = this;
    before = this;
    after = this;
  }

  private static final class Head extends Watch {
    @Override
    void dropped() {}
  }

  /** Ends the watch; false if it has ended before. */
  final boolean end() {
    synchronized (head) {
      if (after == null) {
        return false;
      }
      before.after = after;
      after.before = before;
      after = null;
      before = null;
    }
    clear();
    return true;
  }

  /** The first that is asked for; null if there is none. Looks at them all. */
  static Watch find(Predicate<Watch> wanted) {
    for (Watch head : HEADS) {
      synchronized (head) {
        for (Watch watch = head.after; watch != head; watch = watch.after) {
          if (wanted.test(watch)) {
            return watch;
          }
        }
      }
    }
    return null;
  }

  /** The owner cannot be reached any more, nor any view of its memory. Called once. */
  abstract void dropped();
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Something native with one owner, which calls of C may borrow: OPEN with n borrowers, or CLOSED.
 * Closing fails while it is borrowed, and happens once. Any thread.
 */
final class Borrowable {
  private static final int CLOSED = -1;

  private final long address;
  private final String what;
  private final Runnable release;
  private final AtomicInteger borrowers = new AtomicInteger();

  /**
   * @param address address or descriptor
   * @param what the noun, for messages
   * @param release gives the thing back; called once
   */
  Borrowable(long address, String what, Runnable release) {
    this.address = address;
    this.what = what;
    this.release = release;
  }

  /** The address, for a use that may end with the thing itself. */
  long address() {
    if (borrowers.get() == CLOSED) {
      throw closed();
    }
    return address;
  }

  /** The address, valid until {@link #giveBack}. */
  long borrow() {
    while (true) {
      int n = borrowers.get();
      if (n == CLOSED) {
        throw closed();
      }
      if (borrowers.compareAndSet(n, n + 1)) {
        return address;
      }
    }
  }

  void giveBack() {
    borrowers.decrementAndGet();
  }

  boolean isOpen() {
    return borrowers.get() != CLOSED;
  }

  void close() {
    if (borrowers.compareAndSet(0, CLOSED)) {
      release.run();
    } else if (borrowers.get() != CLOSED) {
      throw new IllegalStateException(
          "This " + what + " is in use by a call; close it when the call has returned");
    }
  }

  private IllegalStateException closed() {
    return new IllegalStateException("This " + what + " is closed");
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Memory that the kernel may still read after a transfer has returned ({@link
 * TransferPath#MSG_ZEROCOPY}, {@link TransferPath#URING_SEND_ZC}).
 *
 * <p>Until it is returned the memory must not be changed: the peer would receive the change. znio
 * keeps the buffer reachable for that long, even if the socket is closed meanwhile. Any thread.
 */
public final class Loan {
  /** Nothing was lent. */
  static final Loan NONE = new Loan();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition returned = lock.newCondition();
  private int outstanding;
  private boolean copied;
  private boolean told;

  Loan() {}

  /** {@return whether the memory is free again: the kernel no longer reads it, or never did} */
  public boolean isReturned() {
    lock.lock();
    try {
      return outstanding == 0;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until the memory is free again.
   *
   * @param timeout how long at most; 0 or less: not at all
   * @param unit of the time-out
   * @return true if it is, false if that did not happen in time
   * @throws InterruptedException if the thread was interrupted; the loan goes on
   */
  public boolean await(long timeout, TimeUnit unit) throws InterruptedException {
    long nanos = unit.toNanos(timeout);
    lock.lockInterruptibly();
    try {
      while (outstanding > 0) {
        if (nanos <= 0) {
          return false;
        }
        nanos = returned.awaitNanos(nanos);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * {@return what the kernel told when it returned the memory; {@link KernelCopied#UNKNOWN} before}
   */
  public KernelCopied kernelCopied() {
    lock.lock();
    try {
      if (outstanding > 0 || !told) {
        return KernelCopied.UNKNOWN;
      }
      return copied ? KernelCopied.YES : KernelCopied.NO;
    } finally {
      lock.unlock();
    }
  }

  void lend() {
    lock.lock();
    try {
      outstanding++;
    } finally {
      lock.unlock();
    }
  }

  void giveBack(KernelCopied kernel) {
    lock.lock();
    try {
      told |= kernel != KernelCopied.UNKNOWN;
      copied |= kernel == KernelCopied.YES;
      outstanding--;
      if (outstanding == 0) {
        returned.signalAll();
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public String toString() {
    return isReturned() ? "returned" : "outstanding";
  }
}

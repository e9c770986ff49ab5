// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Whether something is alive and who uses it: OPEN with n users, or CLOSED for good; CLOSING is a
 * moment between. At the level {@code checked} a {@link Token} is both; below it, an object of this
 * class, which only znio's own calls ask, and a session that memory segments ask, if there are any.
 * The methods take either. Any thread.
 */
final class Life extends AtomicInteger {
  private static final long serialVersionUID = 1;
  private static final int CLOSED = -1;
  private static final int CLOSING = -2;

  /** What segments over the memory ask; null until one is wanted. Written once, with the lock. */
  private transient volatile Object session;

  private Life() {}

  /** An open one. */
  static Object open() {
    return SafetyLevel.IS_CHECKED ? TokenKind.KIND.open() : new Life();
  }

  /** The token for a buffer's views; null if views ask nobody. */
  static Object token(Object life) {
    return SafetyLevel.IS_CHECKED ? life : null;
  }

  /**
   * What segments over the memory ask at each access (JDK 22 and newer). It keeps {@code life}
   * reachable.
   *
   * @throws IllegalStateException if {@code life} is closed; or, at the level {@code checked}, none
   *     and a session that refuses
   */
  static Object session(Object life) {
    return life instanceof Life count ? count.session() : life;
  }

  static boolean isOpen(Object life) {
    return life instanceof Life count ? count.get() != CLOSED : TokenKind.KIND.isOpen(life);
  }

  /**
   * Closes.
   *
   * @return {@link Token#QUARANTINE}, if readers may still run whom nobody may meet; or a result of
   *     {@link Token#close}
   */
  static int close(Object life) {
    return life instanceof Life count ? count.close() : TokenKind.KIND.close(life);
  }

  private int close() {
    while (!compareAndSet(0, CLOSING)) {
      int users = get();
      if (users == CLOSED || users > 0) {
        return users < 0 ? Token.CLOSED : Token.CLOSED - users;
      }
      Thread.onSpinWait(); // released meanwhile, or the other thread is about to decide
    }
    Object last = session;
    int result = last == null ? Token.REUSABLE : TokenKind.KIND.close(last);
    setRelease(result < 0 ? 0 : CLOSED); // a call of the JDK may have the session acquired
    if (last == null || result < 0) {
      return result;
    }
    TokenKind.KIND.handshake(last); // as the close of a shared arena does it
    return Token.REUSABLE;
  }

  private synchronized Object session() {
    if (session == null) {
      session = SegmentFactory.session(this);
    }
    // After the line above: who closes has seen the session, or is seen here.
    while (get() == CLOSING) {
      Thread.onSpinWait();
    }
    checkOpen(get());
    return session;
  }

  private static void checkOpen(int state) {
    if (state == CLOSED) {
      throw new IllegalStateException("This memory is freed or unmapped");
    }
  }

  /** One user more, of a life below {@code checked}. */
  void acquire() {
    while (true) {
      int users = get();
      checkOpen(users);
      if (users != CLOSING && compareAndSet(users, users + 1)) {
        return;
      }
      Thread.onSpinWait();
    }
  }

  void release() {
    decrementAndGet();
  }
}

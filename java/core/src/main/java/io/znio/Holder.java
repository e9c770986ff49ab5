// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * What znio attaches to its buffers and all their views: the owner of the memory, which knows
 * whether the memory is alive and who uses it: OPEN with n users, or CLOSED for good; CLOSING is a
 * moment between. At the level {@code checked} its {@link Token} knows both, and views ask it too;
 * below it the owner itself is the counter, which only znio's own calls ask, and a session that
 * memory segments ask, if there are any. Any thread.
 */
abstract class Holder extends AtomicInteger {
  private static final long serialVersionUID = 1;
  private static final int CLOSED = -1;
  private static final int CLOSING = -2;

  /** For the buffers' views; null if views ask nobody. */
  final transient Object token = SafetyLevel.IS_CHECKED ? TokenKind.KIND.open() : null;

  /** What segments ask below {@code checked}; null until wanted. Written once, with the lock. */
  private transient volatile Object session;

  /** Reachable as long as anybody can reach the memory, through a buffer or a segment. */
  final Object life() {
    return SafetyLevel.IS_CHECKED ? token : this;
  }

  /**
   * What segments over the memory ask at each access (JDK 22 and newer). It keeps {@link #life}
   * reachable.
   *
   * @throws IllegalStateException if this is closed; or, at the level {@code checked}, none and a
   *     session that refuses
   */
  final Object session() {
    return SafetyLevel.IS_CHECKED ? token : countedSession();
  }

  private synchronized Object countedSession() {
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

  final boolean isOpen() {
    return SafetyLevel.IS_CHECKED ? TokenKind.KIND.isOpen(token) : get() != CLOSED;
  }

  /**
   * Ends the life.
   *
   * @return {@link Token#QUARANTINE}, if readers may still run whom nobody may meet; or a result of
   *     {@link Token#close}
   */
  final int end() {
    return SafetyLevel.IS_CHECKED ? TokenKind.KIND.close(token) : endCounted();
  }

  private int endCounted() {
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

  private static void checkOpen(int state) {
    if (state == CLOSED) {
      throw new IllegalStateException("This memory is freed or unmapped");
    }
  }

  /** One user more; below {@code checked}, where the token is not asked for that. */
  final void acquire() {
    while (true) {
      int users = get();
      checkOpen(users);
      if (users != CLOSING && compareAndSet(users, users + 1)) {
        return;
      }
      Thread.onSpinWait();
    }
  }

  final void release() {
    decrementAndGet();
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Whether something is alive and who uses it: OPEN with n users, or CLOSED for good. At the level
 * {@code checked} a {@link Token} is both; below it, an object of this class, which only znio's own
 * calls ask. The methods take either. Any thread.
 */
final class Life extends AtomicInteger {
  private static final long serialVersionUID = 1;
  private static final int CLOSED = -1;

  private Life() {}

  /** An open one. */
  static Object open() {
    return SafetyLevel.IS_CHECKED ? TokenKind.KIND.open() : new Life();
  }

  /** The token for a buffer's views; null if views ask nobody. */
  static Object token(Object life) {
    return SafetyLevel.IS_CHECKED ? life : null;
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
    if (!(life instanceof Life count)) {
      return TokenKind.KIND.close(life);
    }
    while (!count.compareAndSet(0, CLOSED)) {
      int users = count.get();
      if (users != 0) { // else released meanwhile
        return users < 0 ? Token.CLOSED : Token.CLOSED - users;
      }
    }
    return Token.REUSABLE;
  }

  /** One user more, of a life below {@code checked}. */
  void acquire() {
    while (true) {
      int users = get();
      if (users == CLOSED) {
        throw new IllegalStateException("This memory is freed or unmapped");
      }
      if (compareAndSet(users, users + 1)) {
        return;
      }
    }
  }

  void release() {
    decrementAndGet();
  }
}

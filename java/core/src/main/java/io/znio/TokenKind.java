// SPDX-License-Identifier: Apache-2.0
package io.znio;

/** The form of {@link Token} that this JDK knows; found once. */
final class TokenKind {
  /** Null if there is none. Whether it may be relied upon, {@link TokenSupport} says. */
  static final Token KIND;

  /** Why there is none; else null. */
  static final String MISSING;

  static {
    Token kind = null;
    String missing = null;
    try {
      int feature = Runtime.version().feature();
      if (feature == 17) {
        kind = new Token17();
      } else if (feature >= 22) {
        kind = new Token25();
      } else {
        missing = "no form of the liveness token is known for JDK " + feature;
      }
    } catch (LinkageError | RuntimeException e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      missing = "the liveness token cannot be made: " + cause;
    }
    KIND = kind;
    MISSING = missing;
  }

  private TokenKind() {}
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.Set;

/**
 * Whether the safety level {@code checked} is possible on this JVM: it is one of the builds that
 * tokens were verified on, and the self-test passes, here and now. Decided once, on first use.
 */
final class TokenSupport {
  /**
   * {@code on}: use tokens on a JDK that is not in the table, if the self-test passes; {@code off}:
   * never use them. Unset: as the table says.
   */
  static final String PROPERTY = "io.znio.token";

  /**
   * {@code java.version} and {@code os.arch} of the builds on which the whole matrix of stale
   * accesses and the reuse races were run. The token relies on the inside of the JVM, so that a new
   * update is a new case.
   */
  private static final Set<String> VERIFIED = Set.of("17.0.15 amd64", "25.0.3 amd64");

  /** Null: tokens work. Else the reason why they are not used, one clause. */
  static final String REASON;

  /** How long the self-test took; 0 if it was not run. */
  static final long SELF_TEST_NANOS;

  static {
    String reason = refusal();
    long nanos = 0;
    if (reason == null) {
      long begin = System.nanoTime();
      reason = TokenSelfTest.run();
      nanos = System.nanoTime() - begin;
    }
    REASON = reason;
    SELF_TEST_NANOS = nanos;
  }

  private TokenSupport() {}

  /** True if buffers can have tokens. */
  static boolean isAvailable() {
    return REASON == null;
  }

  /** This JVM as the table of verified builds names it. */
  static String build() {
    return System.getProperty("java.version") + " " + System.getProperty("os.arch");
  }

  private static String refusal() {
    String wish = System.getProperty(PROPERTY, "");
    if (wish.equals("off")) {
      return "-D" + PROPERTY + "=off";
    }
    if (BufferFactory.missing() != null) {
      return "buffers cannot be made: " + BufferFactory.missing();
    }
    if (!isHotSpot()) {
      return "the JVM is " + System.getProperty("java.vm.name") + ", not HotSpot with its own JITs";
    }
    if (!wish.equals("on") && !VERIFIED.contains(build())) {
      return "JDK "
          + build()
          + " is not among the builds that liveness tokens were verified on; -D"
          + PROPERTY
          + "=on uses them all the same, if the self-test passes";
    }
    return TokenKind.MISSING;
  }

  /** Another compiler may move checks where the handshake does not find them. */
  private static boolean isHotSpot() {
    String name = System.getProperty("java.vm.name", "");
    String version =
        System.getProperty("java.vm.version", "") + System.getProperty("java.vendor.version", "");
    return (name.startsWith("OpenJDK") || name.contains("HotSpot"))
        && !version.contains("jvmci")
        && !version.contains("GraalVM");
  }
}

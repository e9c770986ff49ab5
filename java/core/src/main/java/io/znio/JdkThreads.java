// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static io.znio.JdkMembers.sign;

import java.lang.invoke.MethodHandle;

/**
 * What only a JDK from 21 on has of threads. A class of its own: memory asks this too, and must not
 * start what channels need. Any thread.
 */
final class JdkThreads {
  private static final MethodHandle IS_VIRTUAL =
      new JdkMembers().method(Thread.class, "isVirtual", sign(boolean.class, Thread.class));

  /** Whether this JDK has virtual threads. */
  static final boolean VIRTUAL = IS_VIRTUAL != null;

  private JdkThreads() {}

  /** Is the calling thread a virtual one? */
  static boolean isVirtual() {
    try {
      return VIRTUAL && (boolean) IS_VIRTUAL.invokeExact(Thread.currentThread());
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }
}

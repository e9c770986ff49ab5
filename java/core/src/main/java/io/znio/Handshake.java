// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.Map;

/**
 * Once through all threads, after which the memory of tokens closed before may be used again: the
 * end of a quarantine. Closing has set the flags; what is left are threads that looked before.
 *
 * <ol>
 *   <li>The JDK's own handshake of shared arenas, with a dummy in the place of the arena, stops
 *       each thread once and sends compiled loops back to the interpreter, which looks at the flag
 *       anew. One call serves any number of closed tokens.
 *   <li>A thread that was stopped inside one accessor, between its look and its access, is not
 *       helped by that. So the stacks of all threads are read next, and as long as one stands in an
 *       accessor, nothing is reused.
 * </ol>
 *
 * <p>What remains, and must be told to users: a virtual thread's stack is not among those read, and
 * a thread stopped in an allocation slow path of compiled code keeps its look (by reading the JVM's
 * source; never seen). Such a thread may finish one access to memory that is in use again.
 *
 * <p>Costs some 10 to 400 us with the number of threads, so it belongs to a batch: tens of
 * thousands of blocks, or some MiB. Any thread may call; calls do not exclude each other.
 */
final class Handshake {
  /** A thread seen inside is looked at this often again before the batch is put off. */
  private static final int LOOKS = 4;

  private static final String ACCESSORS = "jdk.internal.misc.ScopedMemoryAccess";
  private static final String ZIP = "java.util.zip.";

  /** Part of the name of the natives of java.util.zip that read or write a direct buffer. */
  private static final String ZIP_NATIVE = "Buffer";

  private static final long TOOL;
  private static final Class<?> CARRIERS;

  static {
    NativeLibrary.load();
    TOOL = Native.threadTool();
    CARRIERS = carriers();
  }

  private Handshake() {}

  /** What virtual threads run on; null before JDK 21. */
  private static Class<?> carriers() {
    try {
      return Internals.type("jdk.internal.misc.CarrierThread");
    } catch (ClassNotFoundException e) {
      return null;
    }
  }

  /** Whether this JVM tells what its threads are doing. */
  static boolean canLook() {
    return TOOL > 0;
  }

  /**
   * Whether nobody has to be stopped: each other thread waits, or runs native code that has nothing
   * to do with buffers. Each of them has made a call, so it looks at the flag before its next
   * access. A few microseconds; false if that cannot be told, or not at this moment.
   */
  static boolean isNeedless() {
    return canLook() && Native.threadsAreOutside(TOOL, CARRIERS) == 1;
  }

  /**
   * Goes through all threads.
   *
   * @return true: the memory of all tokens that were closed before the call may be reused; false: a
   *     thread is in the middle of an access, so try again later, with the batch grown meanwhile
   */
  static boolean run() {
    TokenKind.KIND.handshake();
    for (Map.Entry<Thread, StackTraceElement[]> thread : Thread.getAllStackTraces().entrySet()) {
      if (isInside(thread.getValue()) && staysInside(thread.getKey())) {
        return false;
      }
    }
    return true;
  }

  /** Seen outside once is enough: an access begun later has looked at the flag. */
  private static boolean staysInside(Thread thread) {
    for (int i = 0; i < LOOKS; i++) {
      Thread.yield();
      if (!isInside(thread.getStackTrace())) {
        return false;
      }
    }
    return true;
  }

  /** True if a thread with this stack may be about to touch the memory of a buffer. */
  static boolean isInside(StackTraceElement[] stack) {
    for (StackTraceElement frame : stack) {
      String type = frame.getClassName();
      if (type.equals(ACCESSORS)) {
        return true;
      }
      // JDK 17 hands the bare address to these without acquiring the buffer.
      if (frame.isNativeMethod()
          && type.startsWith(ZIP)
          && frame.getMethodName().contains(ZIP_NATIVE)) {
        return true;
      }
    }
    return false;
  }
}

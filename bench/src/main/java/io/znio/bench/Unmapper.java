// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;

/**
 * Frees buffers of the JDK outside of what is timed. The JDK leaves that to the garbage collector;
 * a benchmark that waited for it would end with tens of thousands of mappings.
 */
final class Unmapper {
  private static final Object UNSAFE;
  private static final Method INVOKE_CLEANER;

  static {
    Object unsafe = null;
    Method method = null;
    try {
      Class<?> type = Class.forName("sun.misc.Unsafe");
      Field field = type.getDeclaredField("theUnsafe");
      field.setAccessible(true);
      unsafe = field.get(null);
      method = type.getMethod("invokeCleaner", ByteBuffer.class);
    } catch (ReflectiveOperationException | RuntimeException e) {
      // A later JDK without it: the garbage collector does the work.
      unsafe = null;
    }
    UNSAFE = unsafe;
    INVOKE_CLEANER = method;
  }

  private Unmapper() {}

  /** Whether this JDK still lets anybody do that. */
  static boolean isPossible() {
    return UNSAFE != null;
  }

  /** Frees a direct or mapped buffer that nobody uses any more. */
  static void unmap(ByteBuffer buffer) {
    if (UNSAFE != null && buffer.isDirect()) {
      try {
        INVOKE_CLEANER.invoke(UNSAFE, buffer);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException("the buffer cannot be freed", e);
      }
    }
  }
}

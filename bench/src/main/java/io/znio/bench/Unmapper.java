// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;

/**
 * Frees buffers of the JDK at once, by {@code Unsafe.invokeCleaner}. The JDK itself leaves that to
 * the garbage collector; a benchmark that waited for it would end with tens of thousands of
 * mappings.
 */
final class Unmapper {
  /** A constant, so that the call costs what a direct one does; null on a JDK without it. */
  private static final MethodHandle INVOKE_CLEANER = find();

  private Unmapper() {}

  private static MethodHandle find() {
    try {
      Class<?> type = Class.forName("sun.misc.Unsafe");
      Field field = type.getDeclaredField("theUnsafe");
      field.setAccessible(true);
      return MethodHandles.lookup()
          .findVirtual(type, "invokeCleaner", MethodType.methodType(void.class, ByteBuffer.class))
          .bindTo(field.get(null));
    } catch (ReflectiveOperationException | RuntimeException e) {
      return null; // a later JDK without it: the garbage collector does the work
    }
  }

  /** Whether this JDK still lets anybody do that. */
  static boolean isPossible() {
    return INVOKE_CLEANER != null;
  }

  /** Frees a direct or mapped buffer that nobody uses any more. */
  static void unmap(ByteBuffer buffer) {
    if (INVOKE_CLEANER != null && buffer.isDirect()) {
      try {
        INVOKE_CLEANER.invokeExact(buffer);
      } catch (Throwable t) {
        throw new IllegalStateException("the buffer cannot be freed", t);
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Field;
import java.nio.Buffer;
import java.nio.ByteBuffer;

/**
 * What programs use of {@code sun.misc.Unsafe}, where the JDK has it. Constant method handles: the
 * JIT compiles through them, and javac has nothing to warn of.
 */
public final class JdkUnsafe {
  private static final MethodHandle INVOKE_CLEANER;
  private static final MethodHandle COPY_MEMORY;
  private static final MethodHandle SET_MEMORY;
  private static final MethodHandle GET_LONG;
  private static final long BYTE_ARRAY;
  private static final long ADDRESS;

  static {
    MethodHandle[] handles = new MethodHandle[4];
    long[] offsets = new long[2];
    try {
      Class<?> type = Class.forName("sun.misc.Unsafe");
      Field field = type.getDeclaredField("theUnsafe");
      field.setAccessible(true);
      Object unsafe = field.get(null);
      handles[0] = bind(unsafe, "invokeCleaner", void.class, ByteBuffer.class);
      handles[1] =
          bind(
              unsafe,
              "copyMemory",
              void.class,
              Object.class,
              long.class,
              Object.class,
              long.class,
              long.class);
      handles[2] = bind(unsafe, "setMemory", void.class, long.class, long.class, byte.class);
      handles[3] = bind(unsafe, "getLong", long.class, Object.class, long.class);
      offsets[0] = type.getField("ARRAY_BYTE_BASE_OFFSET").getInt(null);
      offsets[1] =
          (long)
              type.getMethod("objectFieldOffset", Field.class)
                  .invoke(unsafe, Buffer.class.getDeclaredField("address"));
    } catch (ReflectiveOperationException | RuntimeException e) {
      handles = new MethodHandle[4]; // a later JDK without it
    }
    INVOKE_CLEANER = handles[0];
    COPY_MEMORY = handles[1];
    SET_MEMORY = handles[2];
    GET_LONG = handles[3];
    BYTE_ARRAY = offsets[0];
    ADDRESS = offsets[1];
  }

  private JdkUnsafe() {}

  private static MethodHandle bind(
      Object unsafe, String name, Class<?> result, Class<?>... parameters)
      throws ReflectiveOperationException {
    return MethodHandles.publicLookup()
        .findVirtual(unsafe.getClass(), name, MethodType.methodType(result, parameters))
        .bindTo(unsafe);
  }

  /** False on a JDK that has no such class any more. */
  static boolean isThere() {
    return INVOKE_CLEANER != null;
  }

  /**
   * Frees a direct or mapped buffer of the JDK that nobody uses any more; its refusals reach the
   * caller. The JDK itself leaves that to the garbage collector, and so does a JDK without this: a
   * benchmark that waited for it would end with tens of thousands of mappings.
   */
  public static void free(ByteBuffer buffer) {
    if (INVOKE_CLEANER != null && buffer.isDirect()) {
      invokeCleaner(buffer);
    }
  }

  /** Frees as {@link #free}, where {@link #isThere}. */
  static void invokeCleaner(ByteBuffer buffer) {
    try {
      INVOKE_CLEANER.invokeExact(buffer);
    } catch (Throwable t) {
      throw unchecked(t);
    }
  }

  /** Copies memory at an address into an array. */
  static void copyOut(long address, byte[] target) throws Throwable {
    COPY_MEMORY.invokeExact(
        (Object) null, address, (Object) target, BYTE_ARRAY, (long) target.length);
  }

  /** Copies an array to an address. */
  static void copyIn(byte[] source, long address) throws Throwable {
    COPY_MEMORY.invokeExact(
        (Object) source, BYTE_ARRAY, (Object) null, address, (long) source.length);
  }

  static void setMemory(long address, long bytes, byte value) throws Throwable {
    SET_MEMORY.invokeExact(address, bytes, value);
  }

  /** Where a direct buffer's bytes lie, also after its end. */
  static long address(Buffer buffer) {
    try {
      return (long) GET_LONG.invokeExact((Object) buffer, ADDRESS);
    } catch (Throwable t) {
      throw unchecked(t);
    }
  }

  private static RuntimeException unchecked(Throwable t) {
    if (t instanceof Error error) {
      throw error;
    }
    return t instanceof RuntimeException exception ? exception : new IllegalStateException(t);
  }
}

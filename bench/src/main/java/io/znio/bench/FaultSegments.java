// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodHandles.Lookup;
import java.lang.invoke.MethodType;
import java.nio.Buffer;

/**
 * {@code MemorySegment} of JDK 22 and later, by constant method handles, through which the JIT
 * compiles as through calls: the build may run on JDK 17.
 */
final class FaultSegments {
  /** The first JDK where it is final. */
  static final int SINCE = 22;

  private static final MethodHandle OF_BUFFER;
  private static final MethodHandle GET;
  private static final MethodHandle SET;
  private static final MethodHandle COPY;
  private static final MethodHandle TO_ARRAY;
  private static final MethodHandle FILL;
  private static final MethodHandle MISMATCH;
  private static final MethodHandle GET_STRING;

  static {
    try {
      Lookup lookup = MethodHandles.publicLookup();
      Class<?> type = Class.forName("java.lang.foreign.MemorySegment");
      Class<?> byteLayout = Class.forName("java.lang.foreign.ValueLayout$OfByte");
      Object layout =
          Class.forName("java.lang.foreign.ValueLayout").getField("JAVA_BYTE").get(null);
      OF_BUFFER =
          lookup
              .findStatic(type, "ofBuffer", MethodType.methodType(type, Buffer.class))
              .asType(MethodType.methodType(Object.class, Buffer.class));
      GET = find(type, "get", byte.class, layout, byteLayout, long.class);
      SET = find(type, "set", void.class, layout, byteLayout, long.class, byte.class);
      COPY = find(type, "copyFrom", type, null, type);
      TO_ARRAY = find(type, "toArray", byte[].class, layout, byteLayout);
      FILL = find(type, "fill", type, null, byte.class);
      MISMATCH = find(type, "mismatch", long.class, null, type);
      GET_STRING = find(type, "getString", String.class, null, long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private FaultSegments() {}

  /** A method with Object in the place of its segments, and with its layout bound. */
  private static MethodHandle find(
      Class<?> type, String name, Class<?> result, Object layout, Class<?>... parameters)
      throws ReflectiveOperationException {
    MethodHandle method =
        MethodHandles.publicLookup()
            .findVirtual(type, name, MethodType.methodType(result, parameters));
    if (layout != null) {
      method = MethodHandles.insertArguments(method, 1, layout);
    }
    MethodType plain = method.type();
    for (int i = 0; i < plain.parameterCount(); i++) {
      if (plain.parameterType(i) == type) {
        plain = plain.changeParameterType(i, Object.class);
      }
    }
    return method.asType(result == type ? plain.changeReturnType(void.class) : plain);
  }

  static Object of(Buffer buffer) {
    try {
      return (Object) OF_BUFFER.invokeExact(buffer);
    } catch (Throwable t) {
      throw new IllegalStateException(t);
    }
  }

  static byte get(Object segment, long offset) throws Throwable {
    return (byte) GET.invokeExact(segment, offset);
  }

  static void set(Object segment, long offset, byte value) throws Throwable {
    SET.invokeExact(segment, offset, value);
  }

  static void copy(Object target, Object source) throws Throwable {
    COPY.invokeExact(target, source);
  }

  static byte[] toArray(Object segment) throws Throwable {
    return (byte[]) TO_ARRAY.invokeExact(segment);
  }

  static void fill(Object segment, byte value) throws Throwable {
    FILL.invokeExact(segment, value);
  }

  static long mismatch(Object segment, Object other) throws Throwable {
    return (long) MISMATCH.invokeExact(segment, other);
  }

  static String getString(Object segment, long offset) throws Throwable {
    return (String) GET_STRING.invokeExact(segment, offset);
  }
}

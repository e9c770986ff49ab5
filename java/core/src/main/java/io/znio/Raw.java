// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;

/**
 * Loads and stores at bare addresses, by the JDK's own Unsafe: as constant method handles they are
 * compiled to the one instruction that each of them is. Nothing is checked: a wrong address ends
 * the process. Only {@link Magazine}, {@link Blocks} and {@link Owner} use it.
 */
final class Raw {
  private static final MethodHandle GET_INT = of("getInt", int.class, long.class);
  private static final MethodHandle PUT_INT = of("putInt", void.class, long.class, int.class);
  private static final MethodHandle GET_LONG = of("getLong", long.class, long.class);
  private static final MethodHandle PUT_LONG = of("putLong", void.class, long.class, long.class);
  private static final MethodHandle GET_LONG_ACQUIRE =
      ofAddress("getLongAcquire", long.class, Object.class, long.class);
  private static final MethodHandle PUT_LONG_RELEASE =
      ofAddress("putLongRelease", void.class, Object.class, long.class, long.class);
  private static final MethodHandle STORE_FENCE = of("storeFence", void.class);
  private static final MethodHandle PUT_FIELD =
      of("putInt", void.class, Object.class, long.class, int.class);
  private static final MethodHandle FIELD_OFFSET =
      of("objectFieldOffset", long.class, Class.class, String.class);

  /** From here on a call of C is cheaper than stores, and faster than Unsafe.setMemory. */
  private static final long FEW_BYTES = 128;

  private Raw() {}

  private static MethodHandle of(String name, Class<?> result, Class<?>... parameters) {
    try {
      Class<?> unsafe = Internals.type("jdk.internal.misc.Unsafe");
      return Internals.method(unsafe, name, result, parameters)
          .bindTo(Internals.constant(unsafe, "theUnsafe", unsafe));
    } catch (ReflectiveOperationException e) {
      throw new UnsupportedOperationException("This JDK lacks jdk.internal.misc.Unsafe." + name, e);
    }
  }

  /** The first parameter, an object, is left out: what follows is an address then. */
  private static MethodHandle ofAddress(String name, Class<?> result, Class<?>... parameters) {
    return MethodHandles.insertArguments(of(name, result, parameters), 0, (Object) null);
  }

  static int getInt(long address) {
    try {
      return (int) GET_INT.invokeExact(address);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  static void putInt(long address, int value) {
    try {
      PUT_INT.invokeExact(address, value);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  static long getLong(long address) {
    try {
      return (long) GET_LONG.invokeExact(address);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  static void putLong(long address, long value) {
    try {
      PUT_LONG.invokeExact(address, value);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  static long getLongAcquire(long address) {
    try {
      return (long) GET_LONG_ACQUIRE.invokeExact(address);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  static void putLongRelease(long address, long value) {
    try {
      PUT_LONG_RELEASE.invokeExact(address, value);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  /** No load or store is moved over it by the compiler; no instruction on x86. */
  static void storeFence() {
    try {
      STORE_FENCE.invokeExact();
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  /** Zeroes a block whose bytes are a multiple of 16. */
  static void zero(long address, long bytes) {
    if (bytes <= FEW_BYTES) {
      for (long at = address; at < address + bytes; at += Long.BYTES) {
        putLong(at, 0);
      }
      return;
    }
    Native.regionZero(address, bytes);
  }

  /** Where a field lies in its object, for {@link #putField}. */
  static long fieldOffset(Class<?> owner, String name) {
    try {
      return (long) FIELD_OFFSET.invokeExact(owner, name);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  static void putField(Object owner, long offset, int value) {
    try {
      PUT_FIELD.invokeExact(owner, offset, value);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * Finds members of the JDK's own classes by name, for static final method handles: the JIT compiles
 * a call through one of those as the call itself. Stateless; any thread.
 */
final class Internals {
  private static final MethodHandles.Lookup LOOKUP;

  static {
    NativeLibrary.load();
    LOOKUP = (MethodHandles.Lookup) Native.implLookup();
  }

  private Internals() {}

  /** The lookup that may do everything. */
  static MethodHandles.Lookup lookup() throws IllegalAccessException {
    if (LOOKUP == null) {
      throw new IllegalAccessException("MethodHandles.Lookup.IMPL_LOOKUP is missing");
    }
    return LOOKUP;
  }

  /** A class of java.base. */
  static Class<?> type(String name) throws ClassNotFoundException {
    return Class.forName(name, false, null);
  }

  /** A method; {@code type} is how it is called, with the receiver in front. */
  static MethodHandle method(Class<?> owner, String name, Class<?> result, Class<?>... parameters)
      throws ReflectiveOperationException {
    return lookup().findVirtual(owner, name, MethodType.methodType(result, parameters));
  }

  static MethodHandle function(Class<?> owner, String name, Class<?> result, Class<?>... parameters)
      throws ReflectiveOperationException {
    return lookup().findStatic(owner, name, MethodType.methodType(result, parameters));
  }

  static MethodHandle constructor(Class<?> owner, Class<?>... parameters)
      throws ReflectiveOperationException {
    return lookup().findConstructor(owner, MethodType.methodType(void.class, parameters));
  }

  static MethodHandle getter(Class<?> owner, String name, Class<?> field)
      throws ReflectiveOperationException {
    return lookup().findGetter(owner, name, field);
  }

  /** {@link #getter} of a field that every JDK has. */
  static MethodHandle field(Class<?> owner, String name, Class<?> field) {
    try {
      return getter(owner, name, field);
    } catch (ReflectiveOperationException e) {
      throw new UnsupportedOperationException("This JDK lacks " + owner + "." + name, e);
    }
  }

  /** The value of a static field. */
  static Object constant(Class<?> owner, String name, Class<?> field)
      throws ReflectiveOperationException {
    try {
      return lookup().findStaticGetter(owner, name, field).invoke();
    } catch (ReflectiveOperationException e) {
      throw e;
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** Passes an unchecked throwable on; a checked one is a defect. */
  static RuntimeException unexpected(Throwable t) {
    if (t instanceof Error e) {
      throw e;
    }
    return t instanceof RuntimeException e ? e : new IllegalStateException(t);
  }
}

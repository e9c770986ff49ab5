// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * Finds members of the JDK as {@link Internals} does, for members whose lack must not be an error
 * yet, and remembers the first that is missing. The types are what the caller calls with, receiver
 * in front.
 */
final class JdkMembers {
  private String missing;

  /** The first member that was not found; null if all were. */
  String missing() {
    return missing;
  }

  static MethodType sign(Class<?> result, Class<?>... parameters) {
    return MethodType.methodType(result, parameters);
  }

  Class<?> type(String name) {
    try {
      return Internals.type(name);
    } catch (ClassNotFoundException e) {
      return miss(name);
    }
  }

  MethodHandle method(Class<?> owner, String name, MethodType type) {
    try {
      return Internals.lookup()
          .findVirtual(owner, name, type.dropParameterTypes(0, 1))
          .asType(type);
    } catch (ReflectiveOperationException | RuntimeException e) {
      return miss(owner, name);
    }
  }

  MethodHandle function(Class<?> owner, String name, MethodType type) {
    try {
      return Internals.lookup().findStatic(owner, name, type);
    } catch (ReflectiveOperationException | RuntimeException e) {
      return miss(owner, name);
    }
  }

  MethodHandle constructor(Class<?> owner, MethodType type) {
    try {
      return Internals.lookup()
          .findConstructor(owner, type.changeReturnType(void.class))
          .asType(type);
    } catch (ReflectiveOperationException | RuntimeException e) {
      return miss(owner, "<init>");
    }
  }

  MethodHandle field(Class<?> owner, String name, Class<?> field, Class<?> receiver) {
    try {
      Class<?> result = receiverType(field);
      return Internals.lookup().findGetter(owner, name, field).asType(sign(result, receiver));
    } catch (ReflectiveOperationException | RuntimeException e) {
      return miss(owner, name);
    }
  }

  /** A type that code outside java.base can name. */
  private static Class<?> receiverType(Class<?> type) {
    return type.getName().startsWith("sun.") ? Object.class : type;
  }

  MethodHandle setter(Class<?> owner, String name, Class<?> field, MethodType type) {
    try {
      return Internals.lookup().findSetter(owner, name, field).asType(type);
    } catch (ReflectiveOperationException | RuntimeException e) {
      return miss(owner, name);
    }
  }

  /** A static short, such as an event of poll. */
  int constant(Class<?> owner, String name) {
    try {
      return (short) Internals.lookup().findStaticGetter(owner, name, short.class).invoke();
    } catch (Throwable e) {
      miss(owner, name);
      return 0;
    }
  }

  /** Applies {@code use} to what {@code getter} gives. */
  static MethodHandle through(MethodHandle getter, MethodHandle use) {
    return getter == null || use == null ? null : MethodHandles.filterArguments(use, 0, getter);
  }

  private <T> T miss(Class<?> owner, String name) {
    return miss((owner == null ? "?" : owner.getName()) + "." + name);
  }

  private <T> T miss(String name) {
    missing = missing == null ? name : missing;
    return null;
  }

  /** What the JDK's method may throw, passed on; anything else is a defect. */
  static IOException expected(Throwable t) {
    if (t instanceof IOException e) {
      return e;
    }
    throw Internals.unexpected(t);
  }
}

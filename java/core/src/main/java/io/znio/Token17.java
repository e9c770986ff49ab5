// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static java.lang.invoke.MethodType.methodType;

import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.nio.Buffer;
import java.nio.ByteBuffer;

/** The tokens of JDK 17: {@link EscapeToken}, as defined into java.nio. */
final class Token17 extends Token {
  private static final Class<?> TYPE;
  private static final MethodHandle OPEN;
  private static final MethodHandle CLOSE;
  private static final MethodHandle IS_OPEN;
  private static final MethodHandle SEGMENT;
  private static final MethodHandle ACQUIRE;
  private static final MethodHandle RELEASE;
  private static final MethodHandle CLOSE_SCOPE;

  static {
    try {
      TYPE = TokenClasses.define(Internals.lookup());
      OPEN = Internals.constructor(TYPE, int.class).asType(methodType(Object.class, int.class));
      CLOSE =
          Internals.method(TYPE, "close", int.class).asType(methodType(int.class, Object.class));
      IS_OPEN =
          Internals.method(TYPE, "isOpen", boolean.class)
              .asType(methodType(boolean.class, Object.class));
      Class<?> proxy = Internals.type("jdk.internal.access.foreign.MemorySegmentProxy");
      SEGMENT =
          Internals.getter(Buffer.class, "segment", proxy)
              .asType(methodType(Object.class, Buffer.class));
      Class<?> scope = Internals.type("jdk.internal.misc.ScopedMemoryAccess$Scope");
      Class<?> handle = Internals.type("jdk.internal.misc.ScopedMemoryAccess$Scope$Handle");
      ACQUIRE =
          Internals.method(scope, "acquire", handle).asType(methodType(Object.class, Object.class));
      RELEASE =
          Internals.method(scope, "release", void.class, handle)
              .asType(methodType(void.class, Object.class, Object.class));
      CLOSE_SCOPE = closer(scope).asType(methodType(boolean.class, Object.class));
    } catch (ReflectiveOperationException | IOException e) {
      throw new UnsupportedOperationException(e.toString(), e);
    }
  }

  private static MethodHandle closer(Class<?> scope) throws ReflectiveOperationException {
    Class<?> access = Internals.type("jdk.internal.misc.ScopedMemoryAccess");
    Object instance = Internals.constant(access, "theScopedMemoryAccess", access);
    return Internals.method(access, "closeScope", boolean.class, scope).bindTo(instance);
  }

  @Override
  Object open() {
    return open(0);
  }

  @Override
  Object openEscaping() {
    return open(1);
  }

  @Override
  Object openConfined() {
    return open(2);
  }

  private static Object open(int kind) {
    try {
      return (Object) OPEN.invokeExact(kind);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  @Override
  int close(Object token) {
    try {
      return (int) CLOSE.invokeExact(token);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  @Override
  boolean isOpen(Object token) {
    try {
      return (boolean) IS_OPEN.invokeExact(token);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  @Override
  Object of(Buffer buffer) {
    Object segment = segment(buffer);
    return segment != null && segment.getClass() == TYPE ? segment : null;
  }

  private static Object segment(Buffer buffer) {
    try {
      return (Object) SEGMENT.invokeExact(buffer);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  // A segment of jdk.incubator.foreign is left to its owner, as znio leaves it without tokens.
  @Override
  Object acquire(ByteBuffer direct) {
    Object token = of(direct);
    if (token == null) {
      return null;
    }
    try {
      return (Object) ACQUIRE.invokeExact(token);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  @Override
  void release(ByteBuffer direct, Object proof) {
    if (proof == null) {
      return;
    }
    try {
      RELEASE.invokeExact(proof, proof); // the token is its own proof
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  @Override
  Object segment(long address, long size, boolean readOnly, Object token) {
    return token;
  }

  @Override
  boolean handshake(Object closed) {
    try {
      return (boolean) CLOSE_SCOPE.invokeExact(closed);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static java.lang.invoke.MethodType.methodType;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.invoke.VarHandle.AccessMode;
import java.nio.Buffer;
import java.nio.ByteBuffer;

/**
 * The tokens of JDK 25: the JDK's own memory sessions, made without their list of resources, and
 * closed as the JDK does it, except that the handshake comes later and once for many of them.
 */
final class Token25 extends Token {
  // MemorySessionImpl.CLOSED; and SharedSession.CLOSED_ACQUIRE_COUNT, so that acquiring fails.
  private static final int STATE_CLOSED = -1;
  private static final int ACQUIRE_CLOSED = -1;

  private static final MethodHandle NEW_SHARED;
  private static final MethodHandle NEW_CONFINED;
  private static final MethodHandle SET_OWNER;
  private static final MethodHandle NEW_SEGMENT;
  private static final MethodHandle SEGMENT;
  private static final MethodHandle SESSION;
  private static final MethodHandle RESOURCES;
  private static final MethodHandle OWNER;
  private static final MethodHandle CAS_ACQUIRED;
  private static final MethodHandle GET_ACQUIRED;
  private static final MethodHandle GET_STATE;
  private static final MethodHandle SET_STATE;
  private static final MethodHandle GET_RELEASED;
  private static final MethodHandle ACQUIRE;
  private static final MethodHandle RELEASE;
  private static final MethodHandle CLOSE_SCOPE;
  private static final Class<?> SHARED;
  private static final Class<?> CONFINED;

  static {
    try {
      Class<?> session = Internals.type("jdk.internal.foreign.MemorySessionImpl");
      SHARED = Internals.type("jdk.internal.foreign.SharedSession");
      CONFINED = Internals.type("jdk.internal.foreign.ConfinedSession");
      NEW_SHARED = instances(SHARED);
      NEW_CONFINED = instances(CONFINED);
      SET_OWNER = ownerSetter(session);
      Class<?> segment = Internals.type("java.lang.foreign.MemorySegment");
      Class<?> anySegment = Internals.type("jdk.internal.foreign.AbstractMemorySegmentImpl");
      Class<?> nativeSegment = Internals.type("jdk.internal.foreign.NativeMemorySegmentImpl");
      NEW_SEGMENT =
          Internals.constructor(nativeSegment, long.class, long.class, boolean.class, session)
              .asType(
                  methodType(Object.class, long.class, long.class, boolean.class, Object.class));
      SEGMENT =
          Internals.getter(Buffer.class, "segment", segment)
              .asType(methodType(Object.class, Buffer.class));
      SESSION =
          Internals.getter(anySegment, "scope", session)
              .asType(methodType(Object.class, Object.class));
      RESOURCES =
          Internals.getter(
                  session,
                  "resourceList",
                  Internals.type("jdk.internal.foreign.MemorySessionImpl$ResourceList"))
              .asType(methodType(Object.class, Object.class));
      OWNER =
          Internals.getter(session, "owner", Thread.class)
              .asType(methodType(Thread.class, Object.class));
      VarHandle acquired =
          (VarHandle) Internals.constant(session, "ACQUIRE_COUNT", VarHandle.class);
      CAS_ACQUIRED =
          acquired
              .toMethodHandle(AccessMode.COMPARE_AND_SET)
              .asType(methodType(boolean.class, Object.class, int.class, int.class));
      GET_ACQUIRED = reader(acquired);
      VarHandle state = (VarHandle) Internals.constant(session, "STATE", VarHandle.class);
      GET_STATE = reader(state);
      SET_STATE =
          state
              .toMethodHandle(AccessMode.SET_RELEASE)
              .asType(methodType(void.class, Object.class, int.class));
      GET_RELEASED =
          reader((VarHandle) Internals.constant(CONFINED, "ASYNC_RELEASE_COUNT", VarHandle.class));
      ACQUIRE =
          Internals.method(session, "acquire0", void.class)
              .asType(methodType(void.class, Object.class));
      RELEASE =
          Internals.method(session, "release0", void.class)
              .asType(methodType(void.class, Object.class));
      CLOSE_SCOPE = closer(session).asType(methodType(void.class, Object.class));
    } catch (ReflectiveOperationException e) {
      throw new UnsupportedOperationException(e.toString(), e);
    }
  }

  private static MethodHandle reader(VarHandle field) {
    return field
        .toMethodHandle(AccessMode.GET_VOLATILE)
        .asType(methodType(int.class, Object.class));
  }

  private static MethodHandle unsafe(String name, Class<?> result, Class<?>... parameters)
      throws ReflectiveOperationException {
    Class<?> unsafe = Internals.type("jdk.internal.misc.Unsafe");
    return Internals.method(unsafe, name, result, parameters)
        .bindTo(Internals.constant(unsafe, "theUnsafe", unsafe));
  }

  /** Instances with all fields zero: open (0), not acquired, no owner, no resources. */
  private static MethodHandle instances(Class<?> type) throws ReflectiveOperationException {
    return MethodHandles.insertArguments(
        unsafe("allocateInstance", Object.class, Class.class), 0, type);
  }

  private static MethodHandle ownerSetter(Class<?> session) throws ReflectiveOperationException {
    long offset;
    try {
      offset =
          (long)
              unsafe("objectFieldOffset", long.class, Class.class, String.class)
                  .invoke(session, "owner");
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
    return MethodHandles.insertArguments(
        unsafe("putReference", void.class, Object.class, long.class, Object.class), 1, offset);
  }

  private static MethodHandle closer(Class<?> session) throws ReflectiveOperationException {
    Class<?> access = Internals.type("jdk.internal.misc.ScopedMemoryAccess");
    Class<?> error = Internals.type("jdk.internal.misc.ScopedMemoryAccess$ScopedAccessError");
    Object instance = Internals.constant(access, "theScopedMemoryAccess", access);
    Object closed = Internals.constant(session, "ALREADY_CLOSED", error);
    return MethodHandles.insertArguments(
        Internals.method(access, "closeScope", void.class, session, error).bindTo(instance),
        1,
        closed);
  }

  @Override
  Object open() {
    try {
      return (Object) NEW_SHARED.invokeExact();
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  @Override
  Object openEscaping() {
    return open(); // sessions are sealed: the JDK has no form between shared and confined
  }

  @Override
  Object openConfined() {
    try {
      Object session = (Object) NEW_CONFINED.invokeExact();
      SET_OWNER.invokeExact(session, (Object) Thread.currentThread());
      return session;
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  @Override
  int close(Object token) {
    try {
      return token.getClass() == SHARED ? closeShared(token) : closeConfined(token);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  private static int closeShared(Object session) throws Throwable {
    while (!(boolean) CAS_ACQUIRED.invokeExact(session, 0, ACQUIRE_CLOSED)) {
      int acquired = (int) GET_ACQUIRED.invokeExact(session);
      if (acquired < 0) {
        SET_STATE.invokeExact(session, STATE_CLOSED); // whoever was first may not be as far
        return CLOSED;
      }
      if (acquired > 0) { // else released meanwhile
        return CLOSED - acquired;
      }
    }
    SET_STATE.invokeExact(session, STATE_CLOSED); // no fence: the way into the quarantine has one
    return QUARANTINE;
  }

  private static int closeConfined(Object session) throws Throwable {
    if ((Thread) OWNER.invokeExact(session) != Thread.currentThread()) {
      return FOREIGN;
    }
    if ((int) GET_STATE.invokeExact(session) < 0) {
      return CLOSED;
    }
    int acquired =
        (int) GET_ACQUIRED.invokeExact(session) - (int) GET_RELEASED.invokeExact(session);
    if (acquired != 0) {
      return CLOSED - acquired;
    }
    SET_STATE.invokeExact(session, STATE_CLOSED);
    return REUSABLE;
  }

  @Override
  boolean isOpen(Object token) {
    try {
      return (int) GET_STATE.invokeExact(token) >= 0;
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  @Override
  Object of(Buffer buffer) {
    Object session = session(buffer);
    if (session == null || session.getClass() != SHARED && session.getClass() != CONFINED) {
      return null;
    }
    try {
      // A session of the JDK of these classes has a list.
      return (Object) RESOURCES.invokeExact(session) == null ? session : null;
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  private static Object session(Buffer buffer) {
    try {
      Object segment = (Object) SEGMENT.invokeExact(buffer);
      return segment == null ? null : (Object) SESSION.invokeExact(segment);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  @Override
  Object acquire(ByteBuffer direct) {
    Object session = session(direct);
    if (session != null) {
      try {
        ACQUIRE.invokeExact(session);
      } catch (Throwable t) {
        throw Internals.unexpected(t);
      }
    }
    return session;
  }

  @Override
  void release(ByteBuffer direct, Object proof) {
    if (proof == null) {
      return;
    }
    try {
      RELEASE.invokeExact(proof);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  @Override
  Object segment(long address, long size, boolean readOnly, Object token) {
    try {
      return (Object) NEW_SEGMENT.invokeExact(address, size, readOnly, token);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  @Override
  boolean handshake(Object closed) {
    try {
      CLOSE_SCOPE.invokeExact(closed);
      return true;
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }
}

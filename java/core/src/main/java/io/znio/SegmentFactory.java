// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static io.znio.Internals.unexpected;
import static java.lang.invoke.MethodType.methodType;

import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.nio.MappedByteBuffer;

/**
 * Makes memory segments (JDK 22 and newer) over memory that is not theirs, as {@link BufferFactory}
 * makes buffers: no limit of size, and a session of our choice, which is a token, one made here, or
 * that of the user's arena. This class is compiled for a JDK that does not know segments, so all of
 * these are Objects here. Addresses and sizes are not checked. Any thread.
 *
 * <p>All methods throw {@link UnsupportedOperationException} on a JDK that lacks what they need.
 */
final class SegmentFactory {
  private static final MethodHandle NEW_MAPPED;
  private static final MethodHandle UNMAPPER;
  private static final MethodHandle NEW_SESSION;
  private static final MethodHandle SESSION_OF_ARENA;
  private static final MethodHandle CHECK;
  private static final MethodHandle IS_CLOSEABLE;
  private static final MethodHandle ADD_CLOSE_ACTION;
  private static final String MISSING;

  static {
    MethodHandle[] found = new MethodHandle[7];
    String missing = TokenKind.MISSING;
    try {
      Class<?> session = Internals.type("jdk.internal.foreign.MemorySessionImpl");
      Class<?> shared = Internals.type("jdk.internal.foreign.SharedSession");
      Class<?> arena = Internals.type("java.lang.foreign.Arena");
      Class<?> unmapper = Internals.type("jdk.internal.access.foreign.UnmapperProxy");
      found[0] =
          Internals.constructor(
                  Internals.type("jdk.internal.foreign.MappedMemorySegmentImpl"),
                  long.class,
                  unmapper,
                  long.class,
                  boolean.class,
                  session)
              .asType(
                  methodType(
                      Object.class,
                      long.class,
                      Object.class,
                      long.class,
                      boolean.class,
                      Object.class));
      found[1] =
          Internals.method(MappedByteBuffer.class, "unmapper", unmapper)
              .asType(methodType(Object.class, MappedByteBuffer.class));
      found[2] = Internals.constructor(shared).asType(methodType(Object.class));
      found[3] =
          Internals.function(session, "toMemorySession", session, arena)
              .asType(methodType(Object.class, Object.class));
      found[4] =
          Internals.method(session, "checkValidState", void.class)
              .asType(methodType(void.class, Object.class));
      found[5] =
          Internals.method(session, "isCloseable", boolean.class)
              .asType(methodType(boolean.class, Object.class));
      found[6] =
          Internals.method(session, "addCloseAction", void.class, Runnable.class)
              .asType(methodType(void.class, Object.class, Runnable.class));
    } catch (ReflectiveOperationException e) {
      missing = e.toString();
    }
    NEW_MAPPED = found[0];
    UNMAPPER = found[1];
    NEW_SESSION = found[2];
    SESSION_OF_ARENA = found[3];
    CHECK = found[4];
    IS_CLOSEABLE = found[5];
    ADD_CLOSE_ACTION = found[6];
    MISSING = missing;
  }

  private SegmentFactory() {}

  private static void require() {
    if (MISSING != null) {
      throw new UnsupportedOperationException(
          "znio cannot make memory segments on this JDK: " + MISSING);
    }
  }

  /** A segment of {@code size} bytes at {@code address}, for reading and writing. */
  static Object direct(long address, long size, Object session) {
    require();
    return TokenKind.KIND.segment(address, size, false, session);
  }

  /**
   * The same over mapped memory: {@code force}, {@code load} and {@code isLoaded} work.
   *
   * @param mark any mapped buffer over the mapping, which the segment keeps reachable
   */
  static Object mapped(
      MappedByteBuffer mark, long address, long size, boolean readOnly, Object session) {
    require();
    try {
      Object unmapper = (Object) UNMAPPER.invokeExact(mark);
      return (Object) NEW_MAPPED.invokeExact(address, unmapper, size, readOnly, session);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /**
   * A new session, open, for any thread; {@link Token#close} and {@link Token#handshake(Object)}
   * take it.
   *
   * @param kept what the session, and so each segment that asks it, keeps reachable
   */
  static Object session(Object kept) {
    require();
    try {
      Object session = (Object) NEW_SESSION.invokeExact();
      // Never run: only the JDK's own close would.
      ADD_CLOSE_ACTION.invokeExact(session, (Runnable) () -> Reference.reachabilityFence(kept));
      return session;
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  // ---- arenas

  /**
   * The session of an arena, in which the calling thread may make segments now.
   *
   * @throws IllegalStateException if the arena is closed
   * @throws WrongThreadException (of the JDK) if it is confined to another thread
   */
  static Object sessionOf(Object arena) {
    require();
    try {
      Object session = (Object) SESSION_OF_ARENA.invokeExact(arena);
      CHECK.invokeExact(session);
      return session;
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** False if the collector ends it, or nothing does. */
  static boolean isCloseable(Object session) {
    try {
      return (boolean) IS_CLOSEABLE.invokeExact(session);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /**
   * Runs {@code action} once when the session has ended and nobody is in an access any more: in the
   * arena's {@code close}, which passes on an unchecked exception, or on the JDK's cleaner.
   *
   * @throws IllegalStateException if it has ended already; {@code action} is not run then
   */
  static void atEnd(Object session, Runnable action) {
    try {
      ADD_CLOSE_ACTION.invokeExact(session, action);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }
}

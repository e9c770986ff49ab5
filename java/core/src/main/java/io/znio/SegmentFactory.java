// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static java.lang.invoke.MethodType.methodType;

import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.nio.MappedByteBuffer;

/**
 * Makes memory segments (JDK 22 and newer) over memory that is not theirs, as {@link BufferFactory}
 * makes buffers: no limit of size, and a session of our choice. This class is compiled for a JDK
 * that does not know segments, so they are Objects here. Addresses and sizes are not checked. Any
 * thread.
 */
final class SegmentFactory {
  private static final MethodHandle NEW_MAPPED;
  private static final MethodHandle UNMAPPER;
  private static final MethodHandle NEW_SESSION;
  private static final MethodHandle ADD_CLOSE_ACTION;

  static {
    if (TokenKind.KIND == null) {
      throw new UnsupportedOperationException(
          "znio cannot make memory segments on this JDK: " + TokenKind.MISSING);
    }
    try {
      Class<?> session = Internals.type("jdk.internal.foreign.MemorySessionImpl");
      Class<?> shared = Internals.type("jdk.internal.foreign.SharedSession");
      Class<?> unmapper = Internals.type("jdk.internal.access.foreign.UnmapperProxy");
      NEW_MAPPED =
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
      UNMAPPER =
          Internals.method(MappedByteBuffer.class, "unmapper", unmapper)
              .asType(methodType(Object.class, MappedByteBuffer.class));
      NEW_SESSION = Internals.constructor(shared).asType(methodType(Object.class));
      ADD_CLOSE_ACTION =
          Internals.method(session, "addCloseAction", void.class, Runnable.class)
              .asType(methodType(void.class, Object.class, Runnable.class));
    } catch (ReflectiveOperationException e) {
      throw new UnsupportedOperationException(
          "znio cannot make memory segments on this JDK: " + e, e);
    }
  }

  private SegmentFactory() {}

  /** A segment of {@code size} bytes at {@code address}, for reading and writing. */
  static Object direct(long address, long size, Object session) {
    return TokenKind.KIND.segment(address, size, false, session);
  }

  /**
   * The same over mapped memory: {@code force}, {@code load} and {@code isLoaded} work.
   *
   * @param mark any mapped buffer over the mapping, which the segment keeps reachable
   */
  static Object mapped(
      MappedByteBuffer mark, long address, long size, boolean readOnly, Object session) {
    try {
      Object unmapper = (Object) UNMAPPER.invokeExact(mark);
      return (Object) NEW_MAPPED.invokeExact(address, unmapper, size, readOnly, session);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  /**
   * A new session, open, for any thread; {@link Token#close} and {@link Token#handshake(Object)}
   * take it.
   *
   * @param kept what the session, and so each segment that asks it, keeps reachable
   */
  static Object session(Object kept) {
    try {
      Object session = (Object) NEW_SESSION.invokeExact();
      // Never run: only the JDK's own close would.
      ADD_CLOSE_ACTION.invokeExact(session, (Runnable) () -> Reference.reachabilityFence(kept));
      return session;
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }
}

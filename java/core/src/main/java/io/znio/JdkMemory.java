// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static io.znio.Internals.unexpected;
import static io.znio.JdkMembers.sign;

import java.io.FileDescriptor;
import java.lang.invoke.MethodHandle;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;

/**
 * The addresses of direct buffers, borrowed from the JDK. Memory of an arena (JDK 21 and newer) is
 * held against its close for the time of a call; other memory only has to stay reachable, which the
 * caller's reference to the buffer does.
 */
final class JdkMemory {
  private static final JdkMembers NEEDED = new JdkMembers();
  private static final JdkMembers OPTIONAL = new JdkMembers();
  private static final Class<?> NIO_ACCESS = OPTIONAL.type("jdk.internal.access.JavaNioAccess");

  private static final MethodHandle ADDRESS =
      NEEDED.field(Buffer.class, "address", long.class, Buffer.class);
  private static final MethodHandle ACQUIRE_SESSION =
      OPTIONAL.method(NIO_ACCESS, "acquireSession", sign(void.class, Object.class, Buffer.class));
  private static final MethodHandle RELEASE_SESSION =
      OPTIONAL.method(NIO_ACCESS, "releaseSession", sign(void.class, Object.class, Buffer.class));
  private static final MethodHandle IS_CONFINED =
      OPTIONAL.method(
          NIO_ACCESS, "isThreadConfined", sign(boolean.class, Object.class, Buffer.class));
  private static final MethodHandle FILE_OF_MAPPED =
      new JdkMembers()
          .field(MappedByteBuffer.class, "fd", FileDescriptor.class, MappedByteBuffer.class);
  private static final Object ACCESS = access();
  private static final boolean SESSIONS = OPTIONAL.missing() == null && ACCESS != null;
  private static final boolean ATTACHMENTS = BufferFactory.missing() == null;

  private JdkMemory() {}

  private static Object access() {
    try {
      Class<?> secrets = OPTIONAL.type("jdk.internal.access.SharedSecrets");
      return OPTIONAL.function(secrets, "getJavaNioAccess", sign(NIO_ACCESS)).invoke();
    } catch (Throwable t) {
      return null;
    }
  }

  /** What is missing of what every transfer of memory needs; null if nothing is. */
  static String missing() {
    return NEEDED.missing();
  }

  /** The address of a direct buffer's element 0. */
  static long address(ByteBuffer direct) {
    try {
      return (long) ADDRESS.invokeExact((Buffer) direct);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /**
   * Keeps the arena of a direct buffer, if it has one, from being closed until {@link #release},
   * and memory of znio from being freed or unmapped.
   *
   * @throws IllegalStateException if the arena is closed, or the memory freed already
   * @throws WrongThreadException (JDK 21+) if it is confined to another thread
   */
  static void acquire(ByteBuffer direct) {
    if (SESSIONS) {
      try {
        ACQUIRE_SESSION.invokeExact(ACCESS, (Buffer) direct);
      } catch (Throwable t) {
        throw unexpected(t);
      }
    }
    Holder holder = holder(direct);
    if (holder != null && !SafetyLevel.IS_CHECKED) {
      holder.acquire();
    } else if (holder != null && !SESSIONS) { // else the token was the session
      TokenKind.KIND.acquire(direct);
    }
  }

  /** True if the memory is a block of znio, which counts against the limit as that. */
  static boolean isBlock(ByteBuffer direct) {
    return ATTACHMENTS && BufferFactory.attachment(direct) instanceof Owner;
  }

  /** Who owns the memory, if it is znio's; else null. */
  private static Holder holder(ByteBuffer direct) {
    return ATTACHMENTS && BufferFactory.attachment(direct) instanceof Holder holder ? holder : null;
  }

  static void release(ByteBuffer direct) {
    Holder holder = holder(direct);
    if (holder != null && !SafetyLevel.IS_CHECKED) {
      holder.release();
    } else if (holder != null && !SESSIONS) {
      TokenKind.KIND.release(direct, holder.token);
    }
    if (SESSIONS) {
      try {
        RELEASE_SESSION.invokeExact(ACCESS, (Buffer) direct);
      } catch (Throwable t) {
        throw unexpected(t);
      }
    }
  }

  /** True if the memory is, or may be, a mapped file, whose pages may be lost. */
  static boolean isMapped(ByteBuffer direct) {
    try {
      return FILE_OF_MAPPED == null
          || (FileDescriptor) FILE_OF_MAPPED.invokeExact((MappedByteBuffer) direct) != null;
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** True if the memory belongs to an arena that only one thread may use. */
  static boolean isConfined(ByteBuffer direct) {
    try {
      return SESSIONS && (boolean) IS_CONFINED.invokeExact(ACCESS, (Buffer) direct);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }
}

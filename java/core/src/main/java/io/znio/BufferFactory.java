// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static java.lang.invoke.MethodType.methodType;

import java.io.FileDescriptor;
import java.lang.invoke.MethodHandle;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;

/**
 * Makes direct buffer objects over memory that is not theirs, by the constructors of the JDK, which
 * cost a few ns where JNI's NewDirectByteBuffer costs hundreds. They have no Cleaner: freeing the
 * memory is the caller's business. New buffers are big endian, position 0, limit = capacity.
 *
 * <p>{@code attachment} is kept reachable by the buffer and every view of it; it must not be null,
 * else the views would keep the first buffer instead. {@code token}: of {@link Token}, or null for
 * a buffer whose accesses nobody checks. Addresses and capacities are not checked. Any thread.
 */
final class BufferFactory {
  private static final MethodHandle DIRECT;
  private static final MethodHandle MAPPED;
  private static final MethodHandle ATTACHMENT;
  private static final MethodHandle ADDRESS;
  private static final Class<?> DIRECT_BUFFER;
  private static final String MISSING;

  static {
    MethodHandle direct = null;
    MethodHandle mapped = null;
    MethodHandle attachment = null;
    MethodHandle address = null;
    Class<?> directBuffer = null;
    String missing = null;
    try {
      Class<?> type = Internals.type("java.nio.DirectByteBuffer");
      Class<?> segment = Buffer.class.getDeclaredField("segment").getType();
      direct =
          Internals.constructor(type, long.class, int.class, Object.class, segment)
              .asType(
                  methodType(ByteBuffer.class, long.class, int.class, Object.class, Object.class));
      mapped =
          Internals.constructor(
                  type,
                  long.class,
                  int.class,
                  Object.class,
                  FileDescriptor.class,
                  boolean.class,
                  segment)
              .asType(
                  methodType(
                      MappedByteBuffer.class,
                      long.class,
                      int.class,
                      Object.class,
                      FileDescriptor.class,
                      boolean.class,
                      Object.class));
      directBuffer = Internals.type("sun.nio.ch.DirectBuffer");
      attachment =
          Internals.method(directBuffer, "attachment", Object.class)
              .asType(methodType(Object.class, Buffer.class));
      address = Internals.getter(Buffer.class, "address", long.class);
    } catch (ReflectiveOperationException e) {
      missing = e.toString();
    }
    DIRECT = direct;
    MAPPED = mapped;
    ATTACHMENT = attachment;
    ADDRESS = address;
    DIRECT_BUFFER = directBuffer;
    MISSING = missing;
  }

  private BufferFactory() {}

  /** What this JDK lacks, or null if buffers can be made. */
  static String missing() {
    return MISSING;
  }

  /** A direct buffer of {@code capacity} bytes at {@code address}. */
  static ByteBuffer direct(long address, int capacity, Object attachment, Object token) {
    Object segment = segment(address, capacity, false, token);
    try {
      return (ByteBuffer) DIRECT.invokeExact(address, capacity, attachment, segment);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  /** The same for reading only. */
  static ByteBuffer directReadOnly(long address, int capacity, Object attachment, Object token) {
    return direct(address, capacity, attachment, token).asReadOnlyBuffer();
  }

  /**
   * A mapped buffer: {@code force}, {@code load} and {@code isLoaded} work on it. {@code address}
   * must lie in a mapping of a file, a page may begin before it.
   *
   * @param readOnly every change throws {@link java.nio.ReadOnlyBufferException}
   */
  static MappedByteBuffer mapped(
      long address, int capacity, boolean readOnly, Object attachment, Object token) {
    Object segment = segment(address, capacity, readOnly, token);
    FileDescriptor mark = new FileDescriptor(); // holds no file: its presence says "mapped"
    MappedByteBuffer buffer;
    try {
      buffer =
          (MappedByteBuffer)
              MAPPED.invokeExact(address, capacity, attachment, mark, false, segment);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
    return readOnly ? (MappedByteBuffer) buffer.asReadOnlyBuffer() : buffer;
  }

  /**
   * What a direct buffer or a view was given as attachment; null for heap buffers. Views of a
   * stranger's buffer may hold another buffer.
   */
  static Object attachment(Buffer buffer) {
    if (!DIRECT_BUFFER.isInstance(buffer)) {
      return null;
    }
    try {
      return (Object) ATTACHMENT.invokeExact(buffer);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  /** Where element 0 of a direct buffer or view lies; asks no token. */
  static long address(Buffer direct) {
    try {
      return (long) ADDRESS.invokeExact(direct);
    } catch (Throwable t) {
      throw Internals.unexpected(t);
    }
  }

  private static Object segment(long address, long size, boolean readOnly, Object token) {
    return token == null ? null : TokenKind.KIND.segment(address, size, readOnly, token);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.nio.ByteBuffer;

/**
 * Direct byte buffers that are freed when you say so, and much cheaper to make than those of {@link
 * ByteBuffer#allocateDirect}.
 *
 * <p>A buffer belongs to whoever allocates it, and ends by {@link #free}, once, by any thread. What
 * a use after that does, {@link SafetyLevel} says. One that is dropped without being freed is a
 * leak: the garbage collector knows nothing of its memory. Of the leaks those whose place of birth
 * was sampled are found, reported and freed: all while births are few (some 400 a second), then one
 * in 1024; with {@code -Dio.znio.leaks=full} all.
 *
 * <p>The memory counts against {@code -Dio.znio.maxBytes}, by default as much as the JDK allows for
 * direct memory. All methods may be called from any thread, also a virtual one.
 */
public final class DirectBuffers {
  private static final long ALIGNMENT_MAX = 1 << 30;

  static {
    NativeLibrary.load();
    if (BufferFactory.missing() != null) {
      throw new UnsupportedOperationException(
          "znio cannot make buffers on this JDK: " + BufferFactory.missing());
    }
  }

  private DirectBuffers() {}

  /**
   * Allocates a buffer whose bytes are zero, big endian, position 0, limit = capacity. Mirrors
   * {@link ByteBuffer#allocateDirect}.
   *
   * @param capacity bytes, 0 or more
   * @return the buffer, which belongs to the caller, aligned to 16 bytes
   * @throws IllegalArgumentException if the capacity is negative
   * @throws OutOfMemoryError at once, if the limit would be passed or there is no memory; nothing
   *     is collected and nobody waits, unless {@code -Dio.znio.collectAtLimit=on}
   */
  public static ByteBuffer allocate(int capacity) {
    return allocate(capacity, 0, true);
  }

  /**
   * As {@link #allocate(int)}, but not zeroed: the buffer holds what was in its memory before. The
   * JDK has no such method.
   *
   * @param capacity bytes, 0 or more
   * @return the buffer, which belongs to the caller, aligned to 16 bytes
   * @throws IllegalArgumentException if the capacity is negative
   * @throws OutOfMemoryError as {@link #allocate(int)}
   */
  public static ByteBuffer allocateUninitialized(int capacity) {
    return allocate(capacity, 0, false);
  }

  /**
   * As {@link #allocate(int)}, aligned: of use for direct I/O.
   *
   * @param capacity bytes, 0 or more
   * @param alignment a power of two, up to 2^30; the buffer's address is a multiple of it
   * @return the buffer, which belongs to the caller
   * @throws IllegalArgumentException for another alignment, or if the capacity is negative
   * @throws OutOfMemoryError as {@link #allocate(int)}
   */
  public static ByteBuffer allocate(int capacity, int alignment) {
    return allocate(capacity, checkAlignment(alignment), true);
  }

  /**
   * As {@link #allocateUninitialized(int)}, aligned.
   *
   * @param capacity bytes, 0 or more
   * @param alignment a power of two, up to 2^30; the buffer's address is a multiple of it
   * @return the buffer, which belongs to the caller
   * @throws IllegalArgumentException for another alignment, or if the capacity is negative
   * @throws OutOfMemoryError as {@link #allocate(int)}
   */
  public static ByteBuffer allocateUninitialized(int capacity, int alignment) {
    return allocate(capacity, checkAlignment(alignment), false);
  }

  static long checkAlignment(long alignment) {
    if (alignment <= 0 || alignment > ALIGNMENT_MAX || Long.bitCount(alignment) != 1) {
      throw new IllegalArgumentException(
          "Alignment " + alignment + " is not a power of two from 1 to " + ALIGNMENT_MAX);
    }
    return alignment;
  }

  private static ByteBuffer allocate(int capacity, long alignment, boolean zeroed) {
    if (capacity < 0) {
      throw new IllegalArgumentException("Capacity " + capacity + " is negative");
    }
    long handle = Blocks.open(capacity, alignment, zeroed);
    try {
      Owner owner = new Owner(handle, false);
      ByteBuffer buffer = owner.view(0, capacity);
      owner.root = buffer;
      return buffer;
    } catch (Throwable t) { // no room in the heap
      Blocks.close(handle, Native.CAUSE_CLOSED, false);
      throw t;
    }
  }

  /**
   * Frees a buffer. Mirrors {@code Unsafe.invokeCleaner}, which frees twice in silence.
   *
   * @param buffer what one of the methods above has returned: no slice, duplicate or other view
   * @throws IllegalArgumentException if it is anything else; nothing happens then
   * @throws IllegalStateException if it is freed already, or a transfer uses it; nothing happens
   */
  public static void free(ByteBuffer buffer) {
    if (BufferFactory.attachment(buffer) instanceof Owner owner && owner.root == buffer) {
      owner.close("buffer");
    } else {
      throw foreign(buffer);
    }
  }

  private static IllegalArgumentException foreign(ByteBuffer buffer) {
    if (!buffer.isDirect()) {
      return new IllegalArgumentException(buffer + " is a heap buffer; the collector frees it");
    }
    Object attachment = BufferFactory.attachment(buffer);
    if (attachment instanceof MappedMemory) {
      return new IllegalArgumentException(buffer + " shows a Mapping; close that");
    }
    if (!(attachment instanceof Owner owner)) {
      return new IllegalArgumentException(
          buffer + " was not allocated by DirectBuffers; free it as it was made");
    }
    return new IllegalArgumentException(
        owner.root == null
            ? buffer + " shows a Region; close that"
            : buffer + " is a slice, duplicate or other view; free the buffer it was made from");
  }
}

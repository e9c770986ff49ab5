// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.nio.ByteBuffer;

/**
 * Off-heap memory from jemalloc with an explicit owner: whoever allocates it closes it.
 *
 * <p>{@link #close} frees at once. What a use of a buffer after that does, {@link SafetyLevel}
 * says. A region that is dropped without being closed, and whose buffers nobody can reach any more,
 * is a leak: it is reported in {@link Ledger#leaks} and freed. All methods may be called from any
 * thread.
 *
 * <p>One buffer holds at most 2 GiB - 1 bytes; a larger region is seen through {@link #slice}s, or,
 * on JDK 22 and newer, as a {@code MemorySegment} by znio-segments. Nearest in the JDK is a shared
 * {@code Arena} with one segment; differs: on JDK 17, too, and many closes share one handshake with
 * the other threads.
 */
public final class Region implements AutoCloseable {
  static {
    NativeLibrary.load();
    if (BufferFactory.missing() != null) {
      throw new UnsupportedOperationException(
          "znio cannot make buffers on this JDK: " + BufferFactory.missing());
    }
  }

  private final long size;
  private final Owner owner;

  private Region(long size, Owner owner) {
    this.size = size;
    this.owner = owner;
  }

  /**
   * Allocates zeroed memory, aligned to 16 bytes.
   *
   * @param size bytes, 1 to 2^47
   * @return the region, which belongs to the caller
   * @throws IllegalArgumentException for another size
   * @throws OutOfMemoryError at once, if the limit would be passed or there is no memory
   */
  public static Region allocate(long size) {
    return allocate(size, 0, true);
  }

  /**
   * Allocates zeroed memory, aligned.
   *
   * @param size bytes, 1 to 2^47
   * @param alignment a power of two up to 2^30, or 0 for 16; the address is a multiple of it
   * @return the region, which belongs to the caller
   * @throws IllegalArgumentException for another size or alignment
   * @throws OutOfMemoryError at once, if the limit would be passed or there is no memory
   */
  public static Region allocate(long size, long alignment) {
    return allocate(size, alignment, true);
  }

  /**
   * Allocates memory that is not zeroed, aligned to 16 bytes.
   *
   * @param size bytes, 1 to 2^47
   * @return the region, which belongs to the caller
   * @throws IllegalArgumentException for another size
   * @throws OutOfMemoryError at once, if the limit would be passed or there is no memory
   */
  public static Region allocateUninitialized(long size) {
    return allocate(size, 0, false);
  }

  /**
   * Allocates memory that is not zeroed, aligned.
   *
   * @param size bytes, 1 to 2^47
   * @param alignment a power of two up to 2^30, or 0 for 16; the address is a multiple of it
   * @return the region, which belongs to the caller
   * @throws IllegalArgumentException for another size or alignment
   * @throws OutOfMemoryError at once, if the limit would be passed or there is no memory
   */
  public static Region allocateUninitialized(long size, long alignment) {
    return allocate(size, alignment, false);
  }

  private static Region allocate(long size, long alignment, boolean zeroed) {
    if (size <= 0 || size > Layout.SIZE_MAX) {
      throw new IllegalArgumentException(
          "Size " + size + " of a region is not in 1..." + Layout.SIZE_MAX);
    }
    if (alignment != 0) {
      DirectBuffers.checkAlignment(alignment);
    }
    long handle = Blocks.open(size, alignment, zeroed);
    try {
      return new Region(size, new Owner(handle, true));
    } catch (Throwable t) { // no room in the heap
      Blocks.close(handle, Native.CAUSE_CLOSED, false);
      throw t;
    }
  }

  private void checkOpen() {
    if (!owner.isOpen()) {
      throw new IllegalStateException("This region is closed");
    }
  }

  /**
   * A new buffer over the memory, from 0 to {@link #size}. It lives as long as the region, which it
   * does not close.
   *
   * @return the buffer, big endian, position 0, limit = capacity
   * @throws UnsupportedOperationException if the region is larger than a buffer can be
   * @throws IllegalStateException if the region is closed
   */
  public ByteBuffer buffer() {
    if (size > Integer.MAX_VALUE) {
      throw new UnsupportedOperationException(
          "A region of " + size + " bytes is larger than one buffer can show; use slice");
    }
    return slice(0, (int) size);
  }

  /**
   * A new buffer over a part of the memory.
   *
   * @param offset of its first byte in the region
   * @param length its capacity in bytes
   * @return the buffer, as {@link #buffer} makes it
   * @throws IndexOutOfBoundsException if that is not within the region
   * @throws IllegalStateException if the region is closed
   */
  public ByteBuffer slice(long offset, int length) {
    if (offset < 0 || length < 0 || offset > size - length) {
      throw new IndexOutOfBoundsException(
          "A slice of " + length + " bytes at " + offset + " of a region of " + size);
    }
    checkOpen();
    return owner.view(offset, length);
  }

  /** For the module io.znio.segments: a {@code MemorySegment} over the whole region. */
  Object segment() {
    checkOpen();
    return owner.segment(size);
  }

  /**
   * Where the memory begins, for native code.
   *
   * @return the address of its first byte, valid until {@link #close}
   * @throws IllegalStateException if the region is closed
   */
  public long address() {
    checkOpen();
    return owner.address();
  }

  /** {@return the size in bytes, also after {@link #close}} */
  public long size() {
    return size;
  }

  /** {@return whether it is open: false after {@link #close}} */
  public boolean isOpen() {
    return owner.isOpen();
  }

  /**
   * Frees the memory. A second call does nothing.
   *
   * @throws IllegalStateException while a transfer uses it
   */
  @Override
  public void close() {
    if (owner.isOpen()) {
      owner.close("region");
    }
  }
}

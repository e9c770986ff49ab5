// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.nio.ByteBuffer;

/**
 * Off-heap memory from jemalloc with an explicit owner: whoever allocates it closes it.
 *
 * <p>It is not freed by the garbage collector: a region that is forgotten stays in {@link Ledger}.
 * The buffer must not be used after {@link #close}, neither directly nor through a view: the memory
 * may belong to someone else by then. All methods may be called from any thread.
 */
public final class Region implements AutoCloseable {
  static {
    NativeLibrary.load();
  }

  private final long size;
  private final Borrowable memory;

  private Region(long address, long size, long alignment) {
    this.size = size;
    this.memory =
        new Borrowable(address, "region", () -> Native.regionFree(address, size, alignment));
  }

  /**
   * Allocates memory that is not zeroed.
   *
   * @param size bytes, 1 to Integer.MAX_VALUE (one buffer holds no more)
   * @throws IllegalArgumentException for another size
   * @throws OutOfMemoryError if there is no memory
   */
  public static Region allocateUninitialized(long size) {
    return allocateUninitialized(size, 0);
  }

  /**
   * Allocates memory that is not zeroed, aligned.
   *
   * @param alignment a power of two, or 0 for 16
   */
  public static Region allocateUninitialized(long size, long alignment) {
    if (size <= 0 || size > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "Size " + size + " of a region is not in 1..." + Integer.MAX_VALUE);
    }
    if (alignment < 0 || Long.bitCount(alignment) > 1) {
      throw new IllegalArgumentException(
          "Alignment " + alignment + " of a region is not a power of two, or 0");
    }
    long address = Native.regionAllocate(size, alignment);
    if (address < 0) {
      throw new OutOfMemoryError(
          "A region of " + size + " bytes: " + Errors.describe((int) address));
    }
    return new Region(address, size, alignment);
  }

  /** A new buffer over the memory, from 0 to {@link #size}, big endian. */
  public ByteBuffer buffer() {
    return Native.newByteBuffer(memory.address(), size);
  }

  /** Bytes. */
  public long size() {
    return size;
  }

  /**
   * Frees the memory. A second call does nothing.
   *
   * @throws IllegalStateException while a transfer uses it
   */
  @Override
  public void close() {
    memory.close();
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;

/**
 * Pages of a file, or pages of their own, in the address space, with an explicit owner.
 *
 * <p>{@link #close} unmaps at once. A buffer of a closed mapping must not be used, neither directly
 * nor through a view: its pages are gone, and the JVM would crash. Reading past the end of a file
 * that was cut short raises {@link InternalError}, as in a {@code MappedByteBuffer}. All methods
 * may be called from any thread.
 *
 * <p>Mirrors {@code FileChannel.map}; differs: it never extends the file, and the garbage collector
 * does not unmap (a mapping that is forgotten stays in {@link Ledger}).
 */
public final class Mapping implements AutoCloseable {
  /** How a file is mapped. */
  public enum Mode {
    /** Pages are shared with the file and cannot be written. */
    READ_ONLY(Native.READ_ONLY),
    /** Pages are shared with the file: writes reach it. */
    READ_WRITE(Native.READ_WRITE),
    /** Copy-on-write: the first write to a page copies that page; the file stays as it is. */
    PRIVATE(Native.PRIVATE);

    private final int number;

    Mode(int number) {
      this.number = number;
    }
  }

  static {
    NativeLibrary.load();
  }

  private final long size;
  private final Mode mode;
  private final boolean anonymous;
  private final Borrowable memory;

  private Mapping(long address, long size, Mode mode, boolean anonymous) {
    this.size = size;
    this.mode = mode;
    this.anonymous = anonymous;
    // The range is ours and whole, so that unmapping it cannot fail.
    this.memory = new Borrowable(address, "mapping", () -> Native.mappingUnmap(address, size));
  }

  /**
   * Maps zeroed pages that belong to no file. They may be lent to a pipe or socket ({@link
   * TransferPath#VMSPLICE}): the peer sees what they hold when it reads, and they never go back to
   * an allocator.
   *
   * @param size bytes, 1 to Integer.MAX_VALUE
   * @throws IOException if there is no memory
   */
  public static Mapping anonymous(long size) throws IOException {
    checkSize(size);
    return mapped(Native.mappingMap(-1, 0, size, Native.READ_WRITE), size, Mode.READ_WRITE, true);
  }

  /**
   * Maps a part of a file, which may end past the end of the file; the pages behind it cannot be
   * touched. The mapping outlives the channel.
   *
   * @param file an open channel of the JDK
   * @param position {@code >= 0}; need not be aligned
   * @param size bytes, 1 to Integer.MAX_VALUE
   * @throws IllegalArgumentException for a bad position or size, or a foreign channel
   * @throws NonReadableChannelException if the channel is not readable
   * @throws NonWritableChannelException for {@link Mode#READ_WRITE} and {@link Mode#PRIVATE}, if it
   *     is not writable, as in {@code FileChannel.map}
   * @throws ClosedChannelException if it is closed
   * @throws IOException if the kernel cannot map it
   */
  public static Mapping map(FileChannel file, Mode mode, long position, long size)
      throws IOException {
    JdkChannels.require();
    if (!file.isOpen()) {
      throw new ClosedChannelException();
    }
    checkSize(size);
    if (position < 0 || position > Long.MAX_VALUE - size) {
      throw new IllegalArgumentException(
          "Position " + position + " of a mapping of " + size + " bytes is negative or too large");
    }
    if (!JdkFiles.isFile(file)) {
      JdkChannels.kind(file, "File"); // throws
    }
    if (mode != Mode.READ_ONLY && !JdkFiles.isWritable(file)) {
      throw new NonWritableChannelException();
    }
    if (!JdkFiles.isReadable(file)) {
      throw new NonReadableChannelException();
    }
    int place = JdkFiles.add(file);
    try {
      int fd = JdkChannels.descriptor(file, Native.FILE);
      return mapped(Native.mappingMap(fd, position, size, mode.number), size, mode, false);
    } finally {
      JdkFiles.remove(file, place);
    }
  }

  /** A mapping of a descriptor that znio owns. */
  static Mapping ofMemfd(int fd, long size) throws IOException {
    checkSize(size);
    return mapped(Native.mappingMap(fd, 0, size, Native.READ_WRITE), size, Mode.READ_WRITE, false);
  }

  private static void checkSize(long size) {
    if (size <= 0 || size > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "Size " + size + " of a mapping is not in 1..." + Integer.MAX_VALUE);
    }
  }

  private static Mapping mapped(long address, long size, Mode mode, boolean anonymous)
      throws IOException {
    if (address < 0) {
      throw Errors.io("Mapping " + size + " bytes", (int) address);
    }
    return new Mapping(address, size, mode, anonymous);
  }

  /**
   * A new buffer over the mapping, from 0 to {@link #size}; read-only in {@link Mode#READ_ONLY}.
   */
  public ByteBuffer buffer() {
    ByteBuffer buffer = Native.newByteBuffer(memory.address(), size);
    return mode == Mode.READ_ONLY ? buffer.asReadOnlyBuffer() : buffer;
  }

  /** Where the mapping begins; for diagnosis. */
  public long address() {
    return memory.address();
  }

  /** Bytes. */
  public long size() {
    return size;
  }

  /** How it is mapped. */
  public Mode mode() {
    return mode;
  }

  /** False after {@link #close}. */
  public boolean isOpen() {
    return memory.isOpen();
  }

  /** Writes changed pages to the file and waits for the device. Mirrors {@code force()}. */
  public void force() throws IOException {
    long address = memory.borrow();
    try {
      int result = Native.mappingForce(address, size);
      if (result < 0) {
        throw Errors.io("Forcing a mapping of " + size + " bytes", result);
      }
    } finally {
      memory.giveBack();
    }
  }

  /** Pages of the mapping that are in memory now. */
  public long residentPages() throws IOException {
    long address = memory.borrow();
    try {
      long pages = Native.mappingResidentPages(address, size);
      if (pages < 0) {
        throw Errors.io("Counting the resident pages of a mapping", (int) pages);
      }
      return pages;
    } finally {
      memory.giveBack();
    }
  }

  /**
   * Unmaps. A second call does nothing. Pages that a pipe or socket still holds live on in the
   * kernel until they are read.
   *
   * @throws IllegalStateException while a call uses the mapping
   */
  @Override
  public void close() {
    memory.close();
  }

  Borrowable memory() {
    return memory;
  }

  /** The flags of a transfer out of this mapping. */
  int transferFlags() {
    return anonymous ? Native.PAGES : 0;
  }
}

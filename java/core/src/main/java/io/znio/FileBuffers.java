// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;

/**
 * Reads and writes of {@link NativeFileChannel}: one system call each. Direct buffers are given to
 * the kernel as they are, and cannot be freed or unmapped meanwhile; heap buffers are copied
 * through the stack or, where they do not fit, a block of znio's. Stateless.
 */
final class FileBuffers {
  /** What a view over a block keeps reachable: nothing, but it must not be null. */
  private static final Object NOTHING = new Object();

  /** The JDK's word for it, which its tests ask for; it has changed. */
  private static final String PLACE =
      "Current "
          + (Runtime.version().feature() < 21 ? "location" : "position")
          + " of the bytebuffer";

  private FileBuffers() {}

  /**
   * Reads into, or writes out of, one buffer, whose position moves.
   *
   * @param at where in the file, or {@link Native#CURRENT}
   * @return bytes; -1 at the end of the file
   */
  static int move(NativeFileChannel file, ByteBuffer buffer, long at, boolean write)
      throws IOException {
    JdkFiles.lockPosition(file, at);
    try {
      checkPosition(file, at);
      return moveAt(file, buffer, at, write);
    } finally {
      JdkFiles.unlockPosition(file, at);
    }
  }

  private static int moveAt(NativeFileChannel file, ByteBuffer buffer, long at, boolean write)
      throws IOException {
    long n = 0;
    int place = file.acquire(true, true);
    try {
      if (!write && buffer.isReadOnly()) {
        throw readOnly();
      }
      int size = buffer.remaining();
      checkSize(file, size);
      if (size > 0) {
        n =
            buffer.isDirect()
                ? moveDirect(file, buffer, at, write)
                : isSmallArray(file, buffer)
                    ? moveArray(file, buffer, at, write)
                    : moveHeap(file, buffer, at, write);
      }
    } finally {
      file.release(true, place, n > 0);
    }
    return (int) n;
  }

  private static long moveDirect(NativeFileChannel file, ByteBuffer buffer, long at, boolean write)
      throws IOException {
    int position = buffer.position();
    JdkMemory.acquire(buffer);
    long n;
    try {
      long address = JdkMemory.address(buffer) + position;
      checkAddress(file, address, position);
      n = call(file, null, address, buffer.remaining(), at, write);
    } finally {
      JdkMemory.release(buffer);
    }
    if (n > 0) {
      buffer.position(position + (int) n);
    }
    return n;
  }

  /** A read-only buffer does not show its array; direct I/O wants aligned memory. */
  private static boolean isSmallArray(NativeFileChannel file, ByteBuffer buffer) {
    return buffer.remaining() <= Native.BYTES_MAX && buffer.hasArray() && file.alignment() == 0;
  }

  private static long moveArray(NativeFileChannel file, ByteBuffer buffer, long at, boolean write)
      throws IOException {
    int position = buffer.position();
    int start = buffer.arrayOffset() + position;
    long n = call(file, buffer.array(), start, buffer.remaining(), at, write);
    if (n > 0) {
      buffer.position(position + (int) n);
    }
    return n;
  }

  private static long moveHeap(NativeFileChannel file, ByteBuffer buffer, long at, boolean write)
      throws IOException {
    int position = buffer.position();
    int size = buffer.remaining();
    long block = Blocks.openTemporary(size, file.alignment());
    try {
      ByteBuffer copy = view(Blocks.address(block), size);
      if (write) {
        copy.put(0, buffer, position, size);
      }
      long n = call(file, null, Blocks.address(block), size, at, write);
      if (n > 0) {
        if (!write) {
          buffer.put(position, copy, 0, (int) n);
        }
        buffer.position(position + (int) n);
      }
      return n;
    } finally {
      Blocks.closeTemporary(block);
    }
  }

  /** A buffer over memory that somebody else keeps. */
  static ByteBuffer view(long address, int size) {
    return BufferFactory.direct(address, size, NOTHING, null);
  }

  /** {@code place} is an index in the array, or without one an address. */
  private static long call(
      NativeFileChannel file, byte[] array, long place, int size, long at, boolean write)
      throws IOException {
    boolean attempted = file.awaitsDevice(write) && JdkFileSystem.beginBlocking();
    long n;
    try {
      do {
        n =
            array == null
                ? callOnce(file.descriptor(), place, size, at, write)
                : callOnce(file.descriptor(), array, (int) place, size, at, write);
      } while (n == Errors.EINTR && file.isOpen());
    } finally {
      if (attempted) {
        JdkFileSystem.endBlocking(attempted);
      }
    }
    if (n == Errors.EDAMAGED) {
      throw MappedMemory.damagedAt(what(file, write), place, size);
    }
    return result(file, n, write);
  }

  private static long callOnce(int fd, long address, long size, long at, boolean write) {
    if (write) {
      return at == Native.CURRENT
          ? Native.fileWrite(fd, address, size)
          : Native.filePwrite(fd, address, size, at);
    }
    return at == Native.CURRENT
        ? Native.fileRead(fd, address, size)
        : Native.filePread(fd, address, size, at);
  }

  private static long callOnce(int fd, byte[] array, int start, int size, long at, boolean write) {
    return write
        ? Native.fileWriteBytes(fd, array, start, size, at)
        : Native.fileReadBytes(fd, array, start, size, at);
  }

  private static String what(NativeFileChannel file, boolean write) {
    return (write ? "Writing " : "Reading ") + file.name();
  }

  /** What Java is told of a result of C. */
  private static long result(NativeFileChannel file, long n, boolean write) throws IOException {
    if (n == 0) {
      return write ? 0 : -1;
    }
    if (n > 0) {
      return n;
    }
    if (n == Errors.EAGAIN) {
      return 0;
    }
    if (n == Errors.EINTR) {
      throw new AsynchronousCloseException();
    }
    throw Errors.io(what(file, write), (int) n);
  }

  // ---- several buffers

  /** Reads into, or writes out of, several buffers, in order. */
  static long moveAll(
      NativeFileChannel file, ByteBuffer[] buffers, int offset, int length, boolean write)
      throws IOException {
    JdkFiles.lockPosition(file, Native.CURRENT);
    try {
      checkPosition(file, Native.CURRENT);
      return moveParts(file, buffers, offset, length, write);
    } finally {
      JdkFiles.unlockPosition(file, Native.CURRENT);
    }
  }

  private static long moveParts(
      NativeFileChannel file, ByteBuffer[] buffers, int offset, int length, boolean write)
      throws IOException {
    long n = 0;
    int place = file.acquire(true, true);
    try (FileParts parts = new FileParts(file, buffers, offset, length, write)) {
      if (parts.bytes() > 0) {
        n = callParts(file, parts, write);
        if (n == Errors.EDAMAGED) {
          throw parts.damaged(what(file, write));
        }
        n = result(file, n, write);
        parts.advance(n);
      }
    } finally {
      file.release(true, place, n > 0);
    }
    return n;
  }

  private static long callParts(NativeFileChannel file, FileParts parts, boolean write) {
    boolean attempted = file.awaitsDevice(write) && JdkFileSystem.beginBlocking();
    try {
      long n;
      do {
        n = parts.call();
      } while (n == Errors.EINTR && file.isOpen());
      return n;
    } finally {
      if (attempted) {
        JdkFileSystem.endBlocking(attempted);
      }
    }
  }

  // ---- checks

  static IllegalArgumentException readOnly() {
    return new IllegalArgumentException("Read-only buffer");
  }

  /** Of the place in the file, before the call begins. */
  private static void checkPosition(NativeFileChannel file, long at) throws IOException {
    if (file.alignment() > 0) {
      long position = at == Native.CURRENT ? file.position() : at;
      checkAligned(file, position, "Channel position", position);
    }
  }

  /** Of how much one buffer has. */
  static void checkSize(NativeFileChannel file, long size) throws IOException {
    checkAligned(file, size, "Number of remaining bytes", size);
  }

  /** Of where a direct buffer's bytes begin: at its position, as the JDK names it. */
  static void checkAddress(NativeFileChannel file, long address, int position) throws IOException {
    checkAligned(file, address, PLACE, position);
  }

  static void checkAligned(NativeFileChannel file, long value, String what, long told)
      throws IOException {
    if (file.alignment() > 0 && value % file.alignment() != 0) {
      throw new IOException(
          what
              + " ("
              + told
              + ") is not a multiple of the block size ("
              + file.alignment()
              + "), and "
              + file.name()
              + " is open with ExtendedOpenOption.DIRECT");
    }
  }
}

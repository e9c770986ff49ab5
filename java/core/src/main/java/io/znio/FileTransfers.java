// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/**
 * {@code transferTo} and {@code transferFrom} of {@link NativeFileChannel}: by {@link Transfer}
 * where znio can borrow the other channel's descriptor, else by a loop over a direct buffer.
 * Stateless.
 */
final class FileTransfers {
  /** A datagram can hold it. */
  private static final int CHUNK_BYTES = 32 << 10;

  /** From here on a system call more is not felt, and a file that grows might be followed long. */
  private static final long BOUNDED_BYTES = 64 << 10;

  private FileTransfers() {}

  /** pre: all arguments are checked. */
  static long to(NativeFileChannel file, long position, long count, WritableByteChannel target)
      throws IOException {
    try {
      long most = Math.min(count, available(file, position, count, target));
      if (most <= 0) {
        return 0;
      }
      return isLent(file, target)
          ? Transfer.transferTo(file, position, most, target)
          : copy(
              file,
              most,
              (buffer, moved) -> file.read(buffer, position + moved),
              (buffer, moved) -> target.write(buffer));
    } catch (ClosedChannelException e) {
      throw JdkChannels.closed(e, file, target);
    }
  }

  /** pre: all arguments are checked. */
  static long from(NativeFileChannel file, ReadableByteChannel source, long position, long count)
      throws IOException {
    if (count == 0) {
      return 0;
    }
    try {
      long most = Math.min(count, available(source, count, file));
      if (most <= 0) {
        return 0;
      }
      return isLent(file, source)
          ? Transfer.transferFrom(file, source, position, most)
          : copy(
              file,
              most,
              (buffer, moved) -> source.read(buffer),
              (buffer, moved) -> put(file, buffer, position + moved, moved));
    } catch (Stranded e) {
      throw e.failure(file, source);
    } catch (ClosedChannelException e) {
      throw JdkChannels.closed(e, file, source);
    }
  }

  /*
   * As in the JDK a transfer ends where the source ends now: else a file that grows by its own
   * bytes never ends. Files that tell no size may have bytes all the same.
   */

  private static long available(NativeFileChannel file, long position, long count, Channel target)
      throws IOException {
    if (endsByItself(file, count, target)) {
      return count;
    }
    long size = file.size();
    return size > 0 || position > 0 ? size - position : count;
  }

  private static long available(ReadableByteChannel source, long count, NativeFileChannel target)
      throws IOException {
    if (!(source instanceof FileChannel file)
        || !JdkFiles.isFile(file)
        || endsByItself(file, count, target)) {
      return count;
    }
    long size = file.size();
    return size > 0 ? size - file.position() : count;
  }

  /** True if such a transfer ends at the end of the source, without being told where that is. */
  private static boolean endsByItself(FileChannel source, long count, Channel target)
      throws IOException {
    if (count >= BOUNDED_BYTES || !(source instanceof NativeFileChannel from)) {
      return false;
    }
    return target instanceof NativeFileChannel to
        ? !from.isSameFile(to)
        : !(target instanceof FileChannel) && JdkChannels.kind(target) != 0;
  }

  /** With DIRECT a file needs aligned memory, which the paths of a transfer do not have. */
  private static boolean isLent(NativeFileChannel file, Channel other) {
    return file.alignment() == 0 && JdkChannels.kind(other) != 0;
  }

  /** One side of a copy: reads into, or writes out of, a buffer, after {@code moved} bytes. */
  private interface Side {
    int move(ByteBuffer buffer, long moved) throws IOException;
  }

  /** As in the JDK: a short write ends it, and an error after some bytes is the next call's. */
  private static long copy(NativeFileChannel file, long count, Side from, Side to)
      throws IOException {
    long moved = 0;
    ByteBuffer buffer = allocate(file, count);
    try {
      while (moved < count) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), count - moved));
        int read = from.move(buffer, moved);
        if (read <= 0) {
          break;
        }
        int written = to.move(buffer.flip(), moved);
        moved += written;
        if (written != read) {
          break;
        }
      }
      return moved;
    } catch (Stranded e) {
      throw e;
    } catch (IOException e) {
      if (moved > 0) {
        return moved;
      }
      throw e;
    } finally {
      DirectBuffers.free(buffer);
    }
  }

  /** Bytes were read from a channel, which cannot be read again, and not written. */
  private static final class Stranded extends IOException {
    private static final long serialVersionUID = 1;

    private final transient ClosedChannelException closed; // the reason, or null
    private final transient TransferException told;

    Stranded(ClosedChannelException closed, TransferException told) {
      this.closed = closed;
      this.told = told;
    }

    IOException failure(NativeFileChannel file, ReadableByteChannel source) {
      if (closed == null) {
        return told;
      }
      IOException failure = JdkChannels.closed(closed, file, source);
      failure.addSuppressed(told);
      return failure;
    }
  }

  /**
   * Writes all of {@code buffer}, which came out of a channel.
   *
   * @throws Stranded if that fails
   */
  private static int put(NativeFileChannel file, ByteBuffer buffer, long position, long moved)
      throws IOException {
    int size = buffer.remaining();
    long address = JdkMemory.address(buffer);
    ClosedChannelException closed = null;
    IOException misaligned = null;
    long n = 1;
    try {
      FileBuffers.checkAligned(file, size, "Bytes read", size);
      while (buffer.hasRemaining() && n > 0) {
        int done = buffer.position();
        n =
            file.attempt(
                true, fd -> Native.filePwrite(fd, address + done, size - done, position + done));
        buffer.position(done + (int) Math.max(0, n));
      }
    } catch (ClosedChannelException e) {
      closed = e;
      n = Errors.EBADF;
    } catch (IOException e) {
      misaligned = e;
      n = Errors.EINVAL;
    }
    if (buffer.hasRemaining()) {
      int code = n == 0 ? Errors.EAGAIN : (int) n;
      long written = moved + buffer.position();
      ByteBuffer rest = ByteBuffer.allocate(buffer.remaining()).put(buffer).flip();
      TransferException told =
          new TransferException(TransferPath.READ_WRITE, 0, Native.FILE, code, written, rest);
      told.initCause(misaligned);
      throw new Stranded(closed, told);
    }
    return size;
  }

  private static ByteBuffer allocate(NativeFileChannel file, long count) {
    int alignment = Math.max(1, file.alignment());
    return DirectBuffers.allocateUninitialized((int) Math.min(count, CHUNK_BYTES), alignment);
  }
}

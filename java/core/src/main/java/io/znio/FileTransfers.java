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

  private FileTransfers() {}

  /** pre: all arguments are checked. */
  static long to(NativeFileChannel file, long position, long count, WritableByteChannel target)
      throws IOException {
    try {
      long size = file.size();
      // Files that tell no size may have bytes all the same.
      long most = size > 0 ? Math.min(count, size - position) : position > 0 ? 0 : count;
      if (most <= 0) {
        return 0;
      }
      return isLent(file, target)
          ? Transfer.transferTo(file, position, most, target)
          : copyTo(file, position, most, target);
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
      long most = Math.min(count, available(source));
      if (most == 0) {
        return 0;
      }
      return isLent(file, source)
          ? Transfer.transferFrom(file, source, position, most)
          : copyFrom(file, source, position, most);
    } catch (ClosedChannelException e) {
      throw JdkChannels.closed(e, file, source);
    }
  }

  /** As in the JDK what the source has now: else a file that grows by its own bytes never ends. */
  private static long available(ReadableByteChannel source) throws IOException {
    if (source instanceof FileChannel from && JdkFiles.isFile(from)) {
      long size = from.size();
      if (size > 0) { // files that tell no size may have bytes all the same
        return Math.max(0, size - from.position());
      }
    }
    return Long.MAX_VALUE;
  }

  /** With DIRECT a file needs aligned memory, which the paths of a transfer do not have. */
  private static boolean isLent(NativeFileChannel file, Channel other) {
    return file.alignment() == 0 && JdkChannels.kind(other) != 0;
  }

  /** As in the JDK: a short write ends it, and an error after some bytes is the next call's. */
  private static long copyTo(
      NativeFileChannel file, long position, long count, WritableByteChannel target)
      throws IOException {
    long moved = 0;
    ByteBuffer buffer = allocate(file, count);
    try {
      while (moved < count) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), count - moved));
        int read = file.read(buffer, position + moved);
        if (read <= 0) {
          break;
        }
        int written = target.write(buffer.flip());
        moved += written;
        if (written != read) {
          break;
        }
      }
      return moved;
    } catch (IOException e) {
      if (moved > 0) {
        return moved;
      }
      throw e;
    } finally {
      DirectBuffers.free(buffer);
    }
  }

  private static long copyFrom(
      NativeFileChannel file, ReadableByteChannel source, long position, long count)
      throws IOException {
    long moved = 0;
    ByteBuffer buffer = allocate(file, count);
    try {
      while (moved < count) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), count - moved));
        int read = source.read(buffer);
        if (read <= 0) {
          break;
        }
        buffer.flip();
        int written = file.write(buffer, position + moved);
        moved += written;
        if (written != read) {
          break;
        }
      }
      return moved;
    } catch (IOException e) {
      if (moved > 0) {
        return moved;
      }
      throw e;
    } finally {
      DirectBuffers.free(buffer);
    }
  }

  private static ByteBuffer allocate(NativeFileChannel file, long count) {
    int alignment = Math.max(1, file.alignment());
    return DirectBuffers.allocateUninitialized((int) Math.min(count, CHUNK_BYTES), alignment);
  }
}

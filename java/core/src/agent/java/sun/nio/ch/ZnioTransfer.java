// SPDX-License-Identifier: Apache-2.0
package sun.nio.ch;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/**
 * What FileChannelImpl.transferFromArbitraryChannel does while the agent has the option fast. The
 * agent defines this class into the JDK's own loader, and gives it its natives.
 *
 * <p>The loop is the JDK's: read, write at the position, until one of them gives less. Only its
 * buffer is another: a ghost stands for a pipe of the kernel, so that all of the JDK's code around
 * both calls runs as ever, with its locks, closing, interrupts and virtual threads, and the natives
 * at the bottom splice. Other sources than the JDK's sockets and pipes could tell by the buffer:
 * they meet what the JDK gives them.
 */
final class ZnioTransfer {
  private static final int JDK_SIZE = 8192;

  /**
   * The arguments and the result are those of the method in whose place it is called.
   *
   * @throws IOException as that
   */
  static long from(FileChannelImpl file, ReadableByteChannel source, long position, long count)
      throws IOException {
    boolean ours = source instanceof SocketChannelImpl || source instanceof SourceChannelImpl;
    ByteBuffer ghost = ours && count > JDK_SIZE && isBuffered(file) ? take() : null;
    if (ghost != null) {
      return splice(file, source, position, count, ghost);
    }
    int size = (int) Math.min(count, JDK_SIZE);
    return pass(file, source, position, count, ByteBuffer.allocate(size), size);
  }

  private static long splice(
      FileChannelImpl file, ReadableByteChannel source, long position, long count, ByteBuffer ghost)
      throws IOException {
    try {
      return pass(file, source, position, count, ghost, ghost.capacity());
    } finally {
      give(((DirectBuffer) ghost).address(), count);
    }
  }

  /** As the JDK: an exception after the first byte is left for the next call to meet. */
  private static long pass(
      FileChannelImpl file,
      ReadableByteChannel source,
      long position,
      long count,
      ByteBuffer buffer,
      int size)
      throws IOException {
    long moved = 0;
    try {
      while (moved < count) {
        buffer.clear().limit((int) Math.min(count - moved, size));
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
    }
  }

  /** Has the file no O_DIRECT, which asks for aligned pieces? */
  private static native boolean isBuffered(FileChannelImpl file);

  /** A ghost, as large as its pipe; or null: there is none left. */
  private static native ByteBuffer take();

  /** Gives it back; what was not written is gone, as is what the JDK had in its buffer. */
  private static native void give(long address, long wanted);

  private ZnioTransfer() {}
}

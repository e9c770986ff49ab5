// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.channels.Channel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.SelectableChannel;

/** A file into a stream, without options: the fast way beside {@link TransferEngine}. */
final class FileTransfer {
  private FileTransfer() {}

  /**
   * {@code FileChannel.transferTo} on a platform thread, to a stream or to a file at its own
   * position. Allocates nothing.
   */
  static long to(FileChannel source, long position, long count, Channel target, int kind)
      throws IOException {
    boolean hook = needsHook(target, kind);
    Object event = Jfr.beginTransfer();
    long[] receipt = event == null ? null : new long[Native.RECEIPT_LENGTH];
    long n = 0;
    JdkFiles.lockPosition(target, Native.CURRENT);
    try {
      int place = JdkChannels.acquireSource(source, Native.FILE, hook);
      try {
        int token = JdkChannels.acquireTarget(target, kind, hook);
        try {
          n = toOnce(source, position, count, target, kind, token, receipt);
        } finally {
          JdkChannels.releaseTarget(target, kind, hook, token, n > 0);
        }
      } finally {
        JdkChannels.releaseSource(source, Native.FILE, hook, place, n > 0);
      }
    } catch (ClosedChannelException e) {
      throw JdkChannels.closed(e, source, target);
    } finally {
      JdkFiles.unlockPosition(target, Native.CURRENT);
      Jfr.endTransfer(event, Native.FILE, kind, count, receipt);
    }
    if (n >= 0 || n == Errors.EAGAIN) {
      return Math.max(n, 0);
    }
    throw new TransferException(TransferPath.AUTO, Native.FILE, kind, (int) n, 0, null);
  }

  private static long toOnce(
      FileChannel source,
      long position,
      long count,
      Channel target,
      int kind,
      int token,
      long[] receipt)
      throws IOException {
    int sourceFd = JdkChannels.descriptor(source, Native.FILE);
    int targetFd = JdkChannels.descriptor(target, kind);
    while (true) {
      long n =
          Native.transfer(
              Native.FILE,
              sourceFd,
              position,
              kind,
              targetFd,
              Native.CURRENT,
              count,
              0,
              0,
              0,
              0,
              0,
              0,
              receipt);
      if (n == Errors.EAGAIN && kind != Native.FILE && JdkChannels.isBlocking(token)) {
        // A virtual thread has used this channel: the JDK left its descriptor non-blocking.
        JdkChannels.park(target, false);
      } else if (n != Errors.EINTR) {
        return n;
      }
      if (!source.isOpen() || !target.isOpen()) {
        return 0; // the release throws
      }
    }
  }

  /**
   * Whether the file must bring the interrupt hook: a thread has room for one only, and a stream in
   * blocking mode sets its own, except where the JDK has hooks for transfers.
   */
  static boolean needsHook(Object target, int kind) {
    if (kind == Native.FILE || kind == Native.MEMORY) {
      return true;
    }
    return JdkChannels.TRANSFER_HOOKS && kind != Native.PIPE
        || !((SelectableChannel) target).isBlocking();
  }
}

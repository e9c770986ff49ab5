// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileLock;
import java.nio.channels.FileLockInterruptionException;
import java.util.List;

/**
 * The locks of one {@link NativeFileChannel}. Overlaps are looked for in the JDK's own table, so
 * they are found among all channels of this JVM, the JDK's and asynchronous ones too; POSIX locks
 * alone exclude other processes only. Any thread.
 */
final class FileLocks {
  private final NativeFileChannel channel;
  private volatile Object table; // of JdkFileSystem; null before the first lock

  FileLocks(NativeFileChannel channel) {
    this.channel = channel;
  }

  private Object table() throws IOException {
    Object found = table;
    if (found != null) {
      return found;
    }
    synchronized (this) {
      if (table == null) {
        int place = channel.enter(false);
        try {
          table = JdkFileSystem.lockTable(channel, channel.descriptor());
        } finally {
          channel.leave(place);
        }
      }
      return table;
    }
  }

  /** Until JDK 21 a size of 0 was a lock of nothing; since then it reaches to the end. */
  private NativeFileLock make(long position, long size, boolean shared) {
    long bytes = size == 0 ? Long.MAX_VALUE - Math.max(0, position) : size;
    return new NativeFileLock(channel, this, position, bytes, shared);
  }

  /** Waits until no other process has a part of the range. */
  FileLock lock(long position, long size, boolean shared) throws IOException {
    NativeFileLock lock = make(position, size, shared);
    Object owner = table();
    JdkFileSystem.addLock(owner, lock);
    boolean locked = false;
    try {
      channel.runBlocking(
          "Locking", fd -> Native.fileLock(fd, lock.position(), lock.size(), shared, true));
      locked = true;
      return lock;
    } catch (ClosedByInterruptException e) {
      throw new FileLockInterruptionException();
    } finally {
      if (!locked) {
        JdkFileSystem.removeLock(owner, lock);
      }
    }
  }

  /** Null if another process has a part of the range. Not ended by an interrupt. */
  FileLock tryLock(long position, long size, boolean shared) throws IOException {
    NativeFileLock lock = make(position, size, shared);
    Object owner = table();
    JdkFileSystem.addLock(owner, lock);
    boolean locked = false;
    try {
      long result =
          channel.run(
              false,
              "Locking",
              fd -> {
                int code = Native.fileLock(fd, lock.position(), lock.size(), shared, false);
                return code == Errors.EAGAIN ? 1 : code;
              });
      locked = result == 0;
      return locked ? lock : null;
    } finally {
      if (!locked) {
        JdkFileSystem.removeLock(owner, lock);
      }
    }
  }

  /** Gives a lock up. Called once for each. */
  void release(NativeFileLock lock) throws IOException {
    channel.run(false, "Unlocking", fd -> Native.fileUnlock(fd, lock.position(), lock.size()));
    JdkFileSystem.removeLock(table, lock);
  }

  /**
   * The descriptor is closed, and all locks with it. Not before that: another channel's lock that
   * the table lets in would be dropped by the close.
   */
  void invalidateAll() {
    Object owner = table;
    List<?> all = owner == null ? List.of() : JdkFileSystem.removeLocks(owner);
    for (Object lock : all) {
      ((NativeFileLock) lock).invalidate();
    }
  }
}

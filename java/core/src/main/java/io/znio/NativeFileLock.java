// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileLock;

/** A lock of {@link NativeFileChannel}. Any thread. */
final class NativeFileLock extends FileLock {
  private final FileLocks locks;
  private volatile boolean released;

  NativeFileLock(
      NativeFileChannel channel, FileLocks locks, long position, long size, boolean shared) {
    super(channel, position, size, shared);
    this.locks = locks;
  }

  @Override
  public boolean isValid() {
    return !released && acquiredBy().isOpen();
  }

  /** The channel was closed: the kernel has dropped the lock. */
  void invalidate() {
    released = true;
  }

  @Override
  public void release() throws IOException {
    if (!acquiredBy().isOpen()) {
      throw new ClosedChannelException();
    }
    synchronized (this) {
      if (!released) {
        locks.release(this);
        released = true;
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.net.SocketAddress;
import java.nio.file.Path;

/** Moves bytes with channels of its own, which are not the JDK's. One thread. */
public interface ForeignMover {
  /**
   * Opens its ends.
   *
   * @param address where the peer waits for a connection; null: both ends are files
   * @param file the source, where the peer does not send; else the target
   * @param made the target, where both ends are files; else null
   */
  void open(SocketAddress address, Path file, Path made) throws Exception;

  /**
   * Moves a piece, wholly, and returns when the kernel has all of it.
   *
   * @param from where it lies in the source file; unused when the peer sends
   * @param to where it goes to in the target file; unused when the peer receives
   * @param bytes its size
   */
  void move(long from, long to, long bytes) throws Exception;

  /** Closes what was opened, also if that is not all: the peer then sees the end. */
  void close() throws Exception;
}

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
   * Moves pieces, each of them wholly, one after the other; returns when the kernel has them all.
   *
   * @param count how many
   * @param pieces {@link Pieces#next} is called for each of them
   */
  void move(int count, Pieces pieces) throws Exception;

  /** Closes what was opened, also if that is not all: the peer then sees the end. */
  void close() throws Exception;
}

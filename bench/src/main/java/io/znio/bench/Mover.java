// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.nio.ByteBuffer;

/** One path at work: moves pieces of the plan's source to its target. One thread. */
abstract class Mover implements AutoCloseable {
  String pathRan;
  Boolean kernelCopied;
  String declined;

  /**
   * Moves a piece, wholly.
   *
   * @param offset where the piece lies in the file (or in source memory); unused when the peer
   *     sends
   */
  abstract void move(long offset, long count) throws IOException, SkippedException;

  /** From now on the target file is written from its start again; its own position is there. */
  void rewind() {}

  /** Moves a list of pieces, in order. */
  void moveList(long[] offsets, long[] counts, int pieces) throws IOException, SkippedException {
    throw new SkippedException("this path takes no lists of regions");
  }

  /**
   * What the last piece brought, where it came as memory of the mover's own: read while the clock
   * stands still. null: it went to the plan's target.
   */
  ByteBuffer came() {
    return null;
  }

  /** Gives that memory back; part of the time. */
  void done() {}

  /** Waits until the kernel has let go of what was lent to it; part of the time. */
  void settle() throws IOException {}

  /** Frees what the path holds; not part of the time. */
  @Override
  public void close() throws IOException {}

  /** Fails where the source ended before the target had everything. */
  static void ended(long left) throws IOException {
    throw new IOException("the source ended " + left + " bytes early");
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

/**
 * Ends the quarantine of blocks in batches: begin, a {@link Handshake} with all threads, end. Only
 * at the level {@code checked} is there anything in it. Any thread; one at a time does the work.
 */
final class Quarantine {
  /** The tick at which a thread was found inside an access: no use to ask again within it. */
  private static volatile int insideAt = -1;

  private Quarantine() {}

  /** To be called when C has said that a batch is due. */
  static void due() {
    if (Native.ledgerTick() != insideAt) {
      end(false);
    }
  }

  /**
   * Makes what is here now free, if no thread can be reading it.
   *
   * @return false if nothing was freed: there is nothing, another thread is at it, or a reader is
   *     in the middle of an access
   */
  static boolean flush() {
    return end(true);
  }

  /**
   * @param must a handshake is worth while for less than a full batch
   */
  private static boolean end(boolean must) {
    long[] batch = new long[2];
    if (Native.quarantineBegin(batch) <= 0) {
      return false;
    }
    boolean shakes = must || batch[1] != 0;
    boolean passed = false;
    try {
      passed = Handshake.isNeedless() || shakes && Handshake.run();
    } finally {
      if (passed) {
        Native.quarantineEnd(batch[0]);
      } else {
        Native.quarantineDefer(batch[0]);
        if (shakes) {
          insideAt = Native.ledgerTick();
        }
      }
    }
    return passed;
  }
}

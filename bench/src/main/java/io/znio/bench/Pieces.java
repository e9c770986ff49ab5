// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

/** Which piece of the file a transfer takes, and where to, over and over. One thread at a time. */
public final class Pieces {
  private final long size;
  private final long slots;
  private final long targetSlots;
  private long slot = -1;
  private long targetSlot = -1;

  /** Of so many slots in the source; the target has one less. */
  Pieces(long size, long slots) {
    this.size = size;
    this.slots = slots;
    this.targetSlots = Math.max(1, slots - 1);
  }

  /** Goes on to the next piece; the first call to the first. */
  public void next() {
    slot = slot + 1 == slots ? 0 : slot + 1;
    targetSlot = targetSlot + 1 == targetSlots ? 0 : targetSlot + 1;
  }

  /** {@return where the piece lies in the source file; means nothing when the peer sends} */
  public long from() {
    return slot * size;
  }

  /** {@return where it goes to in the target file; means nothing when the peer receives} */
  public long to() {
    return targetSlot * size;
  }

  /** {@return its bytes} */
  public long size() {
    return size;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.lang.ref.Reference;
import java.nio.Buffer;
import java.nio.ByteBuffer;

/**
 * Owns one block. Buffers over it, and all their views, have it as attachment; memory segments have
 * its life: so the life is reachable as long as anybody can reach the memory. Any thread.
 */
final class Owner extends Holder {
  private static final boolean KILLS = SafetyLevel.CURRENT == SafetyLevel.TRACKED;
  private static final long LIMIT = KILLS ? Raw.fieldOffset(Buffer.class, "limit") : 0;
  private static final long CAPACITY = KILLS ? Raw.fieldOffset(Buffer.class, "capacity") : 0;
  private static final long POSITION = KILLS ? Raw.fieldOffset(Buffer.class, "position") : 0;

  private static final String WATCH = Settings.text("io.znio.leaks", "sampled", "full", "off");

  private static final boolean WATCHES_ALL = WATCH.equals("full");
  private static final boolean WATCHES_NONE = WATCH.equals("off");

  final long handle;

  /** What may be freed by {@link DirectBuffers#free}; null if that is not the way. */
  ByteBuffer root;

  private Watch watch; // null if nobody watches; written by the constructor, and then seldom

  /**
   * @param always watched even if its place of birth was not sampled
   */
  Owner(long handle, boolean always) {
    this.handle = handle;
    boolean wanted = WATCHES_ALL || always || Blocks.site(handle) != 0;
    if (wanted && !WATCHES_NONE) { // no store of a null: it would cost the collector's barrier
      this.watch = new BlockWatch(this);
    }
  }

  /** Knows of the owner only what is needed when it is gone. */
  private static final class BlockWatch extends Watch {
    private final long handle;

    BlockWatch(Owner owner) {
      super(owner.life());
      handle = owner.handle;
    }

    @Override
    void dropped() {
      long address = Blocks.address(handle);
      long size = Blocks.size(handle);
      // Told first: who sees that the memory is free can read why.
      LeakLog.add(Ledger.Kind.REGION, address, size, handle);
      // Nobody can reach a view: no reader is left, so the memory may be used again at once.
      Blocks.close(handle, Native.CAUSE_LEAKED, false);
    }
  }

  long address() {
    return Blocks.address(handle);
  }

  /** A new buffer over part of the block. */
  ByteBuffer view(long offset, int size) {
    return BufferFactory.direct(address() + offset, size, this, token);
  }

  /** A new {@code MemorySegment} over the whole block, whose size is {@code size}. */
  Object segment(long size) {
    return SegmentFactory.direct(address(), size, session());
  }

  /**
   * Frees the block.
   *
   * @throws IllegalStateException if it is freed already, or in use
   */
  void close(String noun) {
    int result = end();
    if (result < 0) {
      throw Token.refusal(result, noun);
    }
    if (watch != null) {
      watch.end();
      Reference.reachabilityFence(life()); // till here; else it might count as dropped
    }
    if (KILLS && root != null) {
      kill(root);
    }
    Blocks.close(handle, Native.CAUSE_CLOSED, result == Token.QUARANTINE);
  }

  /** An empty buffer: every access throws. */
  private static void kill(ByteBuffer buffer) {
    Raw.putField(buffer, LIMIT, 0);
    Raw.putField(buffer, CAPACITY, 0);
    Raw.putField(buffer, POSITION, 0);
  }
}

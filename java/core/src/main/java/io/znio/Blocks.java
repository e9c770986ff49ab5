// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.function.LongSupplier;

/**
 * Blocks of off-heap memory, by their handles: out of a magazine where there is one, by a call of C
 * else. Any thread.
 */
final class Blocks {
  /** Alignments up to this come out of size classes. */
  private static final long CLASS_ALIGNMENT_MAX = 4096;

  private static final int NO_CLASS = 255;

  static {
    Limit.set();
    Housekeeper.start();
  }

  private Blocks() {}

  /**
   * A live block.
   *
   * @param alignment a power of two, or 0
   * @return its handle
   * @throws OutOfMemoryError if the limit or the memory does not allow it
   */
  static long open(long size, long alignment, boolean zeroed) {
    return Jfr.allocates()
        ? JfrEvents.allocate(size, alignment, zeroed)
        : openNow(size, alignment, zeroed);
  }

  /** {@link #open}, unrecorded. */
  static long openNow(long size, long alignment, boolean zeroed) {
    long handle = tryOpen(size, alignment, zeroed);
    if (handle < 0) {
      handle = Limit.tryAgain((int) handle, () -> tryOpen(size, alignment, zeroed));
    }
    if (handle < 0) {
      throw Limit.outOfMemory(size, (int) handle);
    }
    return handle;
  }

  /**
   * A live block, not zeroed, for one call of the kernel: the copy of a heap buffer. The limit
   * counts it, and never refuses it, as the JDK's temporary buffers: a read must not fail for want
   * of memory that the program has.
   *
   * @param alignment a power of two, or 0
   * @return its handle, for {@link #closeTemporary}
   * @throws OutOfMemoryError if memory is exhausted
   */
  static long openTemporary(long size, long alignment) {
    long handle = tryOpen(size, alignment, false);
    if (handle < 0) {
      LongSupplier beyond = () -> openByCall(size, alignment, Native.REGION_BEYOND_LIMIT);
      handle = beyond.getAsLong();
      if (handle < 0) {
        handle = Limit.tryAgain((int) handle, beyond);
      }
    }
    if (handle < 0) {
      throw Limit.outOfMemory(size, (int) handle);
    }
    return handle;
  }

  /** Ends a block of {@link #openTemporary}. Neither is recorded as an event. */
  static void closeTemporary(long handle) {
    closeNow(handle, Native.CAUSE_CLOSED, false);
  }

  private static long tryOpen(long size, long alignment, boolean zeroed) {
    // A class whose bytes are a multiple of the alignment serves it.
    long rounded = alignment == 0 ? size : Math.max(size, 1) + alignment - 1 & -alignment;
    if (rounded > Layout.CLASS_SIZE_MAX || alignment > CLASS_ALIGNMENT_MAX || !Magazines.ENABLED) {
      return openByCall(size, alignment, zeroed ? Native.REGION_ZEROED : 0);
    }
    int regionClass = Layout.classOf(rounded);
    Magazine own = Magazines.own();
    long handle = own == null ? openShared(regionClass, size) : open(own, regionClass, size);
    if (zeroed && handle > 0) {
      Raw.zero(address(handle), size + 15 & -16);
    }
    return handle;
  }

  private static long openShared(int regionClass, long size) {
    Magazines.Shared shared = Magazines.lockShared();
    try {
      return open(shared.magazine(), regionClass, size);
    } finally {
      shared.unlock();
    }
  }

  private static long open(Magazine magazine, int regionClass, long size) {
    if (magazine == null) {
      return Errors.ENOMEM;
    }
    int site = 0;
    if (--magazine.untilSample == 0) {
      site = Sites.here();
      magazine.untilSample = Sites.untilNext();
    }
    return magazine.allocate(regionClass, size, site);
  }

  private static long openByCall(long size, long alignment, int flags) {
    int thread = (int) Thread.currentThread().getId();
    return Native.regionOpen(size, alignment, flags, thread, Sites.here());
  }

  /** Where a live block lies. */
  static long address(long handle) {
    return Raw.getLong((handle & Layout.HANDLE_RECORD_MASK) + Layout.RECORD_ADDRESS);
  }

  /** The number of the place of birth of a live block; 0 if it was not sampled. */
  static int site(long handle) {
    return Raw.getInt((handle & Layout.HANDLE_RECORD_MASK) + Layout.RECORD_SITE);
  }

  /** The size of a live block, as asked for. */
  static long size(long handle) {
    return Raw.getLong((handle & Layout.HANDLE_RECORD_MASK) + Layout.RECORD_WORD)
        >>> Layout.WORD_SIZE_SHIFT;
  }

  /** Tick and thread of the birth of what a live record is about: of any kind. */
  static long birth(long handle) {
    return Raw.getLong((handle & Layout.HANDLE_RECORD_MASK) + Layout.RECORD_BIRTH);
  }

  /**
   * Ends a block.
   *
   * @param quarantine its memory is not reused before all running readers have gone
   * @return false if this life of it has ended before
   */
  static boolean close(long handle, int cause, boolean quarantine) {
    return Jfr.frees()
        ? JfrEvents.free(handle, cause, quarantine)
        : closeNow(handle, cause, quarantine);
  }

  /** {@link #close}, unrecorded. */
  static boolean closeNow(long handle, int cause, boolean quarantine) {
    boolean byCall =
        !Magazines.ENABLED || Magazine.classOf(handle & Layout.HANDLE_RECORD_MASK) == NO_CLASS;
    int result = byCall ? Errors.ENOMEM : closeInMagazine(handle, cause, quarantine);
    if (result == Errors.ENOMEM) { // or there is no room in a magazine's list
      result = quarantine ? Native.regionRetire(handle, cause) : Native.regionClose(handle, cause);
    }
    if (result > 0) {
      Quarantine.due();
    } else if (result < 0 && result != Errors.EALREADY) {
      throw new IllegalStateException("Freeing a block: " + Errors.describe(result));
    }
    return result >= 0;
  }

  private static int closeInMagazine(long handle, int cause, boolean quarantine) {
    Magazine own = Magazines.own();
    if (own != null) {
      return close(own, handle, cause, quarantine);
    }
    Magazines.Shared shared = Magazines.lockShared();
    try {
      return close(shared.magazine(), handle, cause, quarantine);
    } finally {
      shared.unlock();
    }
  }

  private static int close(Magazine magazine, long handle, int cause, boolean quarantine) {
    if (magazine == null) {
      return Errors.ENOMEM;
    }
    return quarantine ? magazine.retire(handle, cause) : magazine.free(handle, cause);
  }
}

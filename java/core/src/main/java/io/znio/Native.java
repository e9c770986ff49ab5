// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.nio.ByteBuffer;

/**
 * Every native method of znio, and nothing else. The C side is {@code native/jni}, one file per
 * noun; {@code NativeContractTest} compares the constants below with those of C.
 *
 * <p>Primitives cross. A result is a value {@code >= 0}, or {@code -errno}, or a private code below
 * -4095 ({@code znio/error.h}); {@link Errors} makes exceptions of them. No method throws, except
 * for arrays that are too short (a defect of ours). Descriptors and addresses belong to the caller,
 * who keeps them valid for the whole call: {@link JdkChannels} and {@link Transfer} see to that.
 * The class has no initialiser: {@code JNI_OnLoad} binds the methods, and {@link NativeLibrary}
 * loads.
 */
final class Native {
  /** Changes with every incompatible change of the methods below; C: {@code ZN_ABI}. */
  static final int ABI = 1;

  /** Kinds of ends; C: {@code enum zn_end_kind}. */
  static final int FILE = 1;

  static final int TCP = 2;
  static final int UNIX = 3;
  static final int PIPE = 4;
  static final int MEMORY = 5;

  /** Use and advance the descriptor's own position; C: {@code ZN_OFFSET_CURRENT}. */
  static final long CURRENT = -1;

  /** Flags of a transfer; C: {@code ZN_TRANSFER_MORE}, {@code ZN_TRANSFER_PAGES}. */
  static final int MORE = 1;

  static final int PAGES = 2;

  /** Indices into the receipt array; C: {@code enum jni_receipt}. */
  static final int RECEIPT_BYTES = 0;

  static final int RECEIPT_SYSTEM_CALLS = 1;
  static final int RECEIPT_STRANDED_BYTES = 2;
  static final int RECEIPT_PATH = 3;
  static final int RECEIPT_DECLINED_PATH = 4;
  static final int RECEIPT_DECLINED_REASON = 5;
  static final int RECEIPT_ERROR = 6;
  static final int RECEIPT_KERNEL_COPIED = 7;
  static final int RECEIPT_STRANDED = 8;
  static final int RECEIPT_PIN = 9;
  static final int RECEIPT_LENGTH = 10;

  /** Longs that describe one region to {@link #transferRegions}: offset, length, descriptor. */
  static final int REGION_LONGS = 3;

  /** Modes of {@link #mappingMap}; C: {@code enum zn_mapping_mode}. */
  static final int READ_ONLY = 0;

  static final int READ_WRITE = 1;
  static final int PRIVATE = 2;

  private Native() {}

  // library

  /** The library's {@link #ABI}. */
  static native int abi();

  /** The library's version, "0.1.0". */
  static native String version();

  /**
   * C's values of the constants of this class, in the order of their declaration, then the number
   * of paths and the number of native methods that are bound.
   */
  static native long[] constants();

  /** "EPIPE" or "ZN_EPAIR" for a negative result. */
  static native String errorName(int code);

  /** One sentence that explains a negative result. */
  static native String errorText(int code);

  /** The name of a path, null for an unknown number. */
  static native String pathName(int path);

  /** {@code MethodHandles.Lookup.IMPL_LOOKUP}, or null if this JDK has none. */
  static native Object implLookup();

  /** A direct buffer over memory that is not its own. size: 0...Integer.MAX_VALUE. */
  static native ByteBuffer newByteBuffer(long address, long size);

  // transfer

  /**
   * {@code zn_transfer}. An end is its kind, its descriptor (-1 for memory), and its offset ({@link
   * #CURRENT} or {@code >= 0}) or address. {@code teeKind} 0: no tee. {@code receipt}: null, or
   * {@link #RECEIPT_LENGTH} longs that are filled on success and failure.
   */
  static native long transfer(
      int sourceKind,
      int sourceFd,
      long sourceOffsetOrAddress,
      int targetKind,
      int targetFd,
      long targetOffsetOrAddress,
      long count,
      int path,
      int flags,
      int depth,
      int chunkBytes,
      int teeKind,
      int teeFd,
      long[] receipt);

  /**
   * {@code zn_transfer_regions} of {@code count} regions of {@code regions}, beginning with number
   * {@code first}; {@link #REGION_LONGS} longs each.
   */
  static native long transferRegions(
      long headerAddress,
      long headerSize,
      long[] regions,
      int first,
      int count,
      int targetKind,
      int targetFd,
      long targetOffset,
      int path,
      int flags,
      long[] receipt);

  // pipe

  /** A new owner of an empty pipe: its handle, or an error. */
  static native long pipeAcquire();

  static native void pipeRelease(long pipe);

  static native long pipeBytes(long pipe);

  /** Reads up to {@code size} bytes out of the pipe into memory, without blocking. */
  static native long pipeDrain(long pipe, long address, long size);

  static native int pipeReadFd(long pipe);

  static native int pipeWriteFd(long pipe);

  static native long pipeCapacity(long pipe);

  /** Closes the pool's idle pipes. */
  static native void pipeTrim();

  // pin

  /** 1: the memory is free; 0: not yet; an error. */
  static native int pinPoll(long pin, int timeoutMillis);

  static native void pinShutdown(long pin);

  /** 1: the kernel copied; 0: it did not; -1: not yet known. */
  static native int pinCopied(long pin);

  static native void pinRelease(long pin);

  // mapping

  /** The address, or an error. fd -1: anonymous pages. */
  static native long mappingMap(int fd, long offset, long size, int mode);

  static native int mappingUnmap(long address, long size);

  static native int mappingForce(long address, long size);

  static native long mappingResidentPages(long address, long size);

  // memfd

  /** A descriptor, or an error. */
  static native int memfdCreate(long size);

  static native int memfdSend(int socket, int fd, long size);

  /** A descriptor, or an error; its size goes to {@code size[0]}. */
  static native int memfdReceive(int socket, long[] size);

  static native int memfdClose(int fd);

  // region

  /** The address, or an error. alignment: a power of two, or 0. */
  static native long regionAllocate(long size, long alignment);

  static native void regionFree(long address, long size, long alignment);

  // ledger

  /** Fills 8 longs in the order of {@link Ledger.Totals}. */
  static native void ledgerRead(long[] totals);

  /** System calls that this thread has made through znio. */
  static native long ledgerSystemCalls();
}

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

  /**
   * Flags of a transfer; C: {@code ZN_TRANSFER_MORE}, {@code ZN_TRANSFER_PAGES}, {@code
   * ZN_TRANSFER_COUNTED}.
   */
  static final int MORE = 1;

  static final int PAGES = 2;
  static final int COUNTED = 4;

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
  static final int RECEIPT_LOST_OFFSET = 10;
  static final int RECEIPT_LOST_DEVICE = 11;
  static final int RECEIPT_LOST_INODE = 12;
  static final int RECEIPT_LENGTH = 13;

  /** Longs that describe one region to {@link #transferRegions}: offset, length, descriptor. */
  static final int REGION_LONGS = 3;

  /** Modes of {@link #mappingOpen}; C: {@code enum zn_mapping_mode}. */
  static final int READ_ONLY = 0;

  static final int READ_WRITE = 1;
  static final int PRIVATE = 2;

  /** Flags of {@link #mappingOpen}; C: {@code enum zn_mapping_flag}. */
  static final int MAP_EXTEND = 1;

  static final int MAP_PREALLOCATE = 2;
  static final int MAP_POPULATE = 4;
  static final int MAP_POPULATE_WRITE = 8;
  static final int MAP_LOCK = 16;
  static final int MAP_LOCK_ON_FAULT = 32;
  static final int MAP_HUGE = 64;
  static final int MAP_SYNC = 128;

  /** Advice to {@link #mappingAdvise}; C: {@code enum zn_mapping_advice}. */
  static final int ADVICE_NORMAL = 0;

  static final int ADVICE_SEQUENTIAL = 1;
  static final int ADVICE_RANDOM = 2;
  static final int ADVICE_WILL_NEED = 3;
  static final int ADVICE_DONT_NEED = 4;
  static final int ADVICE_HUGE_PAGES = 5;
  static final int ADVICE_NO_HUGE_PAGES = 6;
  static final int ADVICE_COLD = 7;
  static final int ADVICE_PAGE_OUT = 8;

  /** Flags of {@link #fileOpen}; C: {@code enum zn_file_flag}. */
  static final int OPEN_READ = 1;

  static final int OPEN_WRITE = 2;
  static final int OPEN_APPEND = 4;
  static final int OPEN_TRUNCATE = 8;
  static final int OPEN_CREATE = 16;
  static final int OPEN_CREATE_NEW = 32;
  static final int OPEN_SYNC = 64;
  static final int OPEN_DSYNC = 128;
  static final int OPEN_DIRECT = 256;
  static final int OPEN_NO_FOLLOW = 512;
  static final int OPEN_DELETE = 1024;

  /** Parts that {@link #fileReadv} and {@link #fileWritev} take; C: {@code ZN_FILE_PARTS_MAX}. */
  static final int PARTS_MAX = 1024;

  /** What {@link #fileReadBytes} and {@link #fileWriteBytes} move at most. */
  static final int BYTES_MAX = 64 << 10;

  /** Flag of {@link #regionOpen}; C: {@code ZN_REGION_ZEROED}. */
  static final int REGION_ZEROED = 1;

  /** Flag of {@link #regionOpen}; C: {@code ZN_REGION_BEYOND_LIMIT}. */
  static final int REGION_BEYOND_LIMIT = 2;

  /** States of a record; C: {@code enum zn_state}. */
  static final int STATE_UNUSED = 0;

  static final int STATE_FREE = 1;
  static final int STATE_LIVE = 2;
  static final int STATE_RETIRED = 3;
  static final int STATE_QUARANTINED = 4;
  static final int STATE_CLOSED = 5;

  /** How an owner ended; C: {@code enum zn_cause}. */
  static final int CAUSE_CLOSED = 0;

  static final int CAUSE_CLEANED = 1;
  static final int CAUSE_LEAKED = 2;

  /** What has a record; C: {@code enum zn_kind}. */
  static final int KIND_REGION = 0;

  static final int KIND_MAPPING = 1;
  static final int KIND_MEMFD = 2;
  static final int KIND_PIN = 3;
  static final int KINDS = 4;

  /** Ages that the ledger counts; C: {@code ZN_LEDGER_AGES}. */
  static final int AGES = 34;

  /** Indices into an entry of {@link #ledgerNext}; C: {@code enum jni_entry}. */
  static final int ENTRY_HANDLE = 0;

  static final int ENTRY_ADDRESS = 1;
  static final int ENTRY_SIZE = 2;
  static final int ENTRY_BIRTH = 3;
  static final int ENTRY_THREAD = 4;
  static final int ENTRY_SITE = 5;
  static final int ENTRY_KIND = 6;
  static final int ENTRY_STATE = 7;
  static final int ENTRY_LENGTH = 8;

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

  static native void pipeRelease(long pipe);

  /** Reads up to {@code size} bytes out of the pipe into memory, without blocking. */
  static native long pipeDrain(long pipe, long address, long size);

  /** Closes the pool's idle pipes. */
  static native void pipeTrim();

  // pin

  /** 1: the memory is free; 0: not yet; an error. */
  static native int pinPoll(long pin, int timeoutMillis);

  static native void pinShutdown(long pin);

  /** 1: the kernel copied; 0: it did not; -1: not yet known. */
  static native int pinCopied(long pin);

  static native void pinRelease(long pin);

  /** The handle of its record, for {@link #ledgerSetBirth}. */
  static native long pinRecord(long pin);

  // mapping

  /** {@code zn_mapping_open}: a handle for the methods below, or an error. */
  static native long mappingOpen(
      int fd, long offset, long size, int mode, int flags, int advice, int thread, int site);

  /** The handle of its record; valid until {@link #mappingRelease}. */
  static native long mappingRecord(long mapping);

  static native long mappingAddress(long mapping);

  static native int mappingClose(long mapping);

  /** After it the handle is no longer valid, except after -EBUSY and -ENOMEM. */
  static native int mappingRelease(long mapping);

  /** Before the release of an open one: how the ledger counts it. */
  static native void mappingSetCause(long mapping, int cause);

  /** The same for many; as many results. */
  static native void mappingReleaseAll(long[] mappings, int[] results);

  static native int mappingForceRange(long mapping, long offset, long size);

  static native int mappingLoad(long mapping, long offset, long size);

  static native int mappingAdvise(long mapping, long offset, long size, int advice);

  /** Pages in memory; {@code bits}: null, or one bit for each of {@link #mappingPages}. */
  static native long mappingResidency(long mapping, long offset, long size, long[] bits);

  static native long mappingPages(long mapping, long offset, long size);

  /**
   * Fills 9 longs: size, file offset, device, inode, first damaged offset (-1: none), damaged
   * pages, stale pages, mode, closed (1).
   */
  static native void mappingDescribe(long mapping, long[] status);

  /** Fills 2 longs: mappings that are closed and not released, and their bytes. */
  static native void mappingKept(long[] kept);

  // guard

  static native int guardInstall();

  static native int guardDisable();

  static native boolean guardIsInstalled();

  /** 0, or ZN_EDAMAGED with the offset in the file in {@code fileOffset[0]}. */
  static native int guardCheck(long address, long size, long[] fileOffset);

  /**
   * 1: {@code fault} has device, inode, file offset, address, thread, closed (1), replaced (1); 0:
   * none yet. {@code cursor}: the reader's place, and how many it has missed; both 0 at first.
   */
  static native int guardNext(long[] cursor, long[] fault);

  /** Fills 7 longs: faults, by JVM, guarded, rescued, repeated, passed on, damaged. */
  static native void guardRead(long[] totals);

  // file

  /** A descriptor, or an error. path: in the file system's bytes, without a zero at the end. */
  static native int fileOpen(byte[] path, int flags, int mode);

  static native int fileClose(int fd);

  static native long fileRead(int fd, long address, long size);

  static native long filePread(int fd, long address, long size, long offset);

  static native long fileWrite(int fd, long address, long size);

  static native long filePwrite(int fd, long address, long size, long offset);

  /** As {@link #filePread}, into an array. size: 1 to {@link #BYTES_MAX}. offset: or CURRENT. */
  static native long fileReadBytes(int fd, byte[] bytes, int start, int size, long offset);

  /** As {@link #filePwrite}, out of an array. size: 1 to {@link #BYTES_MAX}. offset: or CURRENT. */
  static native long fileWriteBytes(int fd, byte[] bytes, int start, int size, long offset);

  /** {@code count} pairs of longs: address, size. */
  static native long fileReadv(int fd, long[] parts, int count);

  static native long fileWritev(int fd, long[] parts, int count);

  static native long fileSeek(int fd, long position);

  static native long filePosition(int fd);

  static native long fileSize(int fd);

  /** Fills 2 longs: device and inode. */
  static native int fileIdentify(int fd, long[] identity);

  static native int fileTruncate(int fd, long size);

  static native int fileSync(int fd, boolean metadata);

  static native long fileAlignment(int fd);

  /**
   * 0, or an error: -EAGAIN if another process has a part of it. size Long.MAX_VALUE or 0: to the
   * end.
   */
  static native int fileLock(int fd, long position, long size, boolean shared, boolean wait);

  static native int fileUnlock(int fd, long position, long size);

  // memfd

  /** A descriptor, or an error. */
  static native int memfdCreate(long size);

  static native int memfdSend(int socket, int fd, long size);

  /** A descriptor, or an error; its size goes to {@code size[0]}. */
  static native int memfdReceive(int socket, long[] size);

  static native int memfdEnd(int fd, int cause);

  /** The handle of its record; 0 if it is no memfd of znio. */
  static native long memfdRecord(int fd);

  // region

  /** The address, or an error. alignment: a power of two, or 0. */
  static native long regionAllocate(long size, long alignment);

  static native void regionZero(long address, long size);

  static native void regionFree(long address, long size, long alignment);

  /** {@code zn_region_open}: a handle, or an error. */
  static native long regionOpen(long size, long alignment, int flags, int thread, int site);

  static native int regionClose(long handle, int cause);

  static native int regionRetire(long handle, int cause);

  static native long regionClassBytes(int regionClass);

  static native void regionDecay();

  /** Fills 6 longs: allocated, active, metadata, resident, mapped, retained. */
  static native int regionReadStatistics(long[] statistics);

  /** The layout of records and magazines; {@link Layout} has names for them. */
  static native long[] regionConstants();

  /** The name of {@code regionConstants()[constant]}, null for a number that is none. */
  static native String regionConstantName(int constant);

  // magazine

  /** A handle, which is the address of the magazine, or an error. */
  static native long magazineOpen(int thread);

  static native void magazineClose(long magazine);

  static native int magazineRefill(long magazine, int regionClass);

  static native int magazineFlush(long magazine, int regionClass);

  static native void magazineTrim(long magazine, long bytes);

  static native int magazineBirth(long magazine, long size);

  static native int magazinePublish(long magazine);

  // quarantine

  /**
   * How many blocks are in the batch; 0; or an error. Its number goes to {@code batch[0]}, 1 to
   * {@code batch[1]} if it is full.
   */
  static native long quarantineBegin(long[] batch);

  static native int quarantineEnd(long batch);

  static native int quarantineDefer(long batch);

  // threads

  /** A tool for the next method, which stays; or -ENOTSUP. */
  static native long threadTool();

  /**
   * 1: each other thread waits, is dead or runs native code that touches no buffer; 0: perhaps not.
   *
   * @param carriers the class of threads that virtual threads run on; null if there are none
   */
  static native int threadsAreOutside(long tool, Class<?> carriers);

  // limit

  static native int limitSet(long memoryBytes, long mappedBytes);

  /** Fills 6 longs: memory max, live, taken; mapped max, live; strict. */
  static native void limitRead(long[] state);

  /** Fills 4 longs: physical bytes, the container's bytes, used, version of control groups. */
  static native int limitReadMachine(long[] machine);

  // ledger

  /** Fills 11 longs in the order of {@link Ledger.Totals}. */
  static native void ledgerRead(long[] totals);

  /** System calls that this thread has made through znio. */
  static native long ledgerSystemCalls();

  /** Fills 6 longs (born items, bytes, died items, bytes, cleaned, leaked) and {@link #AGES}. */
  static native int ledgerReadKind(int kind, long[] totals);

  /**
   * Fills 7 longs: magazines, their bytes, depot items, bytes, quarantine items, bytes, records.
   */
  static native void ledgerReadIdle(long[] idle);

  static native void ledgerAdvance(int ticks);

  static native int ledgerTick();

  /** Says who made what a record of a pin or a memfd is about, and where. */
  static native int ledgerSetBirth(long handle, int thread, int site);

  /**
   * Copies up to {@code capacity} records of {@link #ENTRY_LENGTH} longs each, from {@code
   * cursor[0]} on, and moves it. {@code states}: bits {@code 1 << STATE_...}.
   */
  static native long ledgerNext(long[] cursor, int states, long[] entries, int capacity);

  /** A site's number, or an error; the first 4096 bytes count. */
  static native int siteIntern(byte[] text);

  /** Null if there is no such site. */
  static native byte[] siteText(int site);

  /**
   * Fills 3 longs each (site, live items, live bytes) for up to {@code capacity}, at most 64, sites
   * with the most bytes. {@code kinds}: bits {@code 1 << KIND_...}.
   */
  static native int siteLargest(int kinds, long[] totals, int capacity);

  // agent

  /**
   * How many natives of the JDK are bound; or an error, and then {@code message} begins with what
   * is to be said, up to a zero. options: in the file system's bytes.
   */
  static native int agentInstall(byte[] options, byte[] message);

  /** 0; or an error, and {@code message} as of {@link #agentInstall}. Nothing is installed. */
  static native int agentCheck(byte[] options, byte[] message);
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Owns one mapping of C. Buffers over it, and all their views, have it as attachment; memory
 * segments have its life: so the life is reachable as long as anybody can reach the memory, and the
 * addresses are given back after that. Any thread.
 */
final class MappedMemory extends Holder {
  private static final int STATUS_LONGS = 9;
  private static final int STATUS_DEVICE = 2;
  private static final int STATUS_INODE = 3;
  private static final int STATUS_DAMAGED_OFFSET = 4;

  static {
    Guard.load();
    Limit.set();
  }

  /** Ranges to be released. Guarded by itself. */
  private static final List<MappingWatch> PENDING = new ArrayList<>();

  final long address;
  final long size;

  private final String file;
  private final MappingWatch watch;
  private final ByteBuffer key; // whoever has it acquired has the mapping

  /** True once somebody may have a view. */
  private volatile boolean viewed;

  private MappedMemory(MappingWatch watch) {
    Housekeeper.start();
    this.watch = watch;
    this.address = watch.address;
    this.size = watch.size;
    this.file = watch.file;
    this.key = BufferFactory.direct(address, 0, this, token);
  }

  /** What it means that all views are gone, and nobody has closed the mapping. */
  enum Dropping {
    /** It is a leak, and ended. */
    LEAKS,
    /** The collector is meant to end it. */
    ENDS,
    /** It is a leak, and stays: somebody may have the address alone. */
    LEAVES
  }

  /** Knows of the mapping what is needed when all views are gone. */
  static final class MappingWatch {
    final long mapping;
    final long address;
    final long size;
    final String file;
    volatile boolean closed;
    MappingLink link; // keeps the reference alive

    Dropping dropping = Dropping.LEAKS;

    MappingWatch(long mapping, long size, String file) {
      this.mapping = mapping;
      this.address = Native.mappingAddress(mapping);
      this.size = size;
      this.file = file;
    }

    /** Unmaps; somebody may have a view. Returns what C says. */
    int close() {
      int result = Native.mappingClose(mapping);
      closed |= result == 0 || result == Errors.EDAMAGED;
      return result;
    }

    /** Gives the addresses back. Nobody can reach them. Returns what C says. */
    int release() {
      int result = Native.mappingRelease(mapping);
      released(result);
      return result;
    }

    /** Gives the addresses back now. Nobody can reach them, or may any more. */
    void unmap() throws DamagedMappingException {
      link.end();
      long[] status = describe();
      boolean damaged = status[STATUS_DAMAGED_OFFSET] >= 0;
      DamagedMappingException loss = damaged ? damaged("Unmapping") : null;
      closed = true;
      int released = release();
      if (loss == null && released == Errors.EDAMAGED) { // in the moment between
        long offset = Guard.replaced(address, size);
        String lost =
            LostPageException.place(file, status[STATUS_DEVICE], status[STATUS_INODE], offset);
        loss = MappedMemory.damaged("Unmapping " + file, lost, file, offset);
      }
      if (loss != null) {
        throw loss;
      }
    }

    /** Ends what nobody has got. */
    void cancel() {
      if (link != null) {
        link.end();
      }
      release();
    }

    private long[] describe() {
      long[] status = new long[STATUS_LONGS];
      Native.mappingDescribe(mapping, status);
      return status;
    }

    private DamagedMappingException damaged(String operation) {
      long[] status = describe();
      long offset = status[STATUS_DAMAGED_OFFSET];
      String lost =
          LostPageException.place(file, status[STATUS_DEVICE], status[STATUS_INODE], offset);
      return MappedMemory.damaged(operation + " " + file, lost, file, offset);
    }

    private void released(int result) {
      if (result == Errors.EBUSY || result == Errors.ENOMEM) {
        addPending();
      }
    }

    /** Of {@link Blocks#birth}. */
    long birth() {
      return Blocks.birth(Native.mappingRecord(mapping));
    }

    private void addPending() {
      synchronized (PENDING) {
        PENDING.add(this);
      }
    }

    boolean holds(long place) {
      return place >= address && place - address < size;
    }

    /** Not at once: many come at a time, and neighbours leave together. */
    void dropped() {
      if (!closed) {
        boolean stays = dropping == Dropping.LEAVES;
        if (dropping != Dropping.ENDS) {
          LeakLog.add(Ledger.Kind.MAPPING, address, size, Native.mappingRecord(mapping), stays);
        }
        if (stays) {
          return;
        }
        tellDropped(dropping == Dropping.ENDS ? Native.CAUSE_CLEANED : Native.CAUSE_LEAKED);
      }
      addPending();
    }

    private void tellDropped(int cause) {
      Native.mappingSetCause(mapping, cause);
      Object event = Jfr.beginUnmap();
      if (event != null) {
        JfrEvents.endUnmap(event, address, size, file, birth(), cause);
      }
    }

    /** One way to end the mapping. */
    interface Ending {
      void run() throws IOException;
    }

    /** Ends it for its owner, and tells Flight Recorder. */
    void end(Ending ending) throws IOException {
      Object event = Jfr.beginUnmap();
      long birth = event == null ? 0 : birth();
      try {
        ending.run();
      } finally {
        if (event != null && closed) {
          JfrEvents.endUnmap(event, address, size, file, birth, Native.CAUSE_CLOSED);
        }
      }
    }
  }

  static final class MappingLink extends Watch {
    final MappingWatch watch;

    MappingLink(Object life, MappingWatch watch) {
      super(life);
      this.watch = watch;
    }

    @Override
    void dropped() {
      watch.dropped();
    }
  }

  /**
   * The file whose mapping {@code address} lies in; "a file" if nobody knows. Looks at them all.
   */
  static String fileAt(long address) {
    synchronized (PENDING) {
      for (MappingWatch watch : PENDING) {
        if (watch.holds(address)) {
          return watch.file;
        }
      }
    }
    Watch found =
        Watch.find(link -> link instanceof MappingLink mapping && mapping.watch.holds(address));
    return found == null ? "a file" : ((MappingLink) found).watch.file;
  }

  /** Gives back what was dropped, or refused for the moment. Called by the housekeeper. */
  static void releasePending() {
    MappingWatch[] watches;
    synchronized (PENDING) {
      if (PENDING.isEmpty()) {
        return;
      }
    }
    Guard.collect(); // as long as the files' names are known
    synchronized (PENDING) {
      watches = PENDING.toArray(new MappingWatch[0]);
      PENDING.clear();
    }
    int[] results = new int[watches.length];
    Native.mappingReleaseAll(
        Arrays.stream(watches).mapToLong(watch -> watch.mapping).toArray(), results);
    for (int i = 0; i < results.length; i++) {
      watches[i].released(results[i]);
    }
  }

  /**
   * Maps.
   *
   * @param file the name, for messages
   * @throws OutOfMemoryError if the limit of mappings does not allow it
   * @throws IOException if the kernel cannot
   */
  static MappedMemory open(
      int fd, long offset, long size, int mode, int flags, int advice, String file)
      throws IOException {
    int thread = (int) Thread.currentThread().getId();
    int site = Sites.here();
    Object event = Jfr.beginMap();
    long mapping = Native.mappingOpen(fd, offset, size, mode, flags, advice, thread, site);
    if (mapping == Errors.ELIMIT) {
      mapping =
          Limit.tryAgain(
              Errors.ELIMIT,
              () -> Native.mappingOpen(fd, offset, size, mode, flags, advice, thread, site));
    }
    if (mapping == Errors.ELIMIT) {
      throw Limit.outOfMappings(size);
    }
    if (mapping < 0) {
      throw Errors.io("Mapping " + size + " bytes of " + file + " at " + offset, (int) mapping);
    }
    MappingWatch watch = new MappingWatch(mapping, size, file);
    MappedMemory memory;
    try {
      memory = new MappedMemory(watch);
      watch.link = new MappingLink(memory.life(), watch);
    } catch (Throwable t) { // no room in the heap
      watch.release();
      throw t;
    }
    if (event != null) {
      JfrEvents.endMap(event, memory.address, size, file, offset);
    }
    return memory;
  }

  private void checkOpen() {
    if (!isOpen()) {
      throw new IllegalStateException("This mapping is closed");
    }
  }

  /** A new buffer over part of the mapping. */
  MappedByteBuffer view(long offset, int length, boolean readOnly) {
    viewed = true; // before the look: a close after it keeps the addresses
    checkOpen();
    return BufferFactory.mapped(address + offset, length, readOnly, this, token);
  }

  /** A new {@code MemorySegment} over the whole mapping. */
  Object segment(boolean readOnly) {
    MappedByteBuffer mark = view(0, 0, readOnly);
    return SegmentFactory.mapped(mark, address, size, readOnly, session());
  }

  /** The address, which stays mapped until {@link #giveBack}. */
  long borrow() {
    checkOpen(); // a word of the mapping; the next line's is of a buffer
    JdkMemory.acquire(key);
    return address;
  }

  void giveBack() {
    JdkMemory.release(key);
  }

  /** The handle of C, for use between {@link #borrow} and {@link #giveBack}. */
  long mapping() {
    return watch.mapping;
  }

  /** An exception for a failed operation. */
  IOException failure(String operation, int code) {
    if (code == Errors.EDAMAGED) {
      return watch.damaged(operation);
    }
    return Errors.io(operation + " " + file, code);
  }

  private static DamagedMappingException damaged(
      String operation, String lost, String file, long offset) {
    return new DamagedMappingException(
        operation
            + ": "
            + lost
            + " could not be had while it was mapped, so what was written there is lost; write it"
            + " to the file again",
        file,
        offset);
  }

  /** True if a page was lost in the mapping of ours that the memory lies in. */
  static boolean isDamaged(long address, long size) {
    return Native.guardCheck(address, size, new long[1]) < 0;
  }

  /** An exception for an operation on such memory. */
  static DamagedMappingException damagedAt(String operation, long address, long size) {
    long[] offset = new long[1];
    Native.guardCheck(address, size, offset);
    String file = fileAt(address);
    return damaged(operation, "the page at offset " + offset[0] + " of " + file, file, offset[0]);
  }

  /**
   * An exception for a transfer that ended with ZN_ELOST or ZN_EDAMAGED.
   *
   * @param what the transfer
   * @param receipt of C
   * @param memory the buffer or mapping at one of its ends
   */
  static LostPageException lost(String what, int code, long[] receipt, Object memory) {
    long offset = receipt[Native.RECEIPT_LOST_OFFSET];
    String file = fileOf(memory);
    String lost = lostPage(receipt, memory);
    return code == Errors.EDAMAGED
        ? damaged(what, lost, file, offset)
        : new LostPageException(
            what
                + ": "
                + lost
                + " cannot be had: the file was cut short, or its disk is full"
                + " ("
                + Native.errorName(code)
                + ")",
            file,
            offset);
  }

  /** Which page a receipt of C complains of. */
  static String lostPage(long[] receipt, Object memory) {
    return LostPageException.place(
        fileOf(memory),
        receipt[Native.RECEIPT_LOST_DEVICE],
        receipt[Native.RECEIPT_LOST_INODE],
        receipt[Native.RECEIPT_LOST_OFFSET]);
  }

  private static String fileOf(Object memory) {
    if (memory instanceof Mapping mapping) {
      return mapping.memory().file;
    }
    Object holder = memory instanceof ByteBuffer buffer ? BufferFactory.attachment(buffer) : null;
    return holder instanceof MappedMemory mapped ? mapped.file : "a file";
  }

  /**
   * Unmaps. A second call does nothing.
   *
   * @throws IllegalStateException while it is borrowed
   * @throws IOException it is unmapped, but writes were lost; or it could not be unmapped yet
   */
  void close() throws IOException {
    int result = end();
    if (result == Token.CLOSED) {
      return;
    }
    if (result < 0) {
      throw Token.refusal(result, "mapping");
    }
    // Nobody has ever had a view, or nobody wants a stale one caught.
    boolean now = !viewed || SafetyLevel.CURRENT == SafetyLevel.UNCHECKED;
    watch.end(now ? watch::unmap : this::closeSeen);
  }

  /** The addresses stay as long as somebody may have a view. */
  private void closeSeen() throws IOException {
    int closed = watch.close();
    IOException failure = closed < 0 ? failure("Unmapping", closed) : null;
    Reference.reachabilityFence(this); // else the housekeeper may release what is described
    if (failure != null) {
      throw failure;
    }
  }
}

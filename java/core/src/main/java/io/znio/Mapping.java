// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.BitSet;
import java.util.Objects;

/**
 * Pages of a file, or pages of their own, in the address space, with an explicit owner.
 *
 * <p>{@link #close} unmaps before it returns. At the level {@link SafetyLevel#CHECKED} every view
 * throws {@link IllegalStateException} after that; at the others an access throws {@link
 * InternalError}, and reaches nobody else's memory either: the addresses are kept until no view can
 * be reached any more. All methods may be called from any thread.
 *
 * <p>A page that cannot be had, because the file was cut short or its disk is full, is an {@link
 * InternalError} in Java code, as with the JDK, which compiled code may throw some statements late;
 * in znio's own transfers it is a {@link LostPageException}, in those of the JDK's channels an
 * IOException "Bad address". Other native code, and what the JVM does by code of its own ({@code
 * CRC32}, {@code Deflater}, some forms of {@code mismatch}), gets a page of zeros in its place: the
 * process lives, and the mapping counts as damaged from then on, so that all that follows, {@link
 * #force} and {@link #close} too, throws {@link DamagedMappingException}; {@link Guard#faults} and
 * a warning tell which file and where. Three things cannot be told that way, because the JDK does
 * them alone: its own {@code MappedByteBuffer.force()} on a damaged mapping claims success, its
 * {@code load()} and {@code isLoaded()} see the page of zeros, and its channels write it. So force
 * and close the mapping. With {@code -Dio.znio.guard=off} native code that touches such a page ends
 * the JVM.
 *
 * <p>Mirrors {@code FileChannel.map}; differs: it extends the file only if that is asked for, one
 * that is dropped without being closed is a leak ({@link Ledger#leaks}), and it may be larger than
 * 2 GiB, seen through {@link #slice}s.
 */
public final class Mapping implements AutoCloseable {
  /** How a file is mapped. */
  public enum Mode {
    /** Pages are shared with the file and cannot be written. */
    READ_ONLY(Native.READ_ONLY),
    /** Pages are shared with the file: writes reach it. */
    READ_WRITE(Native.READ_WRITE),
    /** Copy-on-write: the first write to a page copies that page; the file stays as it is. */
    PRIVATE(Native.PRIVATE);

    private final int number;

    Mode(int number) {
      this.number = number;
    }
  }

  /** What the kernel is told about the use of pages. */
  public enum Advice {
    /** Nothing special. */
    NORMAL(Native.ADVICE_NORMAL),
    /** They are read one after the other: read ahead more, drop soon. */
    SEQUENTIAL(Native.ADVICE_SEQUENTIAL),
    /** They are read here and there: do not read ahead. */
    RANDOM(Native.ADVICE_RANDOM),
    /** Begin to read them now. */
    WILL_NEED(Native.ADVICE_WILL_NEED),
    /** Take them out of the mapping; the file keeps what was written. Not for private mappings. */
    DONT_NEED(Native.ADVICE_DONT_NEED),
    /** Use transparent huge pages, where the file system can. */
    HUGE_PAGES(Native.ADVICE_HUGE_PAGES),
    /** Do not. */
    NO_HUGE_PAGES(Native.ADVICE_NO_HUGE_PAGES),
    /** Take these first when memory is short (Linux 5.4). */
    COLD(Native.ADVICE_COLD),
    /** Take these now (Linux 5.4). */
    PAGE_OUT(Native.ADVICE_PAGE_OUT);

    private final int number;

    Advice(int number) {
      this.number = number;
    }
  }

  /**
   * How to map; immutable. Begin with {@link #NONE}: {@code
   * Options.NONE.preallocate().advice(Advice.SEQUENTIAL)}.
   */
  public static final class Options {
    /** Nothing special. */
    public static final Options NONE = new Options(0, Advice.NORMAL);

    private final int flags;
    private final Advice advice;

    private Options(int flags, Advice advice) {
      this.flags = flags;
      this.advice = advice;
    }

    private Options with(int flag) {
      return new Options(flags | flag, advice);
    }

    /**
     * A file that is too short is made longer, by a hole, as {@code FileChannel.map} does. The
     * channel must be open for writing, else mapping fails with EACCES.
     *
     * @return these options and that one
     */
    public Options extend() {
      return with(Native.MAP_EXTEND);
    }

    /**
     * The range gets its blocks on the device now, and a file that is too short becomes longer: a
     * full disk is an IOException of the mapping, not an error at a later write. The channel must
     * be open for writing, and the file system must have fallocate(2), else mapping fails.
     *
     * @return these options and that one
     */
    public Options preallocate() {
      return with(Native.MAP_PREALLOCATE);
    }

    /**
     * All pages are read in, and mapped, before the call returns; one that lies behind the end of
     * the file fails it (EFAULT).
     *
     * @return these options and that one
     */
    public Options populate() {
      return with(Native.MAP_POPULATE);
    }

    /**
     * As {@link #populate}, and ready to be written: no later write can fail. Makes all pages of a
     * shared mapping dirty. Not for {@link Mode#READ_ONLY}; Linux 5.14, else mapping fails.
     *
     * @return these options and that one
     */
    public Options populateForWriting() {
      return with(Native.MAP_POPULATE_WRITE);
    }

    /**
     * All pages are read in and stay in memory until the mapping is closed. Mapping fails if the
     * system's limit of locked memory (RLIMIT_MEMLOCK) does not allow it.
     *
     * @return these options and that one
     */
    public Options lock() {
      return with(Native.MAP_LOCK);
    }

    /**
     * Each page stays in memory from its first touch on, until the mapping is closed; the limit is
     * that of {@link #lock}, and counts the whole mapping.
     *
     * @return these options and that one
     */
    public Options lockOnFault() {
      return with(Native.MAP_LOCK_ON_FAULT);
    }

    /**
     * The mapping is aligned for transparent huge pages, and asks for them; the kernel may give
     * small ones all the same.
     *
     * @return these options and that one
     */
    public Options huge() {
      return with(Native.MAP_HUGE);
    }

    /**
     * Advice for the whole mapping; that of an earlier call is dropped.
     *
     * @param advice any but {@link Advice#DONT_NEED} and {@link Advice#PAGE_OUT}, with which
     *     mapping fails (EINVAL)
     * @return these options with that advice
     */
    public Options advice(Advice advice) {
      return new Options(flags, Objects.requireNonNull(advice, "advice"));
    }
  }

  static {
    NativeLibrary.load();
    if (BufferFactory.missing() != null) {
      throw new UnsupportedOperationException(
          "znio cannot make buffers on this JDK: " + BufferFactory.missing());
    }
  }

  private final Mode mode;
  private final boolean anonymous;
  private final MappedMemory memory;

  private Mapping(MappedMemory memory, Mode mode, boolean anonymous) {
    this.memory = memory;
    this.mode = mode;
    this.anonymous = anonymous;
  }

  /**
   * Maps zeroed pages that belong to no file. They may be lent to a pipe or socket ({@link
   * TransferPath#VMSPLICE}): the peer sees what they hold when it reads, and they never go back to
   * an allocator.
   *
   * @param size bytes, 1 to 2^47
   * @return the mapping, {@link Mode#READ_WRITE}, which belongs to the caller
   * @throws IllegalArgumentException for another size
   * @throws OutOfMemoryError if the limit of mappings ({@code -Dio.znio.maxMappedBytes}) would be
   *     passed
   * @throws IOException if there is no address space or memory for it
   */
  public static Mapping anonymous(long size) throws IOException {
    return anonymous(size, Options.NONE);
  }

  /**
   * Maps zeroed pages that belong to no file, with options.
   *
   * @param size bytes, 1 to 2^47
   * @param options how; not {@link Options#extend} or {@link Options#preallocate}
   * @return the mapping, {@link Mode#READ_WRITE}, which belongs to the caller
   * @throws IllegalArgumentException for another size
   * @throws OutOfMemoryError if the limit of mappings ({@code -Dio.znio.maxMappedBytes}) would be
   *     passed
   * @throws IOException if there is no address space or memory for it, or an option does not go
   *     (EINVAL) or is not known to this kernel
   */
  public static Mapping anonymous(long size, Options options) throws IOException {
    check(0, size);
    MappedMemory memory =
        MappedMemory.open(
            -1,
            0,
            size,
            Native.READ_WRITE,
            options.flags,
            options.advice.number,
            "anonymous memory");
    return new Mapping(memory, Mode.READ_WRITE, true);
  }

  /**
   * Maps a whole file, which is opened for that and closed again: for reading in {@link
   * Mode#READ_ONLY}, for reading and writing in the other modes.
   *
   * @param file of the default file system
   * @param mode how
   * @return the mapping, as large as the file is now; it belongs to the caller
   * @throws IllegalArgumentException if the file is empty, or of another file system
   * @throws OutOfMemoryError if the limit of mappings ({@code -Dio.znio.maxMappedBytes}) would be
   *     passed
   * @throws IOException if it cannot be opened or mapped
   */
  public static Mapping map(Path file, Mode mode) throws IOException {
    try (FileChannel channel = open(file, mode, Options.NONE)) {
      return map(channel, file.toString(), mode, 0, channel.size(), Options.NONE);
    }
  }

  /**
   * Maps a part of a file, which is opened for that and closed again: for reading in {@link
   * Mode#READ_ONLY} without {@link Options#extend} and {@link Options#preallocate}, else for
   * reading and writing. The part may end past the end of the file, as in {@link #map(FileChannel,
   * Mode, long, long)}.
   *
   * @param file of the default file system
   * @param mode how
   * @param position of the first byte in the file, {@code >= 0}; need not be aligned
   * @param size bytes, 1 to 2^47
   * @param options how else; {@link Options#NONE} is none
   * @return the mapping, which belongs to the caller
   * @throws IllegalArgumentException for a bad position or size, or a file of another file system
   * @throws OutOfMemoryError if the limit of mappings ({@code -Dio.znio.maxMappedBytes}) would be
   *     passed
   * @throws IOException if the file cannot be opened or mapped, or an option does not go with the
   *     mode (EINVAL), cannot be had (ENOSPC, EFAULT, ...) or is not known to this kernel
   */
  public static Mapping map(Path file, Mode mode, long position, long size, Options options)
      throws IOException {
    try (FileChannel channel = open(file, mode, options)) {
      return map(channel, file.toString(), mode, position, size, options);
    }
  }

  private static FileChannel open(Path file, Mode mode, Options options) throws IOException {
    boolean lengthens = (options.flags & (Native.MAP_EXTEND | Native.MAP_PREALLOCATE)) != 0;
    return mode == Mode.READ_ONLY && !lengthens
        ? FileChannel.open(file, StandardOpenOption.READ)
        : FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  /**
   * Maps a part of a file, which may end past the end of the file; the pages behind it cannot be
   * touched. The mapping outlives the channel.
   *
   * @param file an open channel of the JDK or of znio; it stays the caller's
   * @param mode how
   * @param position of the first byte in the file, {@code >= 0}; need not be aligned
   * @param size bytes, 1 to 2^47
   * @return the mapping, which belongs to the caller
   * @throws IllegalArgumentException for a bad position or size, or a foreign channel
   * @throws NonReadableChannelException if the channel is not readable
   * @throws NonWritableChannelException for {@link Mode#READ_WRITE} and {@link Mode#PRIVATE}, if it
   *     is not writable, as in {@code FileChannel.map}
   * @throws ClosedChannelException if it is closed
   * @throws OutOfMemoryError if the limit of mappings ({@code -Dio.znio.maxMappedBytes}) would be
   *     passed
   * @throws UnsupportedOperationException on a JDK that znio does not know
   * @throws IOException if the kernel cannot map it
   */
  public static Mapping map(FileChannel file, Mode mode, long position, long size)
      throws IOException {
    return map(file, mode, position, size, Options.NONE);
  }

  /**
   * {@link #map(FileChannel, Mode, long, long)} with options. Of a failure nothing is left but the
   * new length of a file that was extended.
   *
   * @param file an open channel of the JDK or of znio; it stays the caller's
   * @param mode how
   * @param position of the first byte in the file, {@code >= 0}; need not be aligned
   * @param size bytes, 1 to 2^47
   * @param options how else; {@link Options#NONE} is none
   * @return the mapping, which belongs to the caller
   * @throws IllegalArgumentException for a bad position or size, or a foreign channel
   * @throws NonReadableChannelException if the channel is not readable
   * @throws NonWritableChannelException for {@link Mode#READ_WRITE} and {@link Mode#PRIVATE}, if it
   *     is not writable
   * @throws ClosedChannelException if it is closed
   * @throws OutOfMemoryError if the limit of mappings ({@code -Dio.znio.maxMappedBytes}) would be
   *     passed
   * @throws UnsupportedOperationException on a JDK that znio does not know
   * @throws IOException if the kernel cannot map it, or an option does not go with the mode
   *     (EINVAL), cannot be had (EACCES, ENOSPC, EFAULT, ...) or is not known to this kernel
   */
  public static Mapping map(FileChannel file, Mode mode, long position, long size, Options options)
      throws IOException {
    return map(file, null, mode, position, size, options);
  }

  private static Mapping map(
      FileChannel file, String name, Mode mode, long position, long size, Options options)
      throws IOException {
    JdkChannels.require();
    if (!file.isOpen()) {
      throw new ClosedChannelException();
    }
    check(position, size);
    if (!JdkFiles.isFile(file)) {
      JdkChannels.kind(file, "File"); // throws
    }
    if (mode != Mode.READ_ONLY && !JdkFiles.isWritable(file)) {
      throw new NonWritableChannelException();
    }
    if (!JdkFiles.isReadable(file)) {
      throw new NonReadableChannelException();
    }
    int place = JdkFiles.add(file);
    try {
      int fd = JdkChannels.descriptor(file, Native.FILE);
      String known = name == null ? JdkFiles.path(file) : name;
      MappedMemory memory =
          MappedMemory.open(
              fd,
              position,
              size,
              mode.number,
              options.flags,
              options.advice.number,
              known == null ? "a file" : known);
      return new Mapping(memory, mode, false);
    } finally {
      JdkFiles.remove(file, place);
    }
  }

  /** A mapping of a descriptor that znio owns. */
  static Mapping ofMemfd(int fd, long size) throws IOException {
    check(0, size);
    MappedMemory memory =
        MappedMemory.open(fd, 0, size, Native.READ_WRITE, 0, Native.ADVICE_NORMAL, "a memfd");
    return new Mapping(memory, Mode.READ_WRITE, false);
  }

  private static void check(long position, long size) {
    if (size <= 0 || size > Layout.SIZE_MAX) {
      throw new IllegalArgumentException(
          "Size " + size + " of a mapping is not in 1..." + Layout.SIZE_MAX);
    }
    if (position < 0 || position > Long.MAX_VALUE - size) {
      throw new IllegalArgumentException(
          "Position " + position + " of a mapping of " + size + " bytes is negative or too large");
    }
  }

  /**
   * A new buffer over the mapping, from 0 to {@link #size}, on which {@code force}, {@code load}
   * and {@code isLoaded} work; read-only in {@link Mode#READ_ONLY}. It lives as long as the
   * mapping, which it does not close.
   *
   * @return the buffer, big endian, position 0, limit = capacity
   * @throws UnsupportedOperationException if the mapping is larger than a buffer can be
   * @throws IllegalStateException if it is closed
   */
  public MappedByteBuffer buffer() {
    if (memory.size > Integer.MAX_VALUE) {
      throw new UnsupportedOperationException(
          "A mapping of " + memory.size + " bytes is larger than one buffer can show; use slice");
    }
    return slice(0, (int) memory.size);
  }

  /**
   * A new buffer over a part of the mapping.
   *
   * @param offset of its first byte in the mapping
   * @param length its capacity in bytes
   * @return the buffer, as {@link #buffer} makes it
   * @throws IndexOutOfBoundsException if that is not within the mapping
   * @throws IllegalStateException if it is closed
   */
  public MappedByteBuffer slice(long offset, int length) {
    checkRange(offset, length);
    return memory.view(offset, length, mode == Mode.READ_ONLY);
  }

  /** For the module io.znio.segments: a {@code MemorySegment} over the whole mapping. */
  Object segment() {
    return memory.segment(mode == Mode.READ_ONLY);
  }

  private void checkRange(long offset, long length) {
    if (offset < 0 || length < 0 || offset > memory.size - length) {
      throw new IndexOutOfBoundsException(
          length + " bytes at " + offset + " of a mapping of " + memory.size);
    }
  }

  /**
   * Where the mapping begins; for diagnosis.
   *
   * @return the address of its first byte; after {@link #close} nothing of the file is there
   * @throws IllegalStateException if it is closed
   */
  public long address() {
    if (!isOpen()) {
      throw new IllegalStateException("This mapping is closed");
    }
    return memory.address;
  }

  /** {@return the size in bytes, also after {@link #close}} */
  public long size() {
    return memory.size;
  }

  /** {@return how it is mapped} */
  public Mode mode() {
    return mode;
  }

  /** {@return whether it is open: false after {@link #close}} */
  public boolean isOpen() {
    return memory.isOpen();
  }

  /** An operation of C on the open mapping. */
  private interface Operation {
    long run(long mapping);
  }

  private long run(String what, Operation operation) throws IOException {
    memory.borrow();
    try {
      long result = operation.run(memory.mapping());
      if (result < 0) {
        throw memory.failure(what, (int) result);
      }
      return result;
    } finally {
      memory.giveBack();
    }
  }

  /**
   * Writes changed pages to the file and waits for the device. Mirrors {@link
   * MappedByteBuffer#force()}; differs: it tells of lost pages. Does nothing to a mapping whose
   * pages are not shared with a file.
   *
   * @throws IllegalStateException if it is closed
   * @throws DamagedMappingException if a page was lost: success is never claimed for it
   * @throws IOException if the device fails (EIO)
   */
  public void force() throws IOException {
    force(0, memory.size);
  }

  /**
   * {@link #force()} for a part. Mirrors {@link MappedByteBuffer#force(int, int)}.
   *
   * @param offset of its first byte in the mapping; need not be aligned
   * @param length bytes, {@code >= 0}; all pages that they touch are written
   * @throws IndexOutOfBoundsException if that is not within the mapping
   * @throws IllegalStateException if it is closed
   * @throws DamagedMappingException if a page of the mapping was lost
   * @throws IOException if the device fails (EIO)
   */
  public void force(long offset, long length) throws IOException {
    checkRange(offset, length);
    run("Forcing", mapping -> Native.mappingForceRange(mapping, offset, length));
  }

  /**
   * Reads a part in and maps its pages. Mirrors {@link MappedByteBuffer#load}, which touches page
   * by page.
   *
   * @param offset of its first byte in the mapping; need not be aligned
   * @param length bytes, {@code >= 0}
   * @throws IndexOutOfBoundsException if that is not within the mapping
   * @throws IllegalStateException if it is closed
   * @throws DamagedMappingException if a page of the mapping was lost before
   * @throws IOException if a page cannot be had (EFAULT, EIO), or before Linux 5.14, where {@link
   *     Advice#WILL_NEED} is the next best
   */
  public void load(long offset, long length) throws IOException {
    checkRange(offset, length);
    run("Loading", mapping -> Native.mappingLoad(mapping, offset, length));
  }

  /**
   * Gives the kernel advice about a part (madvise(2)).
   *
   * @param offset of its first byte in the mapping; need not be aligned
   * @param length bytes, {@code >= 0}
   * @param advice what to tell it
   * @throws IndexOutOfBoundsException if that is not within the mapping
   * @throws IllegalStateException if it is closed
   * @throws DamagedMappingException if a page of the mapping was lost
   * @throws IOException if this kernel does not know the advice; for {@link Advice#DONT_NEED} of a
   *     private or anonymous mapping (EINVAL), whose writes it would drop, or of locked pages
   *     (EBUSY)
   */
  public void advise(long offset, long length, Advice advice) throws IOException {
    checkRange(offset, length);
    run(
        "Advice " + advice + " for",
        mapping -> Native.mappingAdvise(mapping, offset, length, advice.number));
  }

  /**
   * How much of the mapping is in memory now (mincore(2)). Mirrors {@link
   * MappedByteBuffer#isLoaded}, which only tells whether all is.
   *
   * @return pages of the system; all, for a file that this user may neither write nor owns
   * @throws IllegalStateException if it is closed
   * @throws DamagedMappingException if a page of the mapping was lost
   * @throws IOException if the kernel cannot tell
   */
  public long residentPages() throws IOException {
    return run(
        "Counting the resident pages of",
        mapping -> Native.mappingResidency(mapping, 0, memory.size, null));
  }

  /**
   * Which pages of a part are in memory now: bit i is page i, counted from the one that holds
   * {@code offset}. Linux tells this only of files that this user may write or owns; of others it
   * says that all pages are.
   *
   * @param offset of the part's first byte in the mapping; need not be aligned
   * @param length bytes, {@code >= 0}
   * @return a set of the caller's own
   * @throws IndexOutOfBoundsException if that is not within the mapping
   * @throws IllegalArgumentException for a part of more than 2^31 - 1 pages
   * @throws IllegalStateException if the mapping is closed
   * @throws DamagedMappingException if a page of it was lost
   * @throws IOException if the kernel cannot tell
   */
  public BitSet residency(long offset, long length) throws IOException {
    checkRange(offset, length);
    long[][] bits = new long[1][];
    run(
        "Reading the residency of",
        mapping -> {
          long pages = Native.mappingPages(mapping, offset, length);
          if (pages > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(length + " bytes have too many pages for one set");
          }
          bits[0] = new long[(int) Math.max(1, (pages + Long.SIZE - 1) / Long.SIZE)];
          return Native.mappingResidency(mapping, offset, length, bits[0]);
        });
    return BitSet.valueOf(bits[0]);
  }

  /**
   * Unmaps, before it returns. A second call does nothing. Pages that a pipe or socket still holds
   * live on in the kernel until they are read. What was written to a shared mapping is the file's,
   * but not yet on the device: see {@link #force}.
   *
   * @throws IllegalStateException while a call uses the mapping: close it when that has returned
   * @throws UncheckedIOException of a {@link DamagedMappingException}: it is unmapped, but what was
   *     written to a lost page is lost; of another: there is no room for what takes the file's
   *     place, and it is unmapped as soon as no view can be reached
   */
  @Override
  public void close() {
    try {
      memory.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  MappedMemory memory() {
    return memory;
  }

  /** The flags of a transfer out of this mapping. */
  int transferFlags() {
    return anonymous ? Native.PAGES : 0;
  }
}

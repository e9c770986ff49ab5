// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.FileSystemException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.nio.file.attribute.FileAttribute;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A {@link FileChannel} of znio's own: the JDK's contract, served by the C core.
 *
 * <p>Reads, writes, position, size, truncate, force, locks, mappings, interrupt and asynchronous
 * close are those of {@code FileChannel}, with the exceptions of the JDK; where JDK 17 and 25
 * differ, those of 25. What differs on purpose:
 *
 * <ul>
 *   <li>transfers go by {@link Transfer}'s paths: whole beyond 2 GiB, spliced from sockets and
 *       pipes, and a refusal of the kernel concerns one call only;
 *   <li>a mapping of {@link #map} that is unmapped by hand ({@code Unsafe.invokeCleaner}) leaves
 *       views that throw {@link InternalError}, where the JDK's end the process;
 *   <li>closing wakes threads of every kind, virtual ones too.
 * </ul>
 *
 * <p>On JDK 22 and newer {@code map(mode, offset, size, Arena)} makes a {@code MemorySegment} whose
 * life is the arena's. If a page of it was lost and native code wrote there, closing the arena
 * throws {@link java.io.UncheckedIOException} of {@link DamagedMappingException}.
 *
 * <p>A channel that is dropped without being closed is closed when the collector has found it, as
 * the JDK's. It is accepted as an end by {@link Transfer}. Any thread.
 */
public class NativeFileChannel extends FileChannel {
  static {
    NativeLibrary.load();
    JdkChannels.require();
  }

  private final int fd;
  private final int flags;
  private final int alignment; // 0: none
  private final String name;
  private final InFlight threads = new InFlight();
  private final ReentrantLock positionLock = new ReentrantLock();
  private final FileLocks locks = new FileLocks(this);
  private final Watch watch;
  private volatile long[] identity; // null: nobody has asked

  /** Of {@link FileChannelMaker} alone. Owns the descriptor. */
  NativeFileChannel(int fd, int flags, int alignment, String name) {
    this.fd = fd;
    this.flags = flags;
    this.alignment = alignment;
    this.name = name;
    Housekeeper.start();
    this.watch = new Dropped(this, fd);
  }

  /** Closes what nobody closed. */
  private static final class Dropped extends Watch {
    private final int fd;

    Dropped(NativeFileChannel owner, int fd) {
      super(owner);
      this.fd = fd;
    }

    @Override
    void dropped() {
      Native.fileClose(fd);
    }
  }

  // ---- opening

  /**
   * Opens or creates a file. Mirrors {@link FileChannel#open(Path, OpenOption...)}.
   *
   * @param path of the default file system
   * @param options of {@link java.nio.file.StandardOpenOption}, {@link java.nio.file.LinkOption}
   *     and {@code com.sun.nio.file.ExtendedOpenOption.DIRECT}; none is READ
   * @return the channel, which belongs to the caller
   * @throws IllegalArgumentException for READ or TRUNCATE_EXISTING together with APPEND
   * @throws UnsupportedOperationException for another option
   * @throws ProviderMismatchException for a path of another file system
   * @throws FileSystemException if it cannot be opened; the JDK's subclasses say why
   * @throws IOException for a symbolic link with NOFOLLOW_LINKS
   */
  public static NativeFileChannel open(Path path, OpenOption... options) throws IOException {
    Set<OpenOption> set = new HashSet<>(options.length);
    for (OpenOption option : options) {
      set.add(Objects.requireNonNull(option, "option"));
    }
    return open(path, set);
  }

  /**
   * The same with attributes for a file that is created. Mirrors {@link FileChannel#open(Path, Set,
   * FileAttribute...)}.
   *
   * @param path of the default file system
   * @param options as in {@link #open(Path, OpenOption...)}
   * @param attributes "posix:permissions" ({@link
   *     java.nio.file.attribute.PosixFilePermissions#asFileAttribute}), less the umask
   * @return the channel, which belongs to the caller
   * @throws UnsupportedOperationException for another attribute
   * @throws IOException as {@link #open(Path, OpenOption...)}, whose other exceptions it throws too
   */
  public static NativeFileChannel open(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    if (!JdkFileSystem.isOwn(Objects.requireNonNull(path, "path"))) {
      throw new ProviderMismatchException(
          path
              + " is not a path of the default file system; open it by FileChannel.open, or give"
              + " the path of the default file system behind it");
    }
    int mode = FileOptions.mode(attributes);
    int flags = FileOptions.flags(options);
    int fd = FileOptions.open(path, flags, mode);
    boolean opened = false;
    try {
      int alignment = 0;
      if ((flags & Native.OPEN_DIRECT) != 0) {
        alignment = (int) checked("Asking for the block size of", path, Native.fileAlignment(fd));
      }
      NativeFileChannel channel = FileChannelMaker.make(fd, flags, alignment, path.toString());
      opened = true;
      return channel;
    } finally {
      if (!opened) {
        Native.fileClose(fd);
      }
    }
  }

  private static long checked(String operation, Object file, long result) throws IOException {
    if (result < 0) {
      throw Errors.io(operation + " " + file, (int) result);
    }
    return result;
  }

  // ---- in and out of calls

  boolean isReadable() {
    return (flags & Native.OPEN_READ) != 0;
  }

  boolean isWritable() {
    return (flags & Native.OPEN_WRITE) != 0;
  }

  boolean appends() {
    return (flags & Native.OPEN_APPEND) != 0;
  }

  /** Valid between {@link #acquire} and {@link #release}. */
  int descriptor() {
    return fd;
  }

  /** True if such a call waits for the device, not only for the page cache. */
  boolean awaitsDevice(boolean write) {
    int sync = write ? Native.OPEN_SYNC | Native.OPEN_DSYNC : 0;
    return (flags & (Native.OPEN_DIRECT | sync)) != 0;
  }

  String name() {
    return name;
  }

  /** What {@code ExtendedOpenOption.DIRECT} wants multiples of; 0 without it. */
  int alignment() {
    return alignment;
  }

  ReentrantLock positionLock() {
    return positionLock;
  }

  void checkOpen() throws ClosedChannelException {
    if (!isOpen()) {
      throw new ClosedChannelException();
    }
  }

  private void checkReadable() throws ClosedChannelException {
    checkOpen();
    if (!isReadable()) {
      throw new NonReadableChannelException();
    }
  }

  private void checkWritable() throws ClosedChannelException {
    checkOpen();
    if (!isWritable()) {
      throw new NonWritableChannelException();
    }
  }

  /**
   * Enters the calling thread: the descriptor stays open until it has left, and a close wakes it.
   *
   * @param staysOnCarrier it does not wait in Java before it leaves
   * @return its place, for {@link #leave}
   */
  int enter(boolean staysOnCarrier) throws AsynchronousCloseException {
    int place = threads.enter(staysOnCarrier);
    if (!isOpen()) {
      threads.leave(place);
      throw new AsynchronousCloseException();
    }
    return place;
  }

  void leave(int place) {
    if (place != JdkFiles.NONE) {
      threads.leave(place);
    }
  }

  /** {@link #enter}, and with {@code hook} an interrupt closes the channel from now on. */
  int acquire(boolean hook, boolean staysOnCarrier) throws AsynchronousCloseException {
    if (!hook) {
      return enter(staysOnCarrier);
    }
    boolean entered = false;
    try {
      begin();
      int place = enter(staysOnCarrier);
      entered = true;
      return place;
    } finally {
      if (!entered) {
        end(false);
      }
    }
  }

  /**
   * Leaves. The place goes first: whoever closes or interrupts waits for it, perhaps with a lock
   * that {@code end} takes.
   *
   * @param place {@link JdkFiles#NONE} if it has left, and the channel was closed meanwhile
   * @throws AsynchronousCloseException if the channel was closed and nothing is completed
   */
  void release(boolean hook, int place, boolean completed) throws AsynchronousCloseException {
    leave(place);
    if (hook) {
      end(completed);
    } else if (!completed && !isOpen()) {
      throw new AsynchronousCloseException();
    }
  }

  /** A call of C on the descriptor. */
  interface Call {
    long run(int fd);
  }

  /** As {@link #run}, of a call that may block for long. */
  long runBlocking(String operation, Call call) throws IOException {
    return run(
        true,
        operation,
        descriptor -> {
          boolean attempted = JdkFileSystem.beginBlocking();
          try {
            return call.run(descriptor);
          } finally {
            JdkFileSystem.endBlocking(attempted);
          }
        });
  }

  /** {@link #attempt}, whose failure is an exception. */
  long run(boolean hook, String operation, Call call) throws IOException {
    return checked(operation, name, attempt(hook, call));
  }

  /** Runs a call, repeated after signals as long as the channel is open. Returns its result. */
  long attempt(boolean hook, Call call) throws AsynchronousCloseException {
    long result = Errors.EINTR;
    int place = acquire(hook, true);
    try {
      while (result == Errors.EINTR && isOpen()) {
        result = call.run(fd);
      }
    } finally {
      release(hook, place, result >= 0);
    }
    return result;
  }

  // ---- reading and writing

  @Override
  public int read(ByteBuffer target) throws IOException {
    checkReadable();
    return FileBuffers.move(this, target, Native.CURRENT, false);
  }

  @Override
  public int read(ByteBuffer target, long position) throws IOException {
    Objects.requireNonNull(target, "target");
    checkPosition(position);
    checkReadable();
    return FileBuffers.move(this, target, position, false);
  }

  @Override
  public long read(ByteBuffer[] targets, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, targets.length);
    checkReadable();
    return FileBuffers.moveAll(this, targets, offset, length, false);
  }

  @Override
  public int write(ByteBuffer source) throws IOException {
    checkWritable();
    return FileBuffers.move(this, source, Native.CURRENT, true);
  }

  @Override
  public int write(ByteBuffer source, long position) throws IOException {
    Objects.requireNonNull(source, "source");
    checkPosition(position);
    checkWritable();
    return FileBuffers.move(this, source, position, true);
  }

  @Override
  public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, sources.length);
    checkWritable();
    return FileBuffers.moveAll(this, sources, offset, length, true);
  }

  private static void checkPosition(long position) {
    if (position < 0) {
      throw new IllegalArgumentException("Negative position " + position);
    }
  }

  // ---- position, size, device

  /** The position; in append mode the size, which is where the next write goes. */
  @Override
  public long position() throws IOException {
    checkOpen();
    positionLock.lock();
    try {
      return run(
          true, "Asking for the position of", appends() ? Native::fileSize : Native::filePosition);
    } finally {
      positionLock.unlock();
    }
  }

  @Override
  public NativeFileChannel position(long position) throws IOException {
    checkOpen();
    checkPosition(position);
    positionLock.lock();
    try {
      run(true, "Positioning", fd -> Native.fileSeek(fd, position));
      return this;
    } finally {
      positionLock.unlock();
    }
  }

  @Override
  public long size() throws IOException {
    checkOpen();
    return run(true, "Asking for the size of", Native::fileSize);
  }

  /** Are both open on one file? */
  boolean isSameFile(NativeFileChannel other) throws IOException {
    return this == other || Arrays.equals(identity(), other.identity());
  }

  private long[] identity() throws IOException {
    long[] known = identity;
    if (known == null) {
      long[] asked = new long[2];
      run(true, "Asking for the device of", fd -> Native.fileIdentify(fd, asked));
      identity = known = asked;
    }
    return known;
  }

  @Override
  public NativeFileChannel truncate(long size) throws IOException {
    checkOpen();
    if (size < 0) {
      throw new IllegalArgumentException("Negative size " + size);
    }
    checkWritable();
    positionLock.lock();
    try {
      if (size < size()) {
        run(true, "Truncating", fd -> Native.fileTruncate(fd, size));
      }
      if (run(true, "Asking for the position of", Native::filePosition) > size) {
        run(true, "Positioning", fd -> Native.fileSeek(fd, size));
      }
      return this;
    } finally {
      positionLock.unlock();
    }
  }

  @Override
  public void force(boolean metadata) throws IOException {
    checkOpen();
    runBlocking("Forcing", fd -> Native.fileSync(fd, metadata));
  }

  // ---- locks, mappings, transfers

  @Override
  public FileLock lock(long position, long size, boolean shared) throws IOException {
    checkLockable(shared);
    return locks.lock(position, size, shared);
  }

  @Override
  public FileLock tryLock(long position, long size, boolean shared) throws IOException {
    checkLockable(shared);
    return locks.tryLock(position, size, shared);
  }

  private void checkLockable(boolean shared) throws ClosedChannelException {
    if (shared) {
      checkReadable();
    } else {
      checkWritable();
    }
  }

  @Override
  public MappedByteBuffer map(MapMode mode, long position, long size) throws IOException {
    return FileMap.map(this, mode, position, size);
  }

  /**
   * Mirrors {@link FileChannel#transferTo}; by {@link Transfer#transferTo}, or, to a channel that
   * znio cannot borrow a descriptor from, by reads and writes of 32 KiB.
   */
  @Override
  public long transferTo(long position, long count, WritableByteChannel target) throws IOException {
    checkOpen();
    checkOpen(target);
    checkReadable();
    if (target instanceof FileChannel file && JdkFiles.isFile(file) && !JdkFiles.isWritable(file)) {
      throw new NonWritableChannelException();
    }
    checkPosition(position);
    checkCount(count);
    return FileTransfers.to(this, position, count, target);
  }

  /**
   * Mirrors {@link FileChannel#transferFrom} of JDK 21 and newer: past the end a hole is left. By
   * {@link Transfer#transferFrom}, or, from a channel that znio cannot borrow a descriptor from, by
   * reads and writes of 32 KiB.
   *
   * @throws TransferException if bytes that came from the source could not be written: it has them;
   *     if that was because this channel was closed, it is suppressed by the exception that says so
   */
  @Override
  public long transferFrom(ReadableByteChannel source, long position, long count)
      throws IOException {
    checkOpen();
    checkOpen(source);
    if (source instanceof FileChannel file && JdkFiles.isFile(file) && !JdkFiles.isReadable(file)) {
      throw new NonReadableChannelException();
    }
    checkWritable();
    checkPosition(position);
    checkCount(count);
    return FileTransfers.from(this, source, position, count);
  }

  private static void checkOpen(Channel other) throws ClosedChannelException {
    if (!other.isOpen()) {
      throw new ClosedChannelException();
    }
  }

  private static void checkCount(long count) {
    if (count < 0) {
      throw new IllegalArgumentException("Negative count " + count);
    }
  }

  // ---- closing

  /** Wakes all threads that use the descriptor, waits until they have left, and closes it. */
  @Override
  protected void implCloseChannel() throws IOException {
    threads.awaitNone();
    watch.end();
    int result = Native.fileClose(fd);
    locks.invalidateAll();
    checked("Closing", name, result);
  }
}

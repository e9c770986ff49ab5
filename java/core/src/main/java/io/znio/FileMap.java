// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel.MapMode;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A mapping of {@link NativeFileChannel#map}, which has no owner but its buffer: it ends when the
 * collector has found the buffer and all its views dropped, or by {@code Unsafe.invokeCleaner}.
 * After that a view that is left reaches the overlay: InternalError, never somebody else's memory.
 */
final class FileMap implements Runnable {
  private static final long WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private final MappedMemory.MappingWatch mapping;

  private FileMap(MappedMemory.MappingWatch mapping) {
    this.mapping = mapping;
  }

  /** {@code FileChannel.map}, its refusals in its order. */
  static MappedByteBuffer map(NativeFileChannel channel, MapMode mode, long position, long size)
      throws IOException {
    if (size > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("Size " + size + " exceeds Integer.MAX_VALUE");
    }
    Objects.requireNonNull(mode, "mode");
    MappedMemory.MappingWatch mapping = open(channel, mode, position, size);
    return mapping == null
        ? JdkFileSystem.mapped(0, 0, mode, null)
        : buffer(mapping, (int) size, mode);
  }

  /**
   * What the two forms of {@code map} share: their checks from that of the channel on, the
   * extension of the file, and the mapping, for which an owner has to be found now.
   *
   * @return null if size is 0
   */
  static MappedMemory.MappingWatch open(
      NativeFileChannel channel, MapMode mode, long position, long size) throws IOException {
    channel.checkOpen();
    if (position < 0 || size < 0 || position + size < 0) {
      throw new IllegalArgumentException(
          "Position " + position + " or size " + size + " is negative, or their sum too large");
    }
    int number = number(mode);
    if (!isReadOnly(mode) && !channel.isWritable()) {
      throw new NonWritableChannelException();
    }
    if (!channel.isReadable()) {
      throw new NonReadableChannelException();
    }
    if (isSync(mode) && !JdkFileSystem.canWriteBack()) {
      throw new UnsupportedOperationException(
          "Map mode " + mode + ": this machine cannot write back single cache lines");
    }
    int flags = isSync(mode) ? Native.MAP_SYNC : 0;
    MappedMemory.MappingWatch mapping = tryMap(channel, number, flags, position, size);
    if (mapping == null && size > 0) {
      mapping = tryAgain(channel, number, flags, position, size);
      if (mapping == null) {
        throw new IOException(
            "Map failed: no address space, memory or mapping (vm.max_map_count,"
                + " -Dio.znio.maxMappedBytes) is left for "
                + size
                + " bytes of "
                + channel.name());
      }
    }
    return mapping;
  }

  static boolean isReadOnly(MapMode mode) {
    return number(mode) == Native.READ_ONLY;
  }

  /** One of the modes for persistent memory. */
  static boolean isSync(MapMode mode) {
    return mode == JdkFileSystem.READ_ONLY_SYNC || mode == JdkFileSystem.READ_WRITE_SYNC;
  }

  private static int number(MapMode mode) {
    if (mode == MapMode.READ_ONLY || mode == JdkFileSystem.READ_ONLY_SYNC) {
      return Native.READ_ONLY;
    }
    if (mode == MapMode.READ_WRITE || mode == JdkFileSystem.READ_WRITE_SYNC) {
      return Native.READ_WRITE;
    }
    if (mode == MapMode.PRIVATE) {
      return Native.PRIVATE;
    }
    throw new UnsupportedOperationException("Map mode " + mode + " is not supported");
  }

  /**
   * As the JDK does: dropped mappings make room when they are collected. No lock is held between
   * the tries: one may wait for a reader of this channel.
   */
  private static MappedMemory.MappingWatch tryAgain(
      NativeFileChannel channel, int mode, int flags, long position, long size) throws IOException {
    long end = System.nanoTime() + WAIT_NANOS;
    System.gc();
    MappedMemory.MappingWatch mapping;
    do {
      LockSupport.parkNanos(LOOK_NANOS);
      MappedMemory.releasePending();
      mapping = tryMap(channel, mode, flags, position, size);
    } while (mapping == null && System.nanoTime() - end < 0);
    return mapping;
  }

  /** Null if there is no room, or nothing to map. */
  private static MappedMemory.MappingWatch tryMap(
      NativeFileChannel channel, int mode, int flags, long position, long size) throws IOException {
    channel.positionLock().lock(); // as in the JDK, against truncate
    try {
      int extension = extension(channel, position + size);
      if (size == 0) {
        return extension == 0 ? null : extend(channel, position);
      }
      return open(channel, mode, flags | extension, position, size);
    } finally {
      channel.positionLock().unlock();
    }
  }

  private static MappedMemory.MappingWatch extend(NativeFileChannel channel, long size)
      throws IOException {
    channel.run(true, "Extending", fd -> Native.fileTruncate(fd, size));
    return null;
  }

  private static MappedMemory.MappingWatch open(
      NativeFileChannel channel, int mode, int flags, long position, long size) throws IOException {
    int thread = (int) Thread.currentThread().getId();
    int site = Sites.here();
    Object event = Jfr.beginMap();
    long[] made = new long[1];
    boolean complete = false;
    try {
      channel.run(
          true,
          "Mapping " + size + " bytes at " + position + " of",
          fd -> {
            made[0] =
                Native.mappingOpen(
                    fd, position, size, mode, flags, Native.ADVICE_NORMAL, thread, site);
            boolean full = made[0] == Errors.ENOMEM || made[0] == Errors.ELIMIT;
            return full ? 0 : made[0];
          });
      complete = true;
    } finally {
      if (!complete && made[0] > 0) { // interrupted
        Native.mappingRelease(made[0]);
      }
    }
    if (made[0] < 0) {
      return null;
    }
    MappedMemory.MappingWatch mapping =
        new MappedMemory.MappingWatch(made[0], size, channel.name());
    if (event != null) {
      JfrEvents.endMap(event, mapping.address, size, channel.name(), position);
    }
    return mapping;
  }

  /** The flag that makes the file long enough; 0 if it is. */
  private static int extension(NativeFileChannel channel, long end) throws IOException {
    if (channel.size() >= end) {
      return 0;
    }
    if (!channel.isWritable()) {
      throw new IOException(
          channel.name()
              + " is not open for writing, and ends before byte "
              + end
              + ": it cannot be extended to the size of the mapping");
    }
    return Native.MAP_EXTEND;
  }

  private static MappedByteBuffer buffer(
      MappedMemory.MappingWatch mapping, int size, MapMode mode) {
    FileMap map = new FileMap(mapping);
    boolean complete = false;
    try {
      mapping.dropping = MappedMemory.Dropping.ENDS;
      MappedByteBuffer buffer = JdkFileSystem.mapped(mapping.address, size, mode, map);
      mapping.link = new MappedMemory.MappingLink(buffer, mapping);
      complete = true;
      return buffer;
    } finally {
      if (!complete) { // no room in the heap
        mapping.cancel();
      }
    }
  }

  /**
   * By the JDK's cleaner; an exception would end the process. Of a buffer that was dropped, the
   * housekeeper is told too, and many leave together.
   */
  @Override
  public void run() {
    Watch link = mapping.link;
    if (link == null || link.refersTo(null)) {
      return;
    }
    try {
      mapping.end(mapping::close); // whose result nobody could be told
    } catch (IOException | RuntimeException | Error e) {
      Settings.warn("A mapping of " + mapping.file + " was unmapped, but: " + e);
    }
  }
}

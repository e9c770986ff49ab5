// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static io.znio.Internals.unexpected;
import static io.znio.JdkMembers.sign;

import java.io.FileDescriptor;
import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.nio.MappedByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.util.List;

/**
 * The internals of the JDK that {@link NativeFileChannel} shares with the JDK's own channels: the
 * signal that wakes a blocked thread, the table of file locks, the bytes of a path, and the maker
 * of mapped buffers. Stateless; any thread.
 */
final class JdkFileSystem {
  private static final JdkMembers NEEDED = new JdkMembers();
  private static final JdkMembers OPTIONAL = new JdkMembers();
  private static final Class<?> PATH = NEEDED.type("sun.nio.fs.UnixPath");
  private static final Class<?> THREAD = NEEDED.type("sun.nio.ch.NativeThread");
  private static final Class<?> TABLE = NEEDED.type("sun.nio.ch.FileLockTable");
  private static final Class<?> UTIL = NEEDED.type("sun.nio.ch.Util");

  private static final MethodHandle PATH_BYTES =
      NEEDED.method(PATH, "getByteArrayForSysCalls", sign(byte[].class, Path.class));

  private static final MethodHandle CURRENT = NEEDED.function(THREAD, "current", sign(long.class));
  private static final MethodHandle CARRIER =
      OPTIONAL.function(THREAD, "current0", sign(long.class)); // JDK 21+, which has virtual threads
  private static final MethodHandle SIGNAL =
      NEEDED.function(THREAD, "signal", sign(void.class, long.class));

  private static final Class<?> BLOCKER = OPTIONAL.type("jdk.internal.misc.Blocker"); // JDK 22+
  private static final MethodHandle BEGIN_BLOCKING =
      OPTIONAL.function(BLOCKER, "begin", sign(boolean.class));
  private static final MethodHandle END_BLOCKING =
      OPTIONAL.function(BLOCKER, "end", sign(void.class, boolean.class));

  private static final MethodHandle SET_FD =
      NEEDED.setter(
          FileDescriptor.class, "fd", int.class, sign(void.class, FileDescriptor.class, int.class));
  private static final MethodHandle NEW_TABLE =
      NEEDED.constructor(TABLE, sign(Object.class, Channel.class, FileDescriptor.class));
  private static final MethodHandle TABLE_ADD =
      NEEDED.method(TABLE, "add", sign(void.class, Object.class, FileLock.class));
  private static final MethodHandle TABLE_REMOVE =
      NEEDED.method(TABLE, "remove", sign(void.class, Object.class, FileLock.class));
  private static final MethodHandle TABLE_REMOVE_ALL =
      NEEDED.method(TABLE, "removeAll", sign(List.class, Object.class));

  /** Of {@code jdk.nio.mapmode.ExtendedMapMode}; null if this JDK has none. */
  static final MapMode READ_ONLY_SYNC = mode("READ_ONLY_SYNC");

  static final MapMode READ_WRITE_SYNC = mode("READ_WRITE_SYNC");

  private static final MethodHandle CAN_WRITE_BACK =
      OPTIONAL.function(
          OPTIONAL.type("jdk.internal.misc.Unsafe"), "isWritebackEnabled", sign(boolean.class));

  private static final MethodHandle MAPPED = mapped("newMappedByteBuffer");
  private static final MethodHandle MAPPED_READ_ONLY = mapped("newMappedByteBufferR");

  private JdkFileSystem() {}

  private static MapMode mode(String name) {
    try {
      Class<?> modes = Internals.type("jdk.internal.misc.ExtendedMapMode");
      return (MapMode) Internals.constant(modes, name, MapMode.class);
    } catch (ReflectiveOperationException e) {
      return null;
    }
  }

  private static MethodHandle mapped(String name) {
    return NEEDED.function(
        UTIL,
        name,
        sign(
            MappedByteBuffer.class,
            int.class,
            long.class,
            FileDescriptor.class,
            Runnable.class,
            boolean.class));
  }

  /** The first member that this JDK lacks; null if it has all. */
  static String missing() {
    return NEEDED.missing();
  }

  /** True for paths of the JDK's own file system, which have bytes. */
  static boolean isOwn(Path path) {
    return PATH.isInstance(path);
  }

  /** What the kernel is given as the path's name. */
  static byte[] bytes(Path path) {
    try {
      return (byte[]) PATH_BYTES.invokeExact(path);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  // ---- threads

  /** The calling thread, for {@link #signal}; negative if it is virtual. */
  static long thread() {
    try {
      return (long) CURRENT.invokeExact();
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** The same, but the carrier if it is virtual: for as long as it cannot leave it. */
  static long carrier() {
    if (CARRIER == null) {
      return thread();
    }
    try {
      return (long) CARRIER.invokeExact();
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** Ends the system call that a thread is blocked in, by EINTR. pre: the thread lives. */
  static void signal(long thread) {
    try {
      SIGNAL.invokeExact(thread);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /**
   * The calling thread may block for long: if it is virtual, the JDK's scheduler gets another
   * carrier for that time.
   *
   * @return for {@link #endBlocking}
   */
  static boolean beginBlocking() {
    try {
      return BEGIN_BLOCKING != null && (boolean) BEGIN_BLOCKING.invokeExact();
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  static void endBlocking(boolean attempted) {
    if (END_BLOCKING == null) {
      return;
    }
    try {
      END_BLOCKING.invokeExact(attempted);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  // ---- locks

  /**
   * A channel's part of the table in which the JDK looks for overlapping locks of this JVM, by
   * device and inode.
   */
  static Object lockTable(Channel channel, int fd) throws IOException {
    FileDescriptor descriptor = new FileDescriptor();
    try {
      SET_FD.invokeExact(descriptor, fd);
      return (Object) NEW_TABLE.invokeExact(channel, descriptor);
    } catch (Throwable t) {
      throw JdkMembers.expected(t);
    }
  }

  /** Throws OverlappingFileLockException if a channel of this JVM has a part of the range. */
  static void addLock(Object table, FileLock lock) {
    try {
      TABLE_ADD.invokeExact(table, lock);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  static void removeLock(Object table, FileLock lock) {
    try {
      TABLE_REMOVE.invokeExact(table, lock);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** Takes out all locks of the channel; they are {@code FileLock}s. */
  static List<?> removeLocks(Object table) {
    try {
      return (List<?>) TABLE_REMOVE_ALL.invokeExact(table);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  // ---- mapped buffers

  /** True if this machine has an instruction for what {@code force} of a SYNC mode does. */
  static boolean canWriteBack() {
    try {
      return CAN_WRITE_BACK != null && (boolean) CAN_WRITE_BACK.invokeExact();
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /**
   * A mapped buffer with a cleaner: {@code unmapper} runs once, when the collector has found the
   * buffer and all its views dropped, or by {@code Unsafe.invokeCleaner}. It must not throw.
   *
   * @param mode says whether it is read-only, and what {@code force} does
   * @param unmapper null: none
   */
  static MappedByteBuffer mapped(long address, int size, MapMode mode, Runnable unmapper) {
    boolean sync = FileMap.isSync(mode);
    FileDescriptor mark = new FileDescriptor(); // holds no file: its presence says "mapped"
    try {
      return FileMap.isReadOnly(mode)
          ? (MappedByteBuffer) MAPPED_READ_ONLY.invokeExact(size, address, mark, unmapper, sync)
          : (MappedByteBuffer) MAPPED.invokeExact(size, address, mark, unmapper, sync);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }
}

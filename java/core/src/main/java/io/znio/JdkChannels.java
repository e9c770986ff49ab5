// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static io.znio.Internals.unexpected;
import static io.znio.JdkMembers.sign;

import java.io.FileDescriptor;
import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodType;
import java.net.SocketException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channel;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.SelectableChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Every internal of the JDK's channels that znio needs, and the only place where a descriptor is
 * borrowed from the JDK; with {@link JdkFiles} for the part of file channels, and {@link
 * JdkMemory}, which does the same for addresses.
 *
 * <p>A channel is borrowed by {@link #acquireSource} or {@link #acquireTarget} and given back by
 * the matching release, which stands in a {@code finally}. Between the two the descriptor can
 * neither be closed nor reused, an interrupt and a close from another thread wake the thread, and
 * no other thread reads from the same stream (or writes to it), because the JDK's own means are
 * used:
 *
 * <ul>
 *   <li>a file channel: its set of native threads, which {@code close} signals and waits for, and
 *       its interrupt hook;
 *   <li>a socket or pipe end: its read or write lock, {@code beginRead} or {@code beginWrite}, and
 *       since JDK 22 {@code beforeTransferTo} (where a file channel brings the interrupt hook).
 * </ul>
 *
 * <p>On a JDK that lacks one of the members every transfer throws {@link
 * UnsupportedOperationException}, which names it. Stateless; any thread.
 */
final class JdkChannels {
  /** The tokens of streams: the mode they were acquired in, and by which means. */
  private static final int NON_BLOCKING = 0;

  private static final int BLOCKING = 1;
  private static final int HOOKED = 2; // by beforeTransferTo

  /** A parked virtual thread looks this often whether a file channel was closed meanwhile. */
  private static final long PARK_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private static final JdkMembers NEEDED = new JdkMembers();
  private static final JdkMembers OPTIONAL = new JdkMembers();

  private static final Class<?> SOCKET = NEEDED.type("sun.nio.ch.SocketChannelImpl");
  private static final Class<?> SINK = NEEDED.type("sun.nio.ch.SinkChannelImpl");
  private static final Class<?> SOURCE = NEEDED.type("sun.nio.ch.SourceChannelImpl");
  private static final Class<?> SELECTABLE = NEEDED.type("sun.nio.ch.SelChImpl");
  private static final Class<?> NET = NEEDED.type("sun.nio.ch.Net");

  private static final MethodType VOID = sign(void.class, Channel.class);
  private static final MethodType FLAG = sign(void.class, Channel.class, boolean.class);
  private static final MethodType FLAGS =
      sign(void.class, Channel.class, boolean.class, boolean.class);

  // Sockets and pipe ends.
  private static final MethodHandle STREAM_FD =
      NEEDED.method(SELECTABLE, "getFDVal", sign(int.class, Channel.class));
  private static final MethodHandle STREAM_DESCRIPTOR =
      NEEDED.method(SELECTABLE, "getFD", sign(FileDescriptor.class, Channel.class));
  private static final MethodHandle STREAM_PARK =
      NEEDED.method(SELECTABLE, "park", sign(void.class, Channel.class, int.class, long.class));
  private static final MethodHandle NET_POLL =
      NEEDED.function(NET, "poll", sign(int.class, FileDescriptor.class, int.class, long.class));
  private static final int POLLIN = NEEDED.constant(NET, "POLLIN");
  private static final int POLLOUT = NEEDED.constant(NET, "POLLOUT");
  private static final MethodHandle SOCKET_IS_UNIX =
      NEEDED.method(SOCKET, "isUnixSocket", sign(boolean.class, Channel.class));
  private static final MethodHandle SOCKET_ENSURE_CONNECTED =
      NEEDED.method(SOCKET, "ensureOpenAndConnected", VOID);
  private static final MethodHandle SOCKET_OUTPUT_CLOSED =
      NEEDED.field(SOCKET, "isOutputClosed", boolean.class, Channel.class);
  private static final MethodHandle SOCKET_IS_RESET =
      NEEDED.field(SOCKET, "connectionReset", boolean.class, Channel.class);
  private static final MethodHandle SOCKET_SET_RESET =
      NEEDED.setter(SOCKET, "connectionReset", boolean.class, FLAG);

  /**
   * One direction of a kind of stream. A record, because the JIT takes its fields for constants:
   * each use must name one of the constants below.
   */
  private record Way(
      MethodHandle lock, MethodHandle begin, MethodHandle end, MethodHandle unblock) {
    static Way of(Class<?> owner, String lock, String direction) {
      // On a virtual thread (JDK 21+) this has the JDK switch the descriptor to non-blocking.
      String unblock = "configureSocketNonBlockingIfVirtualThread";
      return new Way(
          NEEDED.field(owner, lock, ReentrantLock.class, Channel.class),
          NEEDED.method(owner, "begin" + direction, FLAG),
          NEEDED.method(owner, "end" + direction, FLAGS),
          OPTIONAL.method(owner, unblock, VOID));
    }
  }

  private static final Way SOCKET_READ = Way.of(SOCKET, "readLock", "Read");
  private static final Way SOCKET_WRITE = Way.of(SOCKET, "writeLock", "Write");
  private static final Way PIPE_READ = Way.of(SOURCE, "readLock", "Read");
  private static final Way PIPE_WRITE = Way.of(SINK, "writeLock", "Write");

  // What only some JDKs have: null where it is missing.
  private static final MethodHandle SOCKET_BEFORE =
      OPTIONAL.method(SOCKET, "beforeTransferTo", VOID);
  private static final MethodHandle SOCKET_AFTER = OPTIONAL.method(SOCKET, "afterTransferTo", FLAG);

  private static final String MISSING = missing();

  /** True where {@code beforeTransferTo} and {@code afterTransferTo} exist. */
  static final boolean TRANSFER_HOOKS = SOCKET_BEFORE != null && SOCKET_AFTER != null;

  private JdkChannels() {}

  private static String missing() {
    boolean threadsBlock = JdkThreads.VIRTUAL && SOCKET_WRITE.unblock == null;
    String unblock = threadsBlock ? "a way to leave a virtual thread's carrier" : null;
    for (String first :
        new String[] {
          NEEDED.missing(), JdkFiles.missing(), JdkFileSystem.missing(), JdkMemory.missing()
        }) {
      if (first != null) {
        return first;
      }
    }
    return unblock;
  }

  // ---- what a channel is

  /**
   * Makes sure that this JDK is known.
   *
   * @throws UnsupportedOperationException if it lacks a member that is needed
   */
  static void require() {
    if (MISSING != null) {
      throw new UnsupportedOperationException(
          "znio does not know this JDK ("
              + System.getProperty("java.vm.version")
              + "): "
              + MISSING
              + " is missing; use JDK 17, 21 or 25, or a newer znio");
    }
  }

  /**
   * The kind of an end, one of {@code Native.FILE, TCP, UNIX, PIPE}.
   *
   * @param role "Source" or "Target", for the message
   * @throws IllegalArgumentException for a channel that the JDK did not make, or of another kind
   */
  static int kind(Channel channel, String role) {
    int kind = kind(channel);
    if (kind != 0) {
      return kind;
    }
    throw new IllegalArgumentException(
        role
            + " "
            + channel.getClass().getName()
            + " is not a channel that znio can borrow a descriptor from; give a FileChannel, a"
            + " connected SocketChannel, a pipe end of the JDK or a ByteBuffer, or use the JDK's"
            + " own transferTo and transferFrom for it");
  }

  /** The same; 0 for a channel that cannot be borrowed. */
  static int kind(Channel channel) {
    Class<?> type = channel.getClass();
    if (JdkFiles.isFile(channel)) {
      return Native.FILE;
    }
    if (type == SOCKET) {
      return isUnix(channel) ? Native.UNIX : Native.TCP;
    }
    return type == SINK || type == SOURCE ? Native.PIPE : 0;
  }

  private static boolean isUnix(Channel socket) {
    try {
      return (boolean) SOCKET_IS_UNIX.invokeExact(socket);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** The descriptor of an acquired channel; -1 for memory. */
  static int descriptor(Object end, int kind) {
    try {
      if (kind == Native.FILE) {
        return JdkFiles.descriptor((FileChannel) end);
      }
      return kind == Native.MEMORY ? -1 : (int) STREAM_FD.invokeExact((Channel) end);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** True unless the end is a channel that was closed. */
  static boolean isOpen(Object end) {
    return end == null || ((Channel) end).isOpen();
  }

  // ---- ends of a transfer

  /**
   * Borrows the source of a transfer. Files come with their interrupt hook if {@code hook} is set.
   *
   * @return a token for {@link #releaseSource}: a file's place, or a stream's mode
   */
  static int acquireSource(Object end, int kind, boolean hook) throws IOException {
    switch (kind) {
      case Native.MEMORY:
        return BLOCKING;
      case Native.FILE:
        return JdkFiles.acquire((FileChannel) end, hook);
      case Native.PIPE:
        return acquire(PIPE_READ, (Channel) end, false, true);
      default:
        return acquire(SOCKET_READ, (Channel) end, true, true);
    }
  }

  /** Gives the source back; {@code completed}: bytes were moved. Throws as the JDK's end(). */
  static void releaseSource(Object end, int kind, boolean hook, int token, boolean completed)
      throws IOException {
    switch (kind) {
      case Native.MEMORY:
        return;
      case Native.FILE:
        JdkFiles.release((FileChannel) end, hook, token, completed);
        return;
      case Native.PIPE:
        release(PIPE_READ, (Channel) end, token, completed);
        return;
      default:
        release(SOCKET_READ, (Channel) end, token, completed);
    }
  }

  /**
   * Borrows the target of a transfer.
   *
   * @param hooked the source has set its interrupt hook, so that the target need not
   * @return a token for {@link #releaseTarget}: a file's place, or a stream's mode
   */
  static int acquireTarget(Object end, int kind, boolean hooked) throws IOException {
    switch (kind) {
      case Native.MEMORY:
        return BLOCKING;
      case Native.FILE:
        return JdkFiles.acquire((FileChannel) end, !hooked);
      case Native.PIPE:
        return acquire(PIPE_WRITE, (Channel) end, false, false);
      default:
        return TRANSFER_HOOKS && hooked
            ? acquireHooked((Channel) end)
            : acquire(SOCKET_WRITE, (Channel) end, true, false);
    }
  }

  /** Gives the target back; see {@link #releaseSource}. */
  static void releaseTarget(Object end, int kind, boolean hooked, int token, boolean completed)
      throws IOException {
    switch (kind) {
      case Native.MEMORY:
        return;
      case Native.FILE:
        JdkFiles.release((FileChannel) end, !hooked, token, completed);
        return;
      case Native.PIPE:
        release(PIPE_WRITE, (Channel) end, token, completed);
        return;
      default:
        if ((token & HOOKED) != 0) {
          releaseHooked((Channel) end, completed);
        } else {
          release(SOCKET_WRITE, (Channel) end, token, completed);
        }
    }
  }

  /** True if a stream's token says that it was acquired in blocking mode. */
  static boolean isBlocking(int token) {
    return (token & BLOCKING) != 0;
  }

  // ---- sockets and pipe ends

  private static int mode(Channel stream) {
    return ((SelectableChannel) stream).isBlocking() ? BLOCKING : NON_BLOCKING;
  }

  private static int acquireHooked(Channel socket) throws IOException {
    boolean acquired = false;
    try {
      SOCKET_BEFORE.invokeExact(socket);
      try {
        SOCKET_WRITE.unblock.invokeExact(socket);
        acquired = true;
      } finally {
        if (!acquired) {
          SOCKET_AFTER.invokeExact(socket, false);
        }
      }
      return HOOKED | mode(socket);
    } catch (Throwable t) {
      throw JdkMembers.expected(t);
    }
  }

  private static void releaseHooked(Channel socket, boolean completed) throws IOException {
    try {
      SOCKET_AFTER.invokeExact(socket, completed);
    } catch (Throwable t) {
      throw JdkMembers.expected(t);
    }
  }

  private static int acquire(Way way, Channel stream, boolean socket, boolean reads)
      throws IOException {
    lock(way, stream).lock();
    boolean begun = false;
    boolean acquired = false;
    int mode = NON_BLOCKING;
    try {
      check(stream, socket, reads);
      mode = mode(stream);
      begun = true;
      way.begin.invokeExact(stream, mode == BLOCKING);
      if (way.unblock != null) {
        way.unblock.invokeExact(stream);
      }
      acquired = true;
      return mode;
    } catch (Throwable t) {
      throw JdkMembers.expected(t);
    } finally {
      if (!acquired && begun) {
        release(way, stream, mode, false);
      } else if (!acquired) {
        lock(way, stream).unlock();
      }
    }
  }

  /** What the JDK's read and write look at, holding the lock. */
  private static void check(Channel stream, boolean socket, boolean reads) throws Throwable {
    if (!socket) {
      if (!stream.isOpen()) {
        throw new ClosedChannelException();
      }
      return;
    }
    SOCKET_ENSURE_CONNECTED.invokeExact(stream);
    if (!reads && (boolean) SOCKET_OUTPUT_CLOSED.invokeExact(stream)) {
      throw new ClosedChannelException();
    }
    if (reads && (boolean) SOCKET_IS_RESET.invokeExact(stream)) {
      throw new SocketException("Connection reset");
    }
  }

  private static void release(Way way, Channel stream, int mode, boolean completed)
      throws IOException {
    try {
      way.end.invokeExact(stream, mode == BLOCKING, completed);
    } catch (Throwable t) {
      throw JdkMembers.expected(t);
    } finally {
      lock(way, stream).unlock();
    }
  }

  private static ReentrantLock lock(Way way, Channel stream) {
    try {
      return (ReentrantLock) way.lock.invokeExact(stream);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** The connection was reset: the JDK remembers it, and so every later read of its own says so. */
  static void setReset(Channel socket) {
    try {
      SOCKET_SET_RESET.invokeExact(socket, true);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /**
   * Waits until an acquired stream may be ready, is closed, or (on a virtual thread) a moment has
   * passed. The caller must try again and look whether its channels are open.
   */
  static void park(Object stream, boolean forReading) throws IOException {
    long nanos = JdkThreads.isVirtual() ? PARK_NANOS : 0;
    try {
      STREAM_PARK.invokeExact((Channel) stream, forReading ? POLLIN : POLLOUT, nanos);
    } catch (Throwable t) {
      throw JdkMembers.expected(t);
    }
  }

  /** True if an acquired stream can be read (or is at its end) now. */
  static boolean isReadyToRead(Object stream) throws IOException {
    try {
      FileDescriptor fd = (FileDescriptor) STREAM_DESCRIPTOR.invokeExact((Channel) stream);
      return (int) NET_POLL.invokeExact(fd, POLLIN, 0L) != 0;
    } catch (Throwable t) {
      throw JdkMembers.expected(t);
    }
  }

  // ---- closing

  /**
   * A channel was closed while a transfer used it: makes the exception that the JDK (25) throws,
   * and on an interrupt closes all channels.
   */
  static ClosedChannelException closed(ClosedChannelException cause, Object... ends) {
    if (!(cause instanceof ClosedByInterruptException) && !Thread.currentThread().isInterrupted()) {
      if (cause instanceof AsynchronousCloseException) {
        return cause;
      }
      AsynchronousCloseException result = new AsynchronousCloseException();
      result.addSuppressed(cause);
      return result;
    }
    ClosedByInterruptException result =
        cause instanceof ClosedByInterruptException e ? e : new ClosedByInterruptException();
    for (Object end : ends) {
      try {
        if (end != null) {
          ((Channel) end).close();
        }
      } catch (IOException e) {
        result.addSuppressed(e);
      }
    }
    return result;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.channels.Channel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;

/**
 * Memory without a name in any file system, which two processes share by passing it over a unix
 * socket. Its size is sealed: no holder can cut it short under another's mapping. The JDK has
 * nothing like it.
 *
 * <p>Closing gives up this holder's share; mappings and the peer's copies keep the memory alive.
 * One that is dropped without being closed is a leak: it is reported in {@link Ledger#leaks}, and
 * closed. No limit counts its bytes. All methods may be called from any thread.
 */
public final class Memfd implements AutoCloseable {
  static {
    NativeLibrary.load();
  }

  private final long size;
  private final Borrowable descriptor;
  private final MemfdWatch watch;

  private Memfd(int fd, long size) {
    this.size = size;
    this.descriptor = new Borrowable(fd, "memfd", this::end);
    this.watch = new MemfdWatch(this, fd); // last: nothing can fail after it
  }

  private void end() {
    watch.end();
    Native.memfdEnd(watch.fd, Native.CAUSE_CLOSED);
  }

  /** Takes over a descriptor. */
  private static Memfd of(int fd, long size) {
    try {
      Housekeeper.start();
      int thread = (int) Thread.currentThread().getId();
      Native.ledgerSetBirth(Native.memfdRecord(fd), thread, Sites.here());
      return new Memfd(fd, size);
    } catch (Throwable t) { // no room in the heap
      Native.memfdEnd(fd, Native.CAUSE_CLOSED);
      throw t;
    }
  }

  /** Knows what is needed when the owner is gone. */
  private static final class MemfdWatch extends Watch {
    private final int fd;
    private final long size;

    MemfdWatch(Memfd owner, int fd) {
      super(owner);
      this.fd = fd;
      this.size = owner.size;
    }

    @Override
    void dropped() {
      LeakLog.add(Ledger.Kind.MEMFD, 0, size, Native.memfdRecord(fd));
      Native.memfdEnd(fd, Native.CAUSE_LEAKED);
    }
  }

  /**
   * Creates zeroed shared memory.
   *
   * @param size bytes, 1 to 2^47
   * @return the memory, which belongs to the caller
   * @throws IllegalArgumentException if the size is not positive
   * @throws IOException for more (EFBIG), or if the kernel refuses (ENOMEM, EMFILE)
   */
  public static Memfd create(long size) throws IOException {
    if (size <= 0) {
      throw new IllegalArgumentException("Size " + size + " of a memfd is not positive");
    }
    int fd = Native.memfdCreate(size);
    if (fd < 0) {
      throw Errors.io("Creating a memfd of " + size + " bytes", fd);
    }
    return of(fd, size);
  }

  /**
   * Sends this memory to the peer of a connected unix socket, which takes it by {@link #receive}.
   * Nothing appears in the stream besides one message of 16 bytes, sent whole or not at all. Waits
   * in blocking mode. This share stays the caller's.
   *
   * @param socket the socket, which stays the caller's
   * @return false if the socket is in non-blocking mode and full
   * @throws IllegalArgumentException if it is not a unix socket of the JDK
   * @throws IllegalStateException if this memory is closed
   * @throws java.nio.channels.NotYetConnectedException if the socket is not connected
   * @throws ClosedChannelException if the socket is closed, before or meanwhile
   * @throws UnsupportedOperationException on a JDK that znio does not know
   * @throws IOException if the kernel cannot send it (EPIPE: the peer is gone)
   */
  public boolean send(SocketChannel socket) throws IOException {
    checkUnix(socket);
    int fd = (int) descriptor.borrow();
    try {
      return whileAcquired(socket, false, new long[] {size}, fd) >= 0;
    } finally {
      descriptor.giveBack();
    }
  }

  /**
   * Receives the memory that the peer of a unix socket has sent. Waits in blocking mode. Its size
   * and seals are checked.
   *
   * @param socket the socket, which stays the caller's
   * @return the memory, which belongs to the caller; null if the socket is in non-blocking mode and
   *     nothing has come
   * @throws IllegalArgumentException if it is not a unix socket of the JDK
   * @throws java.nio.channels.NotYetConnectedException if the socket is not connected
   * @throws ClosedChannelException if the socket is closed, before or meanwhile
   * @throws UnsupportedOperationException on a JDK that znio does not know
   * @throws IOException at the end of the stream (ECONNRESET), or if something else came (EPROTO):
   *     up to 16 bytes of it are consumed
   */
  public static Memfd receive(SocketChannel socket) throws IOException {
    checkUnix(socket);
    long[] size = new long[1];
    int fd = whileAcquired(socket, true, size, -1);
    return fd < 0 ? null : of(fd, size[0]);
  }

  private static void checkUnix(SocketChannel socket) throws IOException {
    JdkChannels.require();
    if (!socket.isOpen()) {
      throw new ClosedChannelException();
    }
    if (JdkChannels.kind(socket, "Socket") != Native.UNIX) {
      throw new IllegalArgumentException(
          "A memfd travels over a unix domain socket only, and this is " + socket);
    }
  }

  /** One message, sent or received. returns: what C says, or EAGAIN in non-blocking mode. */
  private static int whileAcquired(SocketChannel socket, boolean read, long[] size, int fd)
      throws IOException {
    int result = Errors.EAGAIN;
    try {
      int token =
          read
              ? JdkChannels.acquireSource(socket, Native.UNIX, false)
              : JdkChannels.acquireTarget(socket, Native.UNIX, false);
      try {
        result = exchange(socket, read, token, size, fd);
      } finally {
        if (read) {
          JdkChannels.releaseSource(socket, Native.UNIX, false, token, result >= 0);
        } else {
          JdkChannels.releaseTarget(socket, Native.UNIX, false, token, result >= 0);
        }
      }
    } catch (ClosedChannelException e) {
      if (read && result >= 0) {
        Native.memfdEnd(result, Native.CAUSE_CLOSED);
      }
      throw JdkChannels.closed(e, (Channel) socket);
    }
    if (result < 0 && result != Errors.EAGAIN) {
      throw Errors.io(read ? "Receiving a memfd" : "Sending a memfd", result);
    }
    return result;
  }

  private static int exchange(SocketChannel socket, boolean read, int token, long[] size, int fd)
      throws IOException {
    int descriptor = JdkChannels.descriptor(socket, Native.UNIX);
    while (true) {
      int result =
          read ? Native.memfdReceive(descriptor, size) : Native.memfdSend(descriptor, fd, size[0]);
      if (result == Errors.EAGAIN && JdkChannels.isBlocking(token)) {
        JdkChannels.park(socket, read);
      } else if (result != Errors.EINTR) {
        return result;
      }
      if (!socket.isOpen()) {
        return Errors.EBADF; // the release throws
      }
    }
  }

  /**
   * Maps the whole memory, shared with all its holders, for reading and writing.
   *
   * @return the mapping, which belongs to the caller and outlives this share
   * @throws IllegalStateException if this memory is closed
   * @throws OutOfMemoryError if the limit of mappings ({@code -Dio.znio.maxMappedBytes}) would be
   *     passed
   * @throws IOException if the kernel cannot map it
   */
  public Mapping map() throws IOException {
    int fd = (int) descriptor.borrow();
    try {
      return Mapping.ofMemfd(fd, size);
    } finally {
      descriptor.giveBack();
    }
  }

  /** {@return the size in bytes, also after {@link #close}} */
  public long size() {
    return size;
  }

  /**
   * Gives up this share of the memory. A second call does nothing.
   *
   * @throws IllegalStateException while a call on another thread uses it
   */
  @Override
  public void close() {
    descriptor.close();
  }
}

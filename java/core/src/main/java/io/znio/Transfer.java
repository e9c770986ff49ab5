// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * Moves bytes from one end to another by a named path, or by the best one.
 *
 * <p>The static methods mirror {@code FileChannel}: {@link #transferTo}, {@link #transferFrom}, and
 * {@link #transferRegions} for many pieces at once. The builder joins any two ends:
 *
 * <pre>{@code
 * Receipt receipt =
 *     Transfer.from(file, 0).to(socket).via(TransferPath.SENDFILE).transferWithReceipt();
 * }</pre>
 *
 * <p><b>Ends.</b> Channels that the JDK made (files, TCP and unix stream sockets, pipe ends), in
 * blocking or non-blocking mode; byte buffers; {@link Mapping}s; files by {@link Path}. Other
 * channels (wrappers, datagrams, {@code Channels.newChannel}) are refused by {@link
 * IllegalArgumentException}. Channels and buffers stay the caller's. A heap buffer is copied once
 * more and moves by {@link TransferPath#AUTO} or {@link TransferPath#READ_WRITE} only.
 *
 * <p><b>Rules of the JDK.</b> During a call no descriptor is closed or reused. Closing any of the
 * channels from another thread ends the call with {@link
 * java.nio.channels.AsynchronousCloseException}; interrupting the thread closes all its channels
 * and throws {@link java.nio.channels.ClosedByInterruptException}, with the interrupt status set.
 * As in the JDK, a transfer out of a socket or pipe that has moved bytes returns their number
 * instead, and the next call throws. On a virtual thread a transfer that waits for a socket or pipe
 * is parked and does not hold its carrier; work on files alone holds it.
 *
 * <p><b>Errors</b> of the kernel, and a path that is impossible here, are {@link
 * TransferException}s. If some bytes were moved before the error, their number is returned and the
 * next call meets the error. Bytes that were taken from a socket or pipe and cannot be delivered
 * are handed out by {@link TransferException#stranded}. On a JDK whose channels znio does not know
 * every transfer throws {@link UnsupportedOperationException}, which names what is missing.
 *
 * <p>With sendfile, splice, vmsplice and tee the receiver gets references to the source's pages: a
 * later change of the source may still reach it.
 *
 * <p>The static methods may be called from any thread; an instance is for one.
 */
public final class Transfer {
  static {
    NativeLibrary.load();
  }

  /** How often a wait for lent memory looks whether the socket was closed. */
  private static final long CLOSE_CHECK_MILLIS = 50;

  private final TransferPlan plan;

  private Transfer(Object source, long sourcePosition) {
    this.plan = new TransferPlan(source, sourcePosition);
  }

  // ---- as FileChannel

  /**
   * Moves bytes of a file to a channel. The file's position stays; a target file's position moves.
   *
   * <p>Mirrors {@link FileChannel#transferTo}; differs: counts over 2 GiB are moved whole; pipes
   * and unix sockets are served as fast as TCP; a refusal of the kernel concerns this call only; on
   * an interrupt both channels are closed on every JDK, as JDK 25 does.
   *
   * @param source the file
   * @param position of the first byte, {@code >= 0}; at or past the end of the file nothing is
   *     moved
   * @param count bytes at most, {@code >= 0}
   * @param target a socket or pipe, or a file at its own position
   * @return bytes moved; 0 at the end, or if the target is in non-blocking mode and full
   * @throws ClosedChannelException if a channel is closed, before or meanwhile
   * @throws java.nio.channels.NotYetConnectedException if a socket is not connected
   * @throws NonReadableChannelException if the source was not opened for reading
   * @throws NonWritableChannelException if a target file was not opened for writing
   * @throws IllegalArgumentException for a negative position or count, or a foreign channel
   * @throws TransferException if the kernel fails (EPIPE, ENOSPC, ...) before any byte is moved
   * @throws IOException what the JDK's channels throw
   */
  public static long transferTo(
      FileChannel source, long position, long count, WritableByteChannel target)
      throws IOException {
    int kind = checkTransferTo(source, position, count, target);
    if (JdkThreads.isVirtual()) {
      return engineTo(source, position, count, target, kind).run();
    }
    return FileTransfer.to(source, position, count, target, kind);
  }

  /**
   * {@link #transferTo} with a receipt; what it throws is the same.
   *
   * @param source the file
   * @param position of the first byte, {@code >= 0}; at or past the end of the file nothing is
   *     moved
   * @param count bytes at most, {@code >= 0}
   * @param target a socket or pipe, or a file at its own position
   * @return what was done; its {@link Receipt#bytes} is what {@link #transferTo} returns
   * @throws IOException as {@link #transferTo}
   */
  public static Receipt transferToWithReceipt(
      FileChannel source, long position, long count, WritableByteChannel target)
      throws IOException {
    int kind = checkTransferTo(source, position, count, target);
    TransferEngine engine = engineTo(source, position, count, target, kind);
    engine.run();
    return engine.receipt();
  }

  private static TransferEngine engineTo(
      FileChannel source, long position, long count, WritableByteChannel target, int kind) {
    TransferEngine engine =
        new TransferEngine(source, Native.FILE, position, target, kind, Native.CURRENT, count);
    engine.once = !JdkThreads.isVirtual();
    return engine;
  }

  private static int checkTransferTo(
      FileChannel source, long position, long count, WritableByteChannel target)
      throws ClosedChannelException {
    JdkChannels.require();
    if (!source.isOpen() || !target.isOpen()) {
      throw new ClosedChannelException();
    }
    checkReadable(source);
    int kind = JdkChannels.kind(target, "Target");
    if (kind == Native.FILE && !JdkFiles.isWritable((FileChannel) target)) {
      throw new NonWritableChannelException();
    }
    checkNumbers(position, count);
    return kind;
  }

  /**
   * Moves bytes of a channel into a file. The file's position stays; a source file's position
   * moves. From a socket or pipe it goes on until count bytes have come, the stream ends, or (in
   * non-blocking mode) nothing more is ready.
   *
   * <p>Mirrors {@link FileChannel#transferFrom} of the newest JDK (a position past the end leaves a
   * hole); differs: sockets and pipes are spliced, a thread that waits for them is woken by closing
   * the file, and no byte that was taken from the source is lost.
   *
   * @param target the file
   * @param source a socket or pipe, or a file at its own position
   * @param position in the target, of the first byte, {@code >= 0}; ignored if the file is open in
   *     append mode
   * @param count bytes at most, {@code >= 0}
   * @return bytes moved; 0 at the end of the source, or if nothing is ready
   * @throws ClosedChannelException if a channel is closed, before or meanwhile
   * @throws java.nio.channels.NotYetConnectedException if a socket is not connected
   * @throws NonReadableChannelException if a source file was not opened for reading
   * @throws NonWritableChannelException if the target was not opened for writing
   * @throws IllegalArgumentException for a negative position or count, or a foreign channel
   * @throws TransferException if the kernel fails before any byte is moved, or with bytes stranded
   * @throws IOException what the JDK's channels throw: {@link java.net.SocketException} if the
   *     connection was reset before
   */
  public static long transferFrom(
      FileChannel target, ReadableByteChannel source, long position, long count)
      throws IOException {
    return engineFrom(target, source, position, count).run();
  }

  /**
   * {@link #transferFrom} with a receipt; what it throws is the same.
   *
   * @param target the file
   * @param source a socket or pipe, or a file at its own position
   * @param position in the target, of the first byte, {@code >= 0}; ignored if the file is open in
   *     append mode
   * @param count bytes at most, {@code >= 0}
   * @return what was done; its {@link Receipt#bytes} is what {@link #transferFrom} returns
   * @throws IOException as {@link #transferFrom}
   */
  public static Receipt transferFromWithReceipt(
      FileChannel target, ReadableByteChannel source, long position, long count)
      throws IOException {
    TransferEngine engine = engineFrom(target, source, position, count);
    engine.run();
    return engine.receipt();
  }

  private static TransferEngine engineFrom(
      FileChannel target, ReadableByteChannel source, long position, long count)
      throws ClosedChannelException {
    JdkChannels.require();
    if (!target.isOpen() || !source.isOpen()) {
      throw new ClosedChannelException();
    }
    int kind = JdkChannels.kind(source, "Source");
    if (kind == Native.FILE && !JdkFiles.isReadable((FileChannel) source)) {
      throw new NonReadableChannelException();
    }
    checkWritable(target);
    checkNumbers(position, count);
    TransferEngine engine =
        new TransferEngine(source, kind, Native.CURRENT, target, Native.FILE, position, count);
    engine.once = kind == Native.FILE;
    return engine;
  }

  /**
   * Sends an optional header and then pieces of files, in order, with as few system calls as the
   * path allows.
   *
   * <p>In blocking mode all is sent; in non-blocking mode as much as the target takes. A region
   * that reaches past the end of its file sends what is there and ends the call: the result is then
   * less than the sum. On an interrupt the target is closed; the files stay open.
   *
   * @param regions the pieces; files may differ
   * @param headerOrNull bytes from position to limit go first; the position moves past those sent
   * @param target a file at its own position, a socket or a pipe
   * @return bytes sent, the header's included; 0 if the target is in non-blocking mode and full
   * @throws ClosedChannelException if a channel is closed, before or meanwhile
   * @throws java.nio.channels.NotYetConnectedException if a socket is not connected
   * @throws NonReadableChannelException if a file was not opened for reading
   * @throws NonWritableChannelException if a target file was not opened for writing
   * @throws IllegalArgumentException for a foreign channel, or if the counts overflow
   * @throws IllegalStateException if the header's memory is freed or its mapping closed
   * @throws OutOfMemoryError if the limit ({@code -Dio.znio.maxBytes}) has no room for the copy of
   *     a heap buffer's header
   * @throws LostPageException if a page of a mapped header cannot be had, before any byte is moved
   * @throws TransferException if the kernel fails before any byte is moved
   * @throws IOException what the JDK's channels throw
   */
  public static long transferRegions(
      FileRegion[] regions, ByteBuffer headerOrNull, WritableByteChannel target)
      throws IOException {
    return regionTransfer(regions, headerOrNull, target, TransferPath.AUTO, false).run();
  }

  /**
   * {@link #transferRegions} by a named path, with a receipt.
   *
   * @param regions the pieces; files may differ
   * @param headerOrNull bytes from position to limit go first; the position moves past those sent
   * @param target a file at its own position, a socket or a pipe
   * @param path AUTO, READ_WRITE (gathers by a copy), SENDFILE or SPLICE (not to a pipe)
   * @return what was done; its {@link Receipt#bytes} is what {@link #transferRegions} returns
   * @throws TransferException if the path cannot do it, and as {@link #transferRegions}
   * @throws IOException as {@link #transferRegions}
   */
  public static Receipt transferRegionsWithReceipt(
      FileRegion[] regions, ByteBuffer headerOrNull, WritableByteChannel target, TransferPath path)
      throws IOException {
    RegionTransfer transfer = regionTransfer(regions, headerOrNull, target, path, true);
    transfer.run();
    return transfer.receipt();
  }

  private static RegionTransfer regionTransfer(
      FileRegion[] regions,
      ByteBuffer header,
      WritableByteChannel target,
      TransferPath path,
      boolean wantsReceipt)
      throws ClosedChannelException {
    JdkChannels.require();
    Objects.requireNonNull(regions, "regions");
    Objects.requireNonNull(path, "path");
    if (!target.isOpen()) {
      throw new ClosedChannelException();
    }
    RegionTransfer transfer = new RegionTransfer(regions, header, target, path, wantsReceipt);
    if (JdkFiles.isFile(target) && !JdkFiles.isWritable((FileChannel) target)) {
      throw new NonWritableChannelException();
    }
    return transfer;
  }

  /**
   * {@return how many pieces of memory transfers have lent to the kernel that are not yet returned,
   * in the whole process: see {@link Loan}}
   */
  public static int pinned() {
    return Pins.count();
  }

  // ---- the builder

  /**
   * From a file; the channel's own position stays. The channel is checked when the transfer runs.
   *
   * @param file the source
   * @param position of the first byte, {@code >= 0}
   * @return a new transfer
   * @throws IllegalArgumentException if the position is negative
   */
  public static Transfer from(FileChannel file, long position) {
    Objects.requireNonNull(file, "file");
    return new Transfer(file, checkPosition(position));
  }

  /**
   * From a socket or pipe, or from a file at its own position, which moves. The channel is checked
   * when the transfer runs.
   *
   * @param channel the source
   * @return a new transfer
   */
  public static Transfer from(ReadableByteChannel channel) {
    return new Transfer(Objects.requireNonNull(channel, "channel"), Native.CURRENT);
  }

  /**
   * From a buffer, position to limit; the position moves past the bytes that were moved.
   *
   * @param buffer the source; as long as it is lent ({@link Receipt#loan}) it must not be changed
   * @return a new transfer
   */
  public static Transfer from(ByteBuffer buffer) {
    return new Transfer(Objects.requireNonNull(buffer, "buffer"), 0);
  }

  /**
   * From a mapping. Only this lends pages to {@link TransferPath#VMSPLICE}.
   *
   * @param mapping the source; as long as it is lent ({@link Receipt#loan}) it must not be changed
   * @param offset of the first byte in the mapping, 0 to its size
   * @return a new transfer
   * @throws IllegalArgumentException for another offset
   */
  public static Transfer from(Mapping mapping, long offset) {
    if (offset < 0 || offset > mapping.size()) {
      throw new IllegalArgumentException(
          "Offset " + offset + " is outside a mapping of " + mapping.size() + " bytes");
    }
    return new Transfer(mapping, offset);
  }

  /**
   * From a file that is opened for each run of the transfer, and closed again.
   *
   * @param file the source, of the default file system
   * @param position of the first byte, {@code >= 0}
   * @return a new transfer
   * @throws IllegalArgumentException if the position is negative
   */
  public static Transfer from(Path file, long position) {
    return new Transfer(Objects.requireNonNull(file, "file"), checkPosition(position));
  }

  /**
   * To a file; the channel's own position stays. The last call of {@code to} counts.
   *
   * @param file the target
   * @param position of the first byte, {@code >= 0}; ignored if the file is open in append mode
   * @return this transfer
   * @throws IllegalArgumentException if the position is negative
   */
  public Transfer to(FileChannel file, long position) {
    plan.target = Objects.requireNonNull(file, "file");
    plan.targetPosition = checkPosition(position);
    return this;
  }

  /**
   * To a socket or pipe, or to a file at its own position, which moves.
   *
   * @param channel the target
   * @return this transfer
   */
  public Transfer to(WritableByteChannel channel) {
    plan.target = Objects.requireNonNull(channel, "channel");
    plan.targetPosition = Native.CURRENT;
    return this;
  }

  /**
   * To a file that is opened for each run of the transfer, and closed again: created, or cut to
   * nothing if it exists.
   *
   * @param file the target, of the default file system
   * @return this transfer
   */
  public Transfer to(Path file) {
    plan.target = Objects.requireNonNull(file, "file");
    plan.targetPosition = 0;
    return this;
  }

  /**
   * To a buffer, position to limit; the position moves past the bytes that were moved.
   *
   * @param buffer the target, heap or direct
   * @return this transfer
   * @throws IllegalArgumentException if it is read-only
   */
  public Transfer to(ByteBuffer buffer) {
    if (buffer.isReadOnly()) {
      throw new IllegalArgumentException("Read-only buffer as the target of a transfer");
    }
    plan.target = buffer;
    return this;
  }

  /**
   * By this path and no other.
   *
   * @param path which; {@link TransferPath#AUTO}, the default, chooses
   * @return this transfer
   */
  public Transfer via(TransferPath path) {
    plan.path = Objects.requireNonNull(path, "path");
    return this;
  }

  /**
   * At most this many bytes; without it, all that the source has (and a buffer holds).
   *
   * @param count bytes, {@code >= 0}
   * @return this transfer
   * @throws IllegalArgumentException if it is negative
   */
  public Transfer count(long count) {
    if (count < 0) {
      throw new IllegalArgumentException("Negative count " + count);
    }
    plan.count = count;
    return this;
  }

  /**
   * How many requests of io_uring are in flight at a time. Other paths take no notice.
   *
   * @param depth 1 to 64; the default is 8
   * @return this transfer
   * @throws IllegalArgumentException for another number
   */
  public Transfer depth(int depth) {
    if (depth < 1 || depth > 64) {
      throw new IllegalArgumentException("Depth " + depth + " is not in 1...64");
    }
    plan.depth = depth;
    return this;
  }

  /**
   * How large one request of io_uring is. Other paths take no notice.
   *
   * @param bytes a multiple of 4096 up to 1 MiB; the default is 256 KiB
   * @return this transfer
   * @throws IllegalArgumentException for another number
   */
  public Transfer chunk(int bytes) {
    if (bytes < 4096 || bytes > 1 << 20 || bytes % 4096 != 0) {
      throw new IllegalArgumentException(
          "Chunk of " + bytes + " bytes is not a multiple of 4096 up to " + (1 << 20));
    }
    plan.chunkBytes = bytes;
    return this;
  }

  /**
   * A second target, which gets the same bytes: for {@link TransferPath#TEE}, which it implies.
   *
   * @param channel the second target; not the first
   * @return this transfer
   */
  public Transfer tee(WritableByteChannel channel) {
    plan.tee = Objects.requireNonNull(channel, "channel");
    return this;
  }

  /**
   * Moves the bytes: all that was asked for if the streams are in blocking mode, else until one is
   * not ready. If memory was lent to the kernel, waits until it is returned, the target is closed,
   * or the thread is interrupted (the interrupt status then stays set); in the last two cases the
   * memory stays lent, and reachable.
   *
   * @return bytes moved; 0 at the end of the source
   * @throws IllegalStateException if there is no target, or memory at one end is freed or closed
   * @throws IllegalArgumentException for a foreign channel, or ends or a path that never go
   *     together
   * @throws ClosedChannelException if a channel is closed, before or meanwhile
   * @throws java.nio.channels.NotYetConnectedException if a socket is not connected
   * @throws NonReadableChannelException if a source file was not opened for reading
   * @throws NonWritableChannelException if a target file was not opened for writing
   * @throws OutOfMemoryError if memory was to be lent to the kernel, or a heap buffer to be copied,
   *     and the limit ({@code -Dio.znio.maxBytes}) has no room for it
   * @throws LostPageException if a page of a mapping cannot be had, before any byte is moved; a
   *     {@link DamagedMappingException} comes after that, too
   * @throws TransferException if the path cannot do it here, or the kernel fails before any byte is
   *     moved, or with bytes stranded
   * @throws IOException if a {@link Path} cannot be opened, and what the JDK's channels throw
   */
  public long transfer() throws IOException {
    Receipt receipt = transferWithReceipt();
    awaitReturn(receipt.loan(), plan.target);
    return receipt.bytes();
  }

  /**
   * As {@link #transfer}, with a receipt. Does not wait for memory that was lent to the kernel: see
   * {@link Receipt#loan}.
   *
   * @return what was done; its {@link Receipt#bytes} is what {@link #transfer} returns
   * @throws IOException as {@link #transfer}, whose other exceptions it throws too
   */
  public Receipt transferWithReceipt() throws IOException {
    return plan.run();
  }

  private static void awaitReturn(Loan loan, Object target) {
    try {
      while (!loan.await(CLOSE_CHECK_MILLIS, TimeUnit.MILLISECONDS)) {
        if (target instanceof Channel channel && !channel.isOpen()) {
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- checks

  private static void checkReadable(FileChannel file) {
    if (!JdkFiles.isFile(file)) {
      JdkChannels.kind(file, "Source"); // throws
    }
    if (!JdkFiles.isReadable(file)) {
      throw new NonReadableChannelException();
    }
  }

  private static void checkWritable(FileChannel file) {
    if (!JdkFiles.isFile(file)) {
      JdkChannels.kind(file, "Target"); // throws
    }
    if (!JdkFiles.isWritable(file)) {
      throw new NonWritableChannelException();
    }
  }

  private static void checkNumbers(long position, long count) {
    if (position < 0) {
      throw new IllegalArgumentException("Negative position " + position);
    }
    if (count < 0) {
      throw new IllegalArgumentException("Negative count " + count);
    }
  }

  private static long checkPosition(long position) {
    if (position < 0) {
      throw new IllegalArgumentException("Negative position " + position);
    }
    return position;
  }
}

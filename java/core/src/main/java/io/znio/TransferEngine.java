// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;

/**
 * One transfer: borrows its ends, calls C until it is over, and gives them back. When to go on,
 * when to wait and what a close or an interrupt means follow the JDK. C decides everything else.
 *
 * <p>An end is an object and a kind ({@code Native.FILE ... MEMORY}); memory has no object, only an
 * address, and its owner keeps it valid. Used once, by one thread.
 */
final class TransferEngine {
  /** Bytes on the way from stream to stream on a virtual thread. */
  private static final int PENDING_BYTES = 256 << 10;

  private final Object source;
  private final int sourceKind;
  private final long sourceAt;
  private final Object target;
  private final int targetKind;
  private final long targetAt;
  private final long count;
  private final long[] receipt = new long[Native.RECEIPT_LENGTH];

  // Options of a Transfer, set before run().
  TransferPath path = TransferPath.AUTO;
  int flags;
  int depth;
  int chunkBytes;
  Object tee;
  int teeKind;

  /**
   * The buffer or mapping at one end, which the kernel may still read after the return; or null.
   */
  Object memory;

  /** The direct buffer whose arena must stay open while it is lent; null if there is none. */
  ByteBuffer session;

  /** True if one call with progress is enough, as in the JDK's transferTo. */
  boolean once;

  private Loan loan = Loan.NONE;
  private boolean hook;
  private boolean virtual;
  private boolean refused;
  private int sourceToken = JdkFiles.NONE;
  private int targetToken = JdkFiles.NONE;
  private int teeToken = JdkFiles.NONE;
  private int sourceFd;
  private int targetFd;
  private int teeFd;
  private long moved;
  private long systemCalls;
  private int error;

  private final PendingBytes pending = new PendingBytes();
  private ByteBuffer stranded;

  TransferEngine(
      Object source,
      int sourceKind,
      long sourceAt,
      Object target,
      int targetKind,
      long targetAt,
      long count) {
    this.source = source;
    this.sourceKind = sourceKind;
    this.sourceAt = sourceAt;
    this.target = target;
    this.targetKind = targetKind;
    // As in the JDK, append mode wins over a position.
    boolean appends = targetKind == Native.FILE && JdkFiles.appends((FileChannel) target);
    this.targetAt = appends ? Native.CURRENT : targetAt;
    this.count = count;
  }

  /**
   * Moves up to count bytes.
   *
   * @return bytes moved; 0 at the end of the source, or if an end in non-blocking mode is not ready
   * @throws TransferException if nothing was moved because of an error, or bytes are stranded
   * @throws ClosedChannelException the JDK's, if a channel was closed or the thread interrupted
   */
  long run() throws IOException {
    Object event = Jfr.beginTransfer();
    try {
      return runNow();
    } finally {
      if (event != null) {
        receipt(); // fills the array
        Jfr.endTransfer(event, sourceKind, targetKind, count, receipt);
      }
    }
  }

  private long runNow() throws IOException {
    hook = sourceKind == Native.FILE && (tee != null || FileTransfer.needsHook(target, targetKind));
    virtual = JdkThreads.isVirtual();
    ClosedChannelException closed = null;
    JdkFiles.lockPositions(source, sourceAt, target, targetAt);
    try {
      acquireAll();
    } catch (ClosedChannelException e) {
      closed = JdkChannels.closed(e, source, target, tee);
    } finally {
      JdkFiles.unlockPosition(source, sourceAt);
      JdkFiles.unlockPosition(target, targetAt);
      strand();
      pending.free();
    }
    if (closed != null && (moved == 0 || stranded != null || !isStream(sourceKind))) {
      if (stranded != null) {
        closed.addSuppressed(failure());
      }
      throw closed;
    }
    // As in the JDK's transferFrom: bytes that were moved are told, the next call meets the error.
    if (stranded == null && error == Errors.ELIMIT && moved == 0) {
      throw Limit.outOfLoans(count);
    }
    boolean failed = error < 0 && error != Errors.EAGAIN;
    if (stranded != null || failed && (moved == 0 || error == Errors.EDAMAGED)) {
      throw failure();
    }
    return moved;
  }

  /** What was done; after {@link #run}. */
  Receipt receipt() {
    receipt[Native.RECEIPT_BYTES] = moved;
    receipt[Native.RECEIPT_SYSTEM_CALLS] = systemCalls;
    receipt[Native.RECEIPT_ERROR] = moved < count ? error : 0;
    return Receipt.of(receipt, loan, memory);
  }

  Loan loan() {
    return loan;
  }

  /** Bytes moved so far, also after an exception. */
  long moved() {
    return moved;
  }

  private IOException failure() {
    TransferPath ran = path == TransferPath.AUTO && moved > 0 ? pathThatRan() : path;
    if (error == Errors.ELOST || error == Errors.EDAMAGED) {
      String what = TransferException.describe(ran, sourceKind, targetKind);
      return MappedMemory.lost(what, error, receipt, memory);
    }
    return new TransferException(ran, sourceKind, targetKind, error, moved, stranded);
  }

  private TransferPath pathThatRan() {
    return TransferPath.of(receipt[Native.RECEIPT_PATH]);
  }

  private void acquireAll() throws IOException {
    sourceToken = JdkChannels.acquireSource(source, sourceKind, hook);
    try {
      // Two write locks: always in the same order, whatever their roles.
      boolean teeFirst =
          tee != null && System.identityHashCode(tee) < System.identityHashCode(target);
      if (teeFirst) {
        acquireTee();
      } else {
        acquireTarget();
      }
    } finally {
      JdkChannels.releaseSource(source, sourceKind, hook, sourceToken, moved > 0);
    }
  }

  private void acquireTarget() throws IOException {
    targetToken = JdkChannels.acquireTarget(target, targetKind, hook);
    try {
      if (tee != null && teeToken == JdkFiles.NONE) {
        acquireTee();
      } else {
        moveAll();
      }
    } finally {
      JdkChannels.releaseTarget(target, targetKind, hook, targetToken, moved > 0);
    }
  }

  private void acquireTee() throws IOException {
    teeToken = JdkChannels.acquireTarget(tee, teeKind, hook);
    try {
      if (targetToken == JdkFiles.NONE) {
        acquireTarget();
      } else {
        moveAll();
      }
    } finally {
      JdkChannels.releaseTarget(tee, teeKind, hook, teeToken, moved > 0);
    }
  }

  private void moveAll() throws IOException {
    sourceFd = JdkChannels.descriptor(source, sourceKind);
    targetFd = JdkChannels.descriptor(target, targetKind);
    teeFd = tee == null ? -1 : JdkChannels.descriptor(tee, teeKind);
    boolean buffered = virtual && isStream(sourceKind) && isStream(targetKind) && tee == null;
    boolean more = true;
    while (more) {
      more = buffered && isCopyAllowed() ? moveBuffered() : moveOnce();
    }
  }

  private boolean isCopyAllowed() {
    return path == TransferPath.AUTO
        || path == TransferPath.READ_WRITE
        || path == TransferPath.SPLICE;
  }

  /** One call of C. returns: true to go on. */
  private boolean moveOnce() throws IOException {
    long n =
        Native.transfer(
            sourceKind,
            sourceFd,
            advanced(sourceAt),
            targetKind,
            targetFd,
            advanced(targetAt),
            count - moved,
            path.number(),
            flags,
            depth,
            chunkBytes,
            teeKind,
            teeFd,
            receipt);
    systemCalls += receipt[Native.RECEIPT_SYSTEM_CALLS];
    error = (int) receipt[Native.RECEIPT_ERROR];
    keepLoan();
    moved += receipt[Native.RECEIPT_BYTES]; // also with an error: the page may be lost meanwhile
    if (receipt[Native.RECEIPT_STRANDED] != 0) {
      return takeStranded() && deliver();
    }
    // A signal may have ended the call: its sender has closed a channel, and sends it only once.
    return n > 0 ? moved < count && !once && areOpen() : goOnAfter((int) n);
  }

  /** Nothing was moved. returns: true to try again. */
  private boolean goOnAfter(int code) throws IOException {
    error = code;
    if (code == Errors.EINTR) {
      return areOpen();
    }
    if (code == Errors.EAGAIN && mayWait()) {
      await(!isStream(targetKind) || isStream(sourceKind) && !isSourceReady());
      return areOpen();
    }
    if (code == Errors.ELIMIT && moved == 0 && !refused) {
      refused = true; // asked once
      return Limit.awaitRoom(count) && areOpen();
    }
    if (code == Errors.ECONNRESET && isSocket(sourceKind)) {
      JdkChannels.setReset((Channel) source);
    }
    return false;
  }

  /**
   * Stream to stream on a virtual thread: C would wait for the target with bytes in its hands, and
   * hold the carrier. Here they lie in memory while the thread is parked.
   */
  private boolean moveBuffered() throws IOException {
    pending.reserve(PENDING_BYTES);
    long wanted = Math.min(PENDING_BYTES, count - moved);
    long n =
        copy(sourceKind, sourceFd, Native.CURRENT, Native.MEMORY, -1, pending.address(), wanted);
    if (n <= 0) {
      return goOnAfter((int) n);
    }
    pending.filled(n);
    return deliver();
  }

  private long copy(
      int fromKind, int fromFd, long fromAt, int toKind, int toFd, long toAt, long size) {
    int readWrite = TransferPath.READ_WRITE.number();
    long n =
        Native.transfer(
            fromKind, fromFd, fromAt, toKind, toFd, toAt, size, readWrite, 0, 0, 0, 0, -1, receipt);
    systemCalls += receipt[Native.RECEIPT_SYSTEM_CALLS];
    return n;
  }

  // ---- bytes on the way

  /** Takes the bytes out of C's pipe. returns: true if it makes sense to deliver them. */
  private boolean takeStranded() throws IOException {
    pending.drain(receipt[Native.RECEIPT_STRANDED], receipt[Native.RECEIPT_STRANDED_BYTES]);
    if (error == Errors.EINTR || error == Errors.EAGAIN || error == 0) {
      return true;
    }
    strand();
    return false;
  }

  /** Writes the pending bytes, however long it takes. returns: true to go on with the source. */
  private boolean deliver() throws IOException {
    while (!pending.isEmpty()) {
      if (error != 0 && !areOpen()) {
        strand();
        return false;
      }
      long to = advanced(targetAt);
      long n = copy(Native.MEMORY, -1, pending.address(), targetKind, targetFd, to, pending.size());
      error = n == 0 ? Errors.EPIPE : (int) Math.min(n, 0);
      if (n > 0) {
        moved += n;
        pending.delivered(n);
      } else if (n == Errors.EAGAIN) {
        await(false);
      } else if (n != Errors.EINTR) {
        strand();
        return false;
      }
    }
    error = 0;
    return moved < count;
  }

  /** Hands the pending bytes, if there are any, to the caller. */
  private void strand() {
    ByteBuffer bytes = pending.take();
    stranded = bytes == null ? stranded : bytes;
  }

  private void keepLoan() {
    long pin = receipt[Native.RECEIPT_PIN];
    if (pin == 0) {
      return;
    }
    if (loan == Loan.NONE) {
      loan = new Loan();
    }
    if (session != null) {
      JdkMemory.acquire(session);
    }
    Pins.add(pin, loan, memory, session, (Channel) target);
  }

  // ---- waiting

  private boolean mayWait() {
    boolean sourceMay = !isStream(sourceKind) || JdkChannels.isBlocking(sourceToken);
    boolean targetMay = !isStream(targetKind) || JdkChannels.isBlocking(targetToken);
    return sourceMay && targetMay && (isStream(sourceKind) || isStream(targetKind));
  }

  private boolean isSourceReady() throws IOException {
    return JdkChannels.isReadyToRead(source);
  }

  /**
   * Waits for one of the streams. A parked virtual thread gets no signal, and closing a file waits
   * for the threads in its set: so it leaves the set meanwhile, and looks again now and then.
   */
  private void await(boolean forSource) throws IOException {
    if (virtual) {
      leaveFiles();
    }
    JdkChannels.park(forSource ? source : target, forSource);
    if (virtual) {
      enterFiles();
    }
  }

  private void leaveFiles() {
    if (sourceKind == Native.FILE) {
      JdkFiles.remove((FileChannel) source, sourceToken);
      sourceToken = JdkFiles.NONE;
    }
    if (targetKind == Native.FILE) {
      JdkFiles.remove((FileChannel) target, targetToken);
      targetToken = JdkFiles.NONE;
    }
  }

  private void enterFiles() throws ClosedChannelException {
    if (sourceKind == Native.FILE) {
      sourceToken = JdkFiles.add((FileChannel) source);
    }
    if (targetKind == Native.FILE) {
      targetToken = JdkFiles.add((FileChannel) target);
    }
  }

  private boolean areOpen() {
    return JdkChannels.isOpen(source) && JdkChannels.isOpen(target) && JdkChannels.isOpen(tee);
  }

  private long advanced(long at) {
    return at == Native.CURRENT ? at : at + moved;
  }

  private static boolean isStream(int kind) {
    return kind == Native.PIPE || isSocket(kind);
  }

  private static boolean isSocket(int kind) {
    return kind == Native.TCP || kind == Native.UNIX;
  }
}

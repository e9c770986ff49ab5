// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.NonReadableChannelException;

/** One transfer of a list of file regions. Used once, by one thread. */
final class RegionTransfer {
  private static final int LONGS = Native.REGION_LONGS;

  private final FileRegion[] regions;
  private final ByteBuffer header;
  private final Channel target;
  private final int targetKind;
  private final TransferPath path;
  private final boolean mapped; // the header is, and its pages may be lost
  private long[] receipt; // null: not wanted

  private long[] packed;
  private int[] places; // of each region's file in its channel's set of threads
  private int first; // region that is not yet sent in full
  private long headerSize;
  private long total;
  private long moved;
  private long systemCalls;
  private int error;

  RegionTransfer(
      FileRegion[] regions,
      ByteBuffer header,
      Channel target,
      TransferPath path,
      boolean wantsReceipt) {
    this.regions = regions;
    this.header = header;
    this.target = target;
    this.targetKind = JdkChannels.kind(target, "Target");
    this.path = path;
    this.mapped = header != null && header.isDirect() && JdkMemory.isMapped(header);
    this.receipt = wantsReceipt || mapped ? new long[Native.RECEIPT_LENGTH] : null;
  }

  /** Sends; returns the bytes sent, the header's included, and moves the header's position. */
  long run() throws IOException {
    Object event = Jfr.beginTransfer();
    if (event != null && receipt == null) {
      receipt = new long[Native.RECEIPT_LENGTH];
    }
    try {
      return runNow();
    } finally {
      if (event != null) {
        receipt(); // fills the array
        Jfr.endTransfer(event, Native.FILE, targetKind, total, receipt);
      }
    }
  }

  private long runNow() throws IOException {
    check();
    headerSize = header == null ? 0 : header.remaining();
    total = Math.addExact(total, headerSize);
    try {
      int token = JdkChannels.acquireTarget(target, targetKind, false);
      try {
        acquireFiles(token);
      } finally {
        JdkChannels.releaseTarget(target, targetKind, false, token, moved > 0);
      }
    } catch (ClosedChannelException e) {
      throw JdkChannels.closed(e, target);
    } finally {
      advanceHeader();
    }
    if (moved == 0 && error < 0) {
      throw failure();
    }
    return moved;
  }

  private IOException failure() {
    if (error == Errors.ELOST || error == Errors.EDAMAGED) {
      String what = TransferException.describe(path, Native.MEMORY, targetKind);
      return MappedMemory.lost(what, error, receipt, header);
    }
    return new TransferException(path, Native.FILE, targetKind, error, 0, null);
  }

  Receipt receipt() {
    receipt[Native.RECEIPT_BYTES] = moved;
    receipt[Native.RECEIPT_SYSTEM_CALLS] = systemCalls;
    return Receipt.of(receipt, Loan.NONE, header);
  }

  private void check() throws ClosedChannelException {
    packed = new long[LONGS * regions.length];
    FileChannel last = null;
    for (int i = 0; i < regions.length; i++) {
      FileRegion region = regions[i];
      FileChannel file = region.file();
      if (file != last) {
        if (!file.isOpen()) {
          throw new ClosedChannelException();
        }
        if (!JdkFiles.isFile(file)) {
          JdkChannels.kind(file, "Source"); // throws
        }
        if (!JdkFiles.isReadable(file)) {
          throw new NonReadableChannelException();
        }
        last = file;
      }
      packed[LONGS * i] = region.position();
      packed[LONGS * i + 1] = region.count();
      if ((total += region.count()) < 0) {
        throw new IllegalArgumentException("The counts of the file regions overflow a long");
      }
    }
  }

  private void advanceHeader() {
    if (header != null && moved > 0) {
      header.position(header.position() + (int) Math.min(moved, headerSize));
    }
  }

  /** A run of regions of the same file needs one place only. */
  private void acquireFiles(int token) throws IOException {
    places = new int[regions.length];
    int acquired = 0;
    try {
      int fd = -1;
      for (; acquired < regions.length; acquired++) {
        FileChannel file = regions[acquired].file();
        if (acquired > 0 && regions[acquired - 1].file() == file) {
          places[acquired] = JdkFiles.NONE;
        } else {
          places[acquired] = JdkFiles.add(file);
          fd = JdkChannels.descriptor(file, Native.FILE);
        }
        packed[LONGS * acquired + 2] = fd;
      }
      moveWithHeader(token);
    } finally {
      leaveFiles(acquired);
    }
    if (moved == 0 && !areOpen()) {
      throw new AsynchronousCloseException();
    }
  }

  private void leaveFiles(int count) {
    for (int i = 0; i < count; i++) {
      JdkFiles.remove(regions[i].file(), places[i]);
      places[i] = JdkFiles.NONE;
    }
  }

  private void enterFiles() throws ClosedChannelException {
    for (int i = 0; i < regions.length; i++) {
      if (i == 0 || regions[i - 1].file() != regions[i].file()) {
        places[i] = JdkFiles.add(regions[i].file());
      }
    }
  }

  private void moveWithHeader(int token) throws IOException {
    if (headerSize == 0) {
      moveAll(token, 0);
    } else if (header.isDirect()) {
      if (mapped) {
        Guard.install(); // C copies the header itself
      }
      JdkMemory.acquire(header);
      try {
        moveAll(token, JdkMemory.address(header) + header.position());
      } finally {
        JdkMemory.release(header);
      }
    } else {
      try (Region copy = Region.allocateUninitialized(headerSize)) {
        copy.buffer().put(header.duplicate());
        moveAll(token, JdkMemory.address(copy.buffer()));
      }
    }
  }

  private void moveAll(int token, long headerAddress) throws IOException {
    int targetFd = JdkChannels.descriptor(target, targetKind);
    boolean virtual = JdkThreads.isVirtual();
    boolean more = true;
    while (more && moved < total) {
      long headerLeft = Math.max(0, headerSize - moved);
      long n =
          Native.transferRegions(
              headerAddress + headerSize - headerLeft,
              headerLeft,
              packed,
              first,
              regions.length - first,
              targetKind,
              targetFd,
              Native.CURRENT,
              path.number(),
              0,
              receipt);
      if (receipt != null) {
        systemCalls += receipt[Native.RECEIPT_SYSTEM_CALLS];
      }
      more = n > 0 ? advance(n, headerLeft) && goOn(token) : goOnAfter((int) n, token, virtual);
    }
  }

  /** A target in blocking mode takes all; another is asked once. */
  private boolean goOn(int token) {
    return (targetKind == Native.FILE || JdkChannels.isBlocking(token)) && areOpen();
  }

  private boolean advance(long n, long headerLeft) {
    moved += n;
    long left = Math.max(0, n - headerLeft);
    while (left > 0) {
      long step = Math.min(left, packed[LONGS * first + 1]);
      packed[LONGS * first] += step;
      packed[LONGS * first + 1] -= step;
      left -= step;
      if (packed[LONGS * first + 1] == 0) {
        first++;
      }
    }
    return true;
  }

  private boolean goOnAfter(int code, int token, boolean virtual) throws IOException {
    error = code;
    if (code == Errors.EINTR) {
      return areOpen();
    }
    if (code == Errors.EAGAIN && targetKind != Native.FILE && JdkChannels.isBlocking(token)) {
      if (virtual) {
        leaveFiles(regions.length);
      }
      JdkChannels.park(target, false);
      if (virtual) {
        enterFiles();
      }
      return areOpen();
    }
    if (code == Errors.EAGAIN) {
      error = 0;
    }
    return false;
  }

  private boolean areOpen() {
    for (int i = 0; i < regions.length; i++) {
      if ((i == 0 || regions[i - 1].file() != regions[i].file()) && !regions[i].file().isOpen()) {
        return false;
      }
    }
    return target.isOpen();
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import io.znio.KernelCopied;
import io.znio.Ledger;
import io.znio.Loan;
import io.znio.Mapping;
import io.znio.Memfd;
import io.znio.Receipt;
import io.znio.Transfer;
import io.znio.TransferException;
import io.znio.TransferPath;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** znio's paths, called as a program would call them: on plain channels of the JDK. */
final class ZnioMovers implements Movers {
  static final ZnioMovers INSTANCE = new ZnioMovers();

  private static final int LOANS_MAX = 32;
  private static final long LOAN_SECONDS = 60;

  private ZnioMovers() {}

  @Override
  public LongSupplier systemCalls() {
    return Ledger::systemCalls;
  }

  @Override
  public ByteBuffer memory(Plan plan, Ends ends, int bytes) {
    ByteBuffer memory = ByteBuffer.allocateDirect(bytes);
    Run.spoil(memory);
    return memory;
  }

  @Override
  public Link link(Plan plan, Peer peer, int copies, boolean hold, Path keep) throws IOException {
    return plan.path().equals("memfd") && plan.target().equals("unix")
        ? Link.toPeerWithMemory(peer, plan, hold)
        : Movers.super.link(plan, peer, copies, hold, keep);
  }

  @Override
  public Mover mover(Plan plan, Ends ends) throws IOException, SkippedException {
    if (plan.isList()) {
      return new ZnioRegions(ends.file, ends.out, TransferPath.AUTO);
    }
    if (plan.source().equals("memory")) {
      return plan.path().equals("memfd")
          ? new PassMemfd(ends)
          : new FromMapping(plan, ends, path(plan));
    }
    TransferPath path = path(plan);
    if (path == TransferPath.PRIVATE_MAP && plan.target().equals("memory")) {
      return new PrivateMap(plan);
    }
    if (path == TransferPath.AUTO && !plan.target().equals("memory")) {
      return plan.peerSends()
          ? new AutoFromStream(ends.in, ends.made)
          : new AutoFromFile(ends.file, ends.out);
    }
    return new ByName(plan, ends, path);
  }

  private static TransferPath path(Plan plan) throws SkippedException {
    // The path is the same; the network is not.
    String name = plan.path().equals("sendfile-nogather") ? "sendfile" : plan.path();
    for (TransferPath path : TransferPath.values()) {
      if (path.text().equals(name)) {
        return path;
      }
    }
    throw new SkippedException("znio has no path '" + name + "'");
  }

  /** What cannot be done here is skipped; everything else is a defect. */
  static SkippedException refusal(Exception e) throws IOException {
    if (e instanceof TransferException refused) {
      boolean full = refused.codeName().equals("ENOSPC") || refused.codeName().equals("EDQUOT");
      if (refused.isRefusal() || full) {
        return new SkippedException(refused.getMessage());
      }
      throw refused;
    }
    if (e instanceof IllegalArgumentException) {
      // Ends, or a path, that never go together.
      return new SkippedException(e.getMessage());
    }
    throw (IOException) e;
  }

  /** Keeps the facts of receipts, and the loans that are still out. */
  private abstract static class WithReceipts extends Mover {
    private final Deque<Loan> loans = new ArrayDeque<>();

    /** Notes a receipt and returns the bytes it accounts for. */
    final long note(Receipt receipt) throws IOException {
      pathRan = receipt.path().text();
      if (receipt.declinedPath() != null && declined == null) {
        declined = receipt.declinedPath().text() + ": " + receipt.declinedReason();
      }
      noteCopied(receipt.kernelCopied());
      if (!receipt.loan().isReturned() || receipt.kernelCopied() == KernelCopied.UNKNOWN) {
        lend(receipt.loan());
      }
      return receipt.bytes();
    }

    private void lend(Loan loan) throws IOException {
      if (loan.isReturned()) {
        noteCopied(loan.kernelCopied());
        return;
      }
      if (loans.size() == LOANS_MAX) {
        await(loans.remove());
      }
      loans.add(loan);
    }

    private void noteCopied(KernelCopied copied) {
      if (copied != KernelCopied.UNKNOWN) {
        kernelCopied = copied == KernelCopied.YES || Boolean.TRUE.equals(kernelCopied);
      }
    }

    private void await(Loan loan) throws IOException {
      try {
        if (!loan.await(LOAN_SECONDS, TimeUnit.SECONDS)) {
          throw new IOException("no completion for " + LOAN_SECONDS + " s");
        }
      } catch (InterruptedException e) {
        throw new IOException("interrupted while memory was lent", e);
      }
      noteCopied(loan.kernelCopied());
    }

    @Override
    final void settle() throws IOException {
      while (!loans.isEmpty()) {
        await(loans.remove());
      }
    }
  }

  /** Any channels or memory, by the path that the plan names. */
  private static final class ByName extends WithReceipts {
    private final Plan plan;
    private final Ends ends;
    private final TransferPath path;
    private long position;

    ByName(Plan plan, Ends ends, TransferPath path) {
      this.plan = plan;
      this.ends = ends;
      this.path = path;
    }

    @Override
    void rewind() {
      position = 0;
    }

    @Override
    void move(long offset, long count) throws IOException, SkippedException {
      long done = 0;
      while (done < count) {
        Transfer transfer =
            plan.peerSends() ? Transfer.from(ends.in) : Transfer.from(ends.file, offset + done);
        long left = count - done;
        target(transfer, offset + done, left).via(path).count(left);
        if (ends.tee != null) {
          transfer.tee(ends.tee);
        }
        if (plan.depth() > 0) {
          transfer.depth(plan.depth());
        }
        long moved = attempt(transfer);
        if (moved <= 0) {
          ended(left);
        }
        done += moved;
        position += moved;
      }
    }

    private Transfer target(Transfer transfer, long offset, long left) {
      if (plan.target().equals("memory")) {
        return transfer.to(ends.memory.slice((int) offset, (int) left));
      }
      return ends.made != null ? transfer.to(ends.made, position) : transfer.to(ends.out);
    }

    private long attempt(Transfer transfer) throws IOException, SkippedException {
      try {
        return note(transfer.transferWithReceipt());
      } catch (TransferException | IllegalArgumentException e) {
        throw refusal(e);
      }
    }
  }

  /** The call that a program makes which does not care: only the first one asks for a receipt. */
  private static final class AutoFromFile extends WithReceipts {
    private final FileChannel file;
    private final WritableByteChannel out;

    AutoFromFile(FileChannel file, WritableByteChannel out) {
      this.file = file;
      this.out = out;
    }

    @Override
    void move(long offset, long count) throws IOException {
      long position = offset;
      long left = count;
      while (left > 0) {
        long moved =
            pathRan == null
                ? note(Transfer.transferToWithReceipt(file, position, left, out))
                : Transfer.transferTo(file, position, left, out);
        if (moved <= 0) {
          ended(left);
        }
        position += moved;
        left -= moved;
      }
    }
  }

  private static final class AutoFromStream extends WithReceipts {
    private final ReadableByteChannel in;
    private final FileChannel made;
    private long position;

    AutoFromStream(ReadableByteChannel in, FileChannel made) {
      this.in = in;
      this.made = made;
    }

    @Override
    void rewind() {
      position = 0;
    }

    @Override
    void move(long offset, long count) throws IOException {
      long left = count;
      while (left > 0) {
        long moved =
            pathRan == null
                ? note(Transfer.transferFromWithReceipt(made, in, position, left))
                : Transfer.transferFrom(made, in, position, left);
        if (moved <= 0) {
          ended(left);
        }
        position += moved;
        left -= moved;
      }
    }
  }

  /** Pages of znio's own memory, filled from the file before the clock starts. */
  private static final class FromMapping extends WithReceipts {
    private final Mapping mapping;
    private final Ends ends;
    private final TransferPath path;

    FromMapping(Plan plan, Ends ends, TransferPath path) throws IOException {
      this.ends = ends;
      this.path = path;
      this.mapping = Mapping.anonymous(ends.mapped.capacity());
      mapping.buffer().put(ends.mapped.duplicate().clear());
      ends.changeable = mapping.buffer();
    }

    @Override
    void move(long offset, long count) throws IOException, SkippedException {
      long done = 0;
      while (done < count) {
        long moved;
        try {
          moved =
              note(
                  Transfer.from(mapping, offset + done)
                      .to(ends.out)
                      .via(path)
                      .count(count - done)
                      .transferWithReceipt());
        } catch (TransferException | IllegalArgumentException e) {
          throw refusal(e);
        }
        if (moved <= 0) {
          ended(count - done);
        }
        done += moved;
      }
    }

    @Override
    public void close() {
      ends.changeable = null;
      mapping.close();
    }
  }

  /** One memfd, filled before the clock starts, passed to the peer in every transfer. */
  private static final class PassMemfd extends Mover {
    private final Memfd memfd;
    private final Mapping mapping;
    private final Ends ends;

    PassMemfd(Ends ends) throws IOException {
      this.ends = ends;
      this.memfd = Memfd.create(ends.mapped.capacity());
      this.mapping = memfd.map();
      mapping.buffer().put(ends.mapped.duplicate().clear());
      ends.changeable = mapping.buffer();
      pathRan = "memfd";
    }

    @Override
    void move(long offset, long count) throws IOException {
      memfd.send((SocketChannel) ends.out);
    }

    @Override
    public void close() {
      ends.changeable = null;
      mapping.close();
      memfd.close();
    }
  }

  /** A copy-on-write mapping of each piece, whose pages are touched; nothing is copied. */
  private static final class PrivateMap extends Mover {
    private static final int PAGE = 4096;

    private final FileChannel file;
    private Mapping mapping;
    private int touched;

    PrivateMap(Plan plan) throws SkippedException {
      try {
        // As in the JDK, a private mapping asks for a channel that could be written.
        file = Run.openForBoth(plan.file());
      } catch (IOException e) {
        throw new SkippedException("a private mapping needs a file open for writing: " + e);
      }
      pathRan = "private-map";
    }

    @Override
    void move(long offset, long count) throws IOException {
      mapping = Mapping.map(file, Mapping.Mode.PRIVATE, offset, count);
      ByteBuffer buffer = mapping.buffer();
      for (int at = 0; at < buffer.capacity(); at += PAGE) {
        touched += buffer.get(at);
      }
    }

    @Override
    ByteBuffer came() {
      return mapping.buffer();
    }

    @Override
    void done() {
      mapping.close();
    }

    @Override
    public void close() throws IOException {
      if (mapping != null && mapping.isOpen()) {
        mapping.close();
      }
      file.close();
    }
  }
}

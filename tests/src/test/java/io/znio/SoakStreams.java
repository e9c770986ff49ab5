// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static io.znio.SoakWorker.require;

import io.znio.SoakWorker.Cut;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** The work of {@link Soak} on sockets and pipes; each has a peer that may cut it in the middle. */
final class SoakStreams {
  private static final List<TransferPath> FILE_PATHS =
      List.of(
          TransferPath.AUTO,
          TransferPath.READ_WRITE,
          TransferPath.MMAP_WRITE,
          TransferPath.SENDFILE,
          TransferPath.SPLICE,
          TransferPath.VMSPLICE,
          TransferPath.PRIVATE_MAP);

  private static final int PAGE = 4096;
  private static final long PAUSE_NANOS = 20_000;

  private SoakStreams() {}

  /** Sends the part of it that is left; returns how much went. */
  private interface Source {
    long send(WritableByteChannel target, int sent) throws IOException;
  }

  private static Ends anyEnds(SoakWorker worker) {
    return Ends.values()[worker.random.nextInt(Ends.values().length)];
  }

  /** Sends all in pieces, or until it is cut; each byte that came is compared. */
  private static boolean send(
      SoakWorker worker, Ends ends, byte[] expected, int offset, int size, Source source)
      throws IOException {
    Cut cut = worker.cut();
    IOException met = null;
    long sent = 0;
    SoakWorker.Receiver peer;
    try (Ends.Pair pair = ends.open()) {
      int until = worker.random.nextInt(size);
      peer = new SoakWorker.Receiver(pair, expected, offset, cut, until);
      boolean blocking = cut != Cut.NONE || worker.random.nextBoolean();
      ((SelectableChannel) pair.writer).configureBlocking(blocking);
      peer.start();
      try {
        while (sent < size) {
          long n = source.send(pair.writer, (int) sent);
          sent += n;
          if (n == 0) {
            require(!blocking, "a blocking transfer moves bytes");
            worker.tally.met(SoakTally.Fault.FULL);
            LockSupport.parkNanos(PAUSE_NANOS);
          }
        }
      } catch (IOException e) {
        met = e;
      } finally {
        pair.writer.close();
        peer.end();
      }
    }
    worker.judge(cut, met);
    worker.tally.verified(peer.moved);
    if (cut == Cut.PEER) {
      require(peer.moved <= sent || met != null, "more came than was told");
    } else {
      require(peer.moved >= sent, "told " + sent + ", and " + peer.moved + " came");
      require(met != null || peer.moved == sent, peer.moved + " came, told " + sent);
    }
    return isWhole(worker, cut, met);
  }

  private static boolean isWhole(SoakWorker worker, Cut cut, IOException met) {
    if (met != null) {
      worker.count(cut);
    }
    return met == null;
  }

  static boolean file(SoakWorker worker) throws IOException {
    int size = worker.size();
    int position = worker.position(size);
    int how = worker.random.nextInt(FILE_PATHS.size() + 3);
    try (FileChannel file = open(worker, how)) {
      Source source =
          (target, sent) -> {
            long from = position + sent;
            int left = size - sent;
            if (how >= FILE_PATHS.size()) { // by znio's channel, by the JDK's, by the static method
              return how == FILE_PATHS.size()
                  ? Transfer.transferTo(file, from, left, target)
                  : file.transferTo(from, left, target);
            }
            return Transfer.from(file, from)
                .to(target)
                .via(FILE_PATHS.get(how))
                .count(left)
                .transfer();
          };
      return send(worker, anyEnds(worker), worker.shared.content(), position, size, source);
    }
  }

  private static FileChannel open(SoakWorker worker, int number) throws IOException {
    Path source = worker.shared.source();
    return number % 2 == 0 ? NativeFileChannel.open(source) : FileChannel.open(source);
  }

  /** Out of a buffer of ours, a heap buffer or a mapping. */
  static boolean memory(SoakWorker worker) throws IOException {
    int size = worker.size();
    int position = worker.position(size);
    byte[] content = worker.shared.content();
    Ends ends = anyEnds(worker);
    switch (worker.random.nextInt(3)) {
      case 0:
        ByteBuffer heap = ByteBuffer.wrap(content, position, size);
        return send(
            worker,
            ends,
            content,
            position,
            size,
            (target, sent) ->
                Transfer.from(heap.duplicate().position(position + sent)).to(target).transfer());
      case 1:
        ByteBuffer direct = DirectBuffers.allocateUninitialized(size);
        direct.put(0, content, position, size);
        try {
          return send(
              worker,
              ends,
              content,
              position,
              size,
              (target, sent) ->
                  Transfer.from(direct.duplicate().position(sent)).to(target).transfer());
        } finally {
          free(direct);
        }
      default:
        return pages(worker, ends);
    }
  }

  /** A mapping of the file; or one without, whose pages are lent to a pipe. */
  private static boolean pages(SoakWorker worker, Ends ends) throws IOException {
    int size = (1 + worker.random.nextInt(64)) * PAGE;
    int position = worker.position(size) / PAGE * PAGE;
    boolean lends = worker.random.nextBoolean();
    try (FileChannel file = open(worker, 0);
        Mapping mapping =
            lends
                ? Mapping.anonymous(size)
                : Mapping.map(file, Mapping.Mode.READ_ONLY, position, size)) {
      if (lends) {
        mapping.buffer().put(worker.shared.content(), position, size);
      }
      Source source =
          (target, sent) ->
              Transfer.from(mapping, sent)
                  .to(target)
                  .via(lends && sent % PAGE == 0 ? TransferPath.VMSPLICE : TransferPath.AUTO)
                  .count(size - sent)
                  .transfer();
      return send(worker, ends, worker.shared.content(), position, size, source);
    }
  }

  /** Waits until nothing is lent: after a cut the kernel has the memory for a moment more. */
  private static void free(ByteBuffer buffer) {
    Await.until(
        "the kernel has given a buffer back",
        () -> {
          try {
            DirectBuffers.free(buffer);
            return true;
          } catch (IllegalStateException lent) {
            return false;
          }
        });
  }

  /** MSG_ZEROCOPY and SEND_ZC, out of memory that is freed right behind it. */
  static boolean zerocopy(SoakWorker worker) throws IOException {
    int size = worker.size();
    int position = worker.position(size);
    byte[] content = worker.shared.content();
    Ends ends = worker.random.nextBoolean() ? Ends.TCP4 : Ends.TCP6;
    TransferPath path =
        worker.random.nextBoolean() ? TransferPath.MSG_ZEROCOPY : TransferPath.URING_SEND_ZC;
    ByteBuffer direct = DirectBuffers.allocateUninitialized(size);
    direct.put(0, content, position, size);
    try {
      return send(
          worker,
          ends,
          content,
          position,
          size,
          (target, sent) ->
              Transfer.from(direct.duplicate().position(sent)).to(target).via(path).transfer());
    } finally {
      free(direct);
    }
  }

  /** A header, and pieces of the file from all over it. */
  static boolean regions(SoakWorker worker) throws IOException {
    byte[] content = worker.shared.content();
    ByteArrayOutputStream expected = new ByteArrayOutputStream();
    int headed = worker.random.nextInt(1, 100);
    expected.write(content, 0, headed);
    try (FileChannel file = open(worker, worker.random.nextInt(2))) {
      FileRegion[] regions = new FileRegion[worker.random.nextInt(1, 100)];
      for (int i = 0; i < regions.length; i++) {
        int size = worker.random.nextInt(5000);
        int position = worker.position(size);
        regions[i] = new FileRegion(file, position, size);
        expected.write(content, position, size);
      }
      ByteBuffer header = ByteBuffer.wrap(content, 0, headed);
      int size = expected.size();
      return send(
          worker,
          anyEnds(worker),
          expected.toByteArray(),
          0,
          size,
          (target, sent) ->
              Transfer.transferRegions(behind(regions, sent - headed), header, target));
    }
  }

  /** What is left of the regions behind so many bytes. */
  private static FileRegion[] behind(FileRegion[] regions, long sent) {
    long skip = Math.max(0, sent);
    int first = 0;
    while (first < regions.length && skip >= regions[first].count()) {
      skip -= regions[first++].count();
    }
    FileRegion[] left = java.util.Arrays.copyOfRange(regions, first, regions.length);
    if (skip > 0) {
      FileRegion part = left[0];
      left[0] = new FileRegion(part.file(), part.position() + skip, part.count() - skip);
    }
    return left;
  }

  /** What a transfer out of a stream came to. */
  private static final class Outcome {
    long moved;
    IOException met;
    byte[] stranded = new byte[0];

    void met(IOException e) {
      met = e;
      TransferException ours = find(e);
      if (ours != null) {
        stranded = new byte[ours.stranded().remaining()];
        ours.stranded().duplicate().get(stranded);
        moved += ours.bytes();
      }
    }

    private static TransferException find(IOException e) {
      if (e instanceof TransferException ours) {
        return ours;
      }
      for (Throwable suppressed : e.getSuppressed()) {
        if (suppressed instanceof TransferException ours) {
          return ours;
        }
      }
      return null;
    }
  }

  /** From a socket or pipe into a file, to the end of the stream or until it is cut. */
  static boolean toFile(SoakWorker worker) throws IOException {
    int size = worker.size();
    int position = worker.position(size);
    Cut cut = worker.cut();
    boolean resets = worker.random.nextBoolean();
    int how = worker.random.nextInt(4);
    int at = worker.random.nextInt(10_000);
    Outcome outcome = new Outcome();
    int sends = cut == Cut.NONE ? size : worker.random.nextInt(size);
    SoakWorker.Sender peer;
    try (Ends.Pair pair = anyEnds(worker).open();
        FileChannel target = target(worker, how % 2 == 0)) {
      ByteBuffer bytes = ByteBuffer.wrap(worker.shared.content(), position, sends);
      peer = new SoakWorker.Sender(pair, bytes, cut, resets);
      boolean blocking = cut != Cut.NONE || worker.random.nextBoolean();
      ((SelectableChannel) pair.reader).configureBlocking(blocking);
      peer.start();
      try {
        receive(worker, pair.reader, target, at, how < 2 ? null : pair, outcome, blocking, size);
      } catch (IOException e) {
        outcome.met(e);
      } finally {
        peer.end();
      }
    }
    worker.judge(cut, outcome.met);
    compare(worker, at, position, outcome);
    boolean exact = cut == Cut.NONE || cut == Cut.PEER && !resets;
    if (exact && outcome.met == null) {
      require(outcome.moved == sends, "told " + outcome.moved + " of " + sends);
    }
    require(outcome.moved <= sends, "more was told than sent");
    if (cut != Cut.NONE) {
      worker.count(cut);
    }
    return cut == Cut.NONE;
  }

  /** Until size bytes have come, or the stream ends. */
  private static void receive(
      SoakWorker worker,
      ReadableByteChannel source,
      FileChannel target,
      int at,
      Ends.Pair byChannel,
      Outcome outcome,
      boolean blocking,
      int size)
      throws IOException {
    ByteBuffer probe = ByteBuffer.allocate(1);
    while (outcome.moved < size) {
      long left = size - outcome.moved;
      long place = at + outcome.moved;
      long n =
          byChannel == null
              ? Transfer.transferFrom(target, source, place, left)
              : target.transferFrom(source, place, left);
      outcome.moved += n;
      if (n > 0) {
        continue;
      }
      // The end, or nothing yet: a read tells.
      int read = source.read(probe.clear());
      if (read < 0) {
        return;
      }
      if (read == 0) {
        require(!blocking, "a blocking read moves a byte");
        worker.tally.met(SoakTally.Fault.EMPTY);
        LockSupport.parkNanos(PAUSE_NANOS);
      } else {
        target.write(probe.flip(), at + outcome.moved++);
      }
    }
  }

  private static FileChannel target(SoakWorker worker, boolean ours) throws IOException {
    StandardOpenOption[] options = {
      StandardOpenOption.CREATE,
      StandardOpenOption.TRUNCATE_EXISTING,
      StandardOpenOption.WRITE,
      StandardOpenOption.READ
    };
    return ours
        ? NativeFileChannel.open(worker.scratch(), options)
        : FileChannel.open(worker.scratch(), options);
  }

  /** What was told is in the file, and what is stranded follows on it. */
  private static void compare(SoakWorker worker, int at, int position, Outcome outcome)
      throws IOException {
    byte[] content = worker.shared.content();
    int moved = (int) outcome.moved;
    ByteBuffer found = ByteBuffer.allocate(moved);
    try (FileChannel file = FileChannel.open(worker.scratch())) {
      while (found.hasRemaining() && file.read(found, at + found.position()) >= 0) {
        continue;
      }
    }
    require(!found.hasRemaining(), "the file has " + found.position() + " of " + moved);
    int wrong = found.flip().mismatch(ByteBuffer.wrap(content, position, moved));
    require(wrong < 0, "byte " + wrong + " of the file is wrong");
    int stranded = outcome.stranded.length;
    ByteBuffer next = ByteBuffer.wrap(content, position + moved, stranded);
    require(ByteBuffer.wrap(outcome.stranded).equals(next), "stranded bytes are others");
    worker.tally.verified(moved + stranded);
  }

  /** From one stream into another; a third thread reads that. */
  static boolean relay(SoakWorker worker) throws IOException {
    int size = worker.size();
    int position = worker.position(size);
    byte[] content = worker.shared.content();
    try (Ends.Pair from = anyEnds(worker).open()) {
      ByteBuffer bytes = ByteBuffer.wrap(content, position, size);
      SoakWorker.Sender sender = new SoakWorker.Sender(from, bytes, Cut.NONE, false);
      Ends.Pair to = anyEnds(worker).open();
      SoakWorker.Receiver receiver = new SoakWorker.Receiver(to, content, position, Cut.NONE, 0);
      sender.start();
      receiver.start();
      long sent = 0;
      try (to) {
        while (sent < size) {
          long n = Transfer.from(from.reader).to(to.writer).count(size - sent).transfer();
          require(n > 0, "the stream ended after " + sent + " of " + size);
          sent += n;
        }
        to.writer.close();
        sender.end();
        receiver.end();
      }
      require(receiver.moved == size, receiver.moved + " of " + size + " came");
      worker.tally.verified(size);
    }
    return true;
  }

  /** A device without room: what was taken from the stream is handed out. */
  static boolean toFull(SoakWorker worker) throws IOException {
    int size = 1 + worker.random.nextInt(4000);
    int position = worker.position(size);
    ByteBuffer all = ByteBuffer.allocate(size);
    try (Ends.Pair pair = anyEnds(worker).open();
        FileChannel full = FileChannel.open(Path.of("/dev/full"), StandardOpenOption.WRITE)) {
      pair.writer.write(ByteBuffer.wrap(worker.shared.content(), position, size));
      try {
        long n = Transfer.transferFrom(full, pair.reader, 0, size);
        throw new AssertionError(n + " bytes went to a device without room");
      } catch (TransferException e) {
        require(e.codeName().equals("ENOSPC"), e.getMessage());
        require(e.bytes() == 0, "nothing was moved: " + e.bytes());
        all.put(e.stranded());
        worker.tally.met(SoakTally.Fault.NO_SPACE);
      }
      pair.writer.close();
      SoakWorker.drain(pair.reader, all);
    }
    ByteBuffer expected = ByteBuffer.wrap(worker.shared.content(), position, size);
    require(all.flip().equals(expected), "a byte was lost");
    worker.tally.verified(size);
    return true;
  }
}

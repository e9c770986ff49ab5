// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/** The command {@code run}: one measurement of one row in this JVM. */
final class Run {
  private static final byte[] OTHERS = new byte[64 * 1024];

  static {
    Arrays.fill(OTHERS, (byte) 0x5a);
  }

  private final Plan plan;
  private final Peer peer;
  private final Movers movers;
  private final Meter meter;
  private long senderCpu;
  private long receiverCpu;
  private boolean verified;
  private Mover mover;

  Run(Plan plan, Peer peer, Movers movers) {
    this.plan = plan;
    this.peer = peer;
    this.movers = movers;
    this.meter = new Meter(movers.systemCalls());
  }

  /** Runs and answers. */
  ObjectNode run() throws IOException, SkippedException {
    if (plan.size() < 1 || plan.bytes() < 1) {
      throw new IllegalArgumentException("size and bytes are 1 or more");
    }
    try (Ends ends = new Ends()) {
      ends.openFile(plan);
      String expected =
          peer.hash(
              new Wire("hash")
                  .with("file", plan.file())
                  .with("bytes", plan.bytes())
                  .with("size", plan.size())
                  .with("wrap", 1)
                  .with("regions", plan.isList() ? 1 : null));
      if (plan.peerSends()) {
        receive(ends, expected);
      } else if (plan.peerReceives()) {
        send(ends, expected);
      } else if (plan.target().equals("file")) {
        copy(ends, expected);
      } else {
        fill(ends, expected);
      }
    }
    return answer();
  }

  /** From file or memory to the peer. */
  private void send(Ends ends, String expected) throws IOException, SkippedException {
    mapIfNeeded(ends);
    int copies = plan.path().equals("tee") ? 2 : 1;
    try (Link link = movers.link(plan, peer, copies, false, null)) {
      ends.out = link.out(0);
      ends.tee = copies > 1 ? link.out(1) : null;
      try (Mover made = movers.mover(plan, ends)) {
        mover = made;
        moveAll(ends);
        Wire done = link.finish();
        meter.stop();
        verified = isRight(done, "", expected) && (copies == 1 || isRight(done, "2", expected));
        senderCpu = meter.cpuNanos();
        receiverCpu = done.needLong("cpu_ns");
      }
    }
  }

  private boolean isRight(Wire done, String suffix, String expected) {
    return done.needLong("bytes" + suffix) == plan.bytes()
        && expected.equals(done.need("hash" + suffix));
  }

  /** From file or memory to a new file. */
  private void copy(Ends ends, String expected) throws IOException, SkippedException {
    mapIfNeeded(ends);
    ends.makeFile(plan);
    try (Mover made = movers.mover(plan, ends)) {
      mover = made;
      moveAll(ends);
      meter.stop();
    }
    senderCpu = meter.cpuNanos();
    checkFile(ends.madePath, expected);
  }

  /** From the peer to a new file. */
  private void receive(Ends ends, String expected) throws IOException, SkippedException {
    ends.makeFile(plan);
    try (Link link = Link.fromPeer(peer, plan, plan.file())) {
      ends.in = link.in();
      try (Mover made = movers.mover(plan, ends)) {
        mover = made;
        Sequence sequence = sequence(ends);
        meter.start();
        link.go();
        Meter.mark("begin", plan.mark());
        while (sequence.next()) {
          made.move(sequence.offset(), sequence.length());
        }
        Meter.mark("end", plan.mark());
        meter.stop();
        senderCpu = link.finish().needLong("cpu_ns");
        receiverCpu = meter.cpuNanos();
      }
    }
    checkFile(ends.madePath, expected);
  }

  /**
   * From the file into this process's memory, which mirrors the file: after each pass, with the
   * clock stopped, what came is put aside for the hash and spoiled for the next pass.
   */
  private void fill(Ends ends, String expected) throws IOException, SkippedException {
    long pass = Math.min(sequence(ends).span(), plan.bytes());
    if (pass > Integer.MAX_VALUE) {
      throw new SkippedException("a ByteBuffer holds at most 2 GiB - 1");
    }
    ends.memory = movers.memory(plan, ends, (int) pass);
    ends.makeFile(plan);
    try (Mover made = movers.mover(plan, ends)) {
      mover = made;
      Sequence sequence = sequence(ends);
      meter.start();
      Meter.mark("begin", plan.mark());
      while (sequence.next()) {
        made.move(sequence.offset(), sequence.length());
        if (made.came() != null) {
          meter.stop();
          writeAll(ends.made, made.came());
          meter.start();
          made.done();
          continue;
        }
        long end = sequence.offset() + sequence.length();
        if (end == pass || sequence.isLast()) {
          meter.stop();
          putAside(ends, (int) end);
          meter.start();
        }
      }
      Meter.mark("end", plan.mark());
      meter.stop();
    } finally {
      JdkUnsafe.free(ends.memory);
    }
    senderCpu = meter.cpuNanos();
    checkFile(ends.madePath, expected);
  }

  private void putAside(Ends ends, int bytes) throws IOException {
    writeAll(ends.made, ends.memory.duplicate().clear().limit(bytes));
    spoil(ends.memory);
  }

  private static void writeAll(FileChannel file, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      file.write(bytes);
    }
  }

  /** Fills memory with bytes that no check can take for the file's. */
  static void spoil(ByteBuffer memory) {
    if (!memory.isReadOnly()) {
      ByteBuffer left = memory.duplicate().clear();
      while (left.hasRemaining()) {
        left.put(OTHERS, 0, Math.min(left.remaining(), OTHERS.length));
      }
    }
  }

  private void moveAll(Ends ends) throws IOException, SkippedException {
    Sequence sequence = sequence(ends);
    meter.start();
    Meter.mark("begin", plan.mark());
    if (plan.isList()) {
      moveLists(sequence);
    } else {
      while (sequence.next()) {
        mover.move(sequence.offset(), sequence.length());
      }
    }
    mover.settle();
    Meter.mark("end", plan.mark());
  }

  private void moveLists(Sequence sequence) throws IOException, SkippedException {
    long[] offsets = new long[Feasible.REGIONS];
    long[] counts = new long[Feasible.REGIONS];
    int pieces;
    do {
      pieces = 0;
      while (pieces < Feasible.REGIONS && sequence.next()) {
        offsets[pieces] = sequence.offset();
        counts[pieces++] = sequence.length();
      }
      if (pieces > 0) {
        mover.moveList(offsets, counts, pieces);
      }
    } while (pieces == Feasible.REGIONS);
  }

  private void mapIfNeeded(Ends ends) throws IOException, SkippedException {
    if (plan.source().equals("memory") || plan.path().equals("mapped-writev")) {
      long span = sequence(ends).span();
      ends.mapSource(plan.isList() ? span : Math.min(span, plan.bytes()));
    }
  }

  private Sequence sequence(Ends ends) throws IOException {
    return new Sequence(ends.file.size(), plan.size(), plan.bytes(), plan.isList());
  }

  private void checkFile(Path made, String expected) throws IOException {
    String hash =
        peer.hash(
            new Wire("hash")
                .with("file", made)
                .with("bytes", plan.bytes())
                .with("flip", plan.flip() ? 1 : null));
    verified = Files.size(made) == plan.bytes() && expected.equals(hash);
  }

  private ObjectNode answer() {
    ObjectNode answer = Json.object();
    answer.put("ok", true);
    answer.put("bytes", plan.bytes());
    answer.put("nanos", meter.nanos());
    answer.put("verified", verified);
    answer.put("sender_cpu_ns", senderCpu);
    answer.put("receiver_cpu_ns", receiverCpu);
    answer.put("system_calls", meter.systemCalls());
    answer.put("page_faults", meter.faults());
    answer.put("path_ran", mover.pathRan);
    answer.put("kernel_copied", mover.kernelCopied);
    answer.put("declined", mover.declined);
    return answer;
  }

  /** Opens a file for both, without emptying it. */
  static FileChannel openForBoth(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.znio.Mapping;
import io.znio.Transfer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** RocketMQ's commit log: small records through a mapped file, flushed; or a write per record. */
final class RocketmqAppend implements WorkloadRun {
  private static final int RECORD_BYTES = 1024;
  private static final int RECORDS_KEPT = 1024;
  private static final long FORCE_EVERY = 64;

  private final String impl;
  private final boolean mapped;
  private final Path file;
  private final Path scratch;
  private final boolean flip;
  private final String mark;
  private final int records;
  private final long forceEvery;
  private final Peer peer;
  private final Meter meter;
  private ByteBuffer source;
  private int slots;
  private long forces;

  RocketmqAppend(Wire wire, Peer peer) {
    this.impl = wire.need("impl");
    this.mapped = wire.need("path").equals("mmap");
    if (!mapped && !wire.need("path").equals("write")) {
      throw new IllegalArgumentException(
          "path=" + wire.need("path") + " is neither mmap nor write");
    }
    this.file = Path.of(wire.need("file"));
    this.scratch = Path.of(wire.need("scratch"));
    this.flip = "1".equals(wire.get("flip"));
    this.mark = wire.get("mark");
    this.records = Math.toIntExact(wire.needLong("count"));
    this.forceEvery = wire.has("force") ? wire.needLong("force") : FORCE_EVERY;
    this.peer = peer;
    this.meter = WorkloadRun.meter(impl);
    if (records < 1 || records > Integer.MAX_VALUE / RECORD_BYTES) {
      throw new IllegalArgumentException("count=" + records + " is not 1 to 2,097,151");
    }
  }

  @Override
  public ObjectNode run() throws IOException, SkippedException {
    loadRecords();
    long bytes = (long) records * RECORD_BYTES;
    String expected =
        peer.hash(
            new Wire("hash")
                .with("file", file)
                .with("bytes", bytes)
                .with("size", RECORD_BYTES)
                .with("wrap", 1)
                .with("slots", RECORDS_KEPT));
    Path made = Files.createTempFile(scratch, "znio-append-", ".log");
    try (FileChannel log = Run.openForBoth(made)) {
      append(log, bytes);
      Wire check =
          new Wire("hash").with("file", made).with("bytes", bytes).with("flip", flip ? 1 : null);
      boolean verified = Files.size(made) == bytes && expected.equals(peer.hash(check));
      ObjectNode answer = WorkloadRun.answer(meter, bytes, verified);
      answer.put("records", records);
      answer.put("forces", forces);
      return answer;
    } finally {
      Files.deleteIfExists(made);
    }
  }

  private void loadRecords() throws IOException, SkippedException {
    try (FileChannel channel = FileChannel.open(file)) {
      slots = (int) Math.min(RECORDS_KEPT, channel.size() / RECORD_BYTES);
      if (slots == 0) {
        throw new SkippedException("the file has less than " + RECORD_BYTES + " bytes");
      }
      source = ByteBuffer.allocateDirect(slots * RECORD_BYTES);
      while (source.hasRemaining()) {
        if (channel.read(source, source.position()) <= 0) {
          Mover.ended(source.remaining());
        }
      }
    }
  }

  private void append(FileChannel log, long bytes) throws IOException {
    boolean znio = impl.equals("znio");
    if (mapped && znio) {
      // znio's mappings never extend a file.
      log.write(ByteBuffer.allocate(1), bytes - 1);
      try (Mapping mapping = Mapping.map(log, Mapping.Mode.READ_WRITE, 0, bytes)) {
        ByteBuffer target = mapping.buffer();
        appendAll(record -> target.put(record), (from, to) -> mapping.force());
      }
    } else if (mapped) {
      MappedByteBuffer target = log.map(FileChannel.MapMode.READ_WRITE, 0, bytes);
      appendAll(record -> target.put(record), (from, to) -> target.force(from, to - from));
      JdkUnsafe.free(target);
    } else if (znio) {
      appendAll(record -> Transfer.from(record).to(log).transfer(), (from, to) -> log.force(false));
    } else {
      appendAll(log::write, (from, to) -> log.force(false));
    }
  }

  private interface Append {
    void accept(ByteBuffer record) throws IOException;
  }

  private interface Force {
    void accept(int from, int to) throws IOException;
  }

  private void appendAll(Append append, Force force) throws IOException {
    ByteBuffer record = source.duplicate();
    int forced = 0;
    Meter.mark("begin", mark);
    meter.start();
    for (int i = 0; i < records; i++) {
      int at = i % slots * RECORD_BYTES;
      append.accept(record.clear().position(at).limit(at + RECORD_BYTES));
      boolean due = i + 1 == records || forceEvery > 0 && (i + 1) % forceEvery == 0;
      if (due) {
        force.accept(forced * RECORD_BYTES, (i + 1) * RECORD_BYTES);
        forced = i + 1;
        forces++;
      }
    }
    meter.stop();
    Meter.mark("end", mark);
  }
}

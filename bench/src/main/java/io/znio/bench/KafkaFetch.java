// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.znio.TransferPath;
import io.znio.bench.Sequence.SplitMix;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.util.Arrays;

/** Kafka's answer to a fetch: a small header and pieces of log files, to one socket. */
final class KafkaFetch implements WorkloadRun {
  private static final int REGIONS = 16;
  private static final int HEADER_BYTES = 64;
  private static final long SEED = 2;
  private static final long PAGE = 4096;

  private final String impl;
  private final String path;
  private final Plan plan;
  private final int fetches;
  private final Peer peer;
  private final long[] offsets = new long[REGIONS];
  private final long[] counts = new long[REGIONS];
  private final ByteBuffer header = ByteBuffer.allocateDirect(HEADER_BYTES);

  KafkaFetch(Wire wire, Peer peer) {
    this.impl = wire.need("impl");
    this.path = wire.has("path") ? wire.get("path") : "auto";
    this.plan = Plan.of(wire);
    this.fetches = (int) wire.needLong("count");
    this.peer = peer;
    if (fetches < 1 || !plan.peerReceives() || plan.target().equals("pipe")) {
      throw new IllegalArgumentException("count is 1 or more, and a fetch goes to tcp or unix");
    }
  }

  @Override
  public ObjectNode run() throws IOException, SkippedException {
    try (FileChannel file = FileChannel.open(plan.file())) {
      if (file.size() < REGIONS * PAGE) {
        throw new SkippedException("the file has less than " + REGIONS * PAGE + " bytes");
      }
      long bytes = countBytes(file.size());
      Wire request = new Wire("hash").with("file", plan.file()).with("kafka", fetches);
      String expected = peer.hash(request);
      try (Link link = Link.toPeer(peer, plan.about(plan.file(), bytes), 1, false, null)) {
        return send(file, link, bytes, expected);
      }
    }
  }

  private ObjectNode send(FileChannel file, Link link, long bytes, String expected)
      throws IOException, SkippedException {
    Meter meter = WorkloadRun.meter(impl);
    WritableByteChannel out = link.out(0);
    ZnioRegions znio = impl.equals("znio") ? new ZnioRegions(file, out, znioPath()) : null;
    SplitMix random = new SplitMix(SEED);
    long fileBytes = file.size();
    Meter.mark("begin", plan.mark());
    meter.start();
    for (int fetch = 0; fetch < fetches; fetch++) {
      draw(random, fetch, fileBytes);
      if (znio != null) {
        znio.moveList(header, offsets, counts, REGIONS);
      } else {
        sendByJdk(file, out);
      }
    }
    Meter.mark("end", plan.mark());
    Wire done = link.finish();
    meter.stop();
    boolean verified = done.needLong("bytes") == bytes && expected.equals(done.need("hash"));
    ObjectNode answer = WorkloadRun.answer(meter, bytes, verified);
    answer.put("receiver_cpu_ns", done.needLong("cpu_ns"));
    answer.put("path_ran", znio == null ? null : znio.pathRan);
    answer.put("fetches", fetches);
    return answer;
  }

  /** As Kafka does it: the header by write, each region by transferTo. */
  private void sendByJdk(FileChannel file, WritableByteChannel out) throws IOException {
    while (header.hasRemaining()) {
      out.write(header);
    }
    for (int i = 0; i < REGIONS; i++) {
      long done = 0;
      while (done < counts[i]) {
        long moved = file.transferTo(offsets[i] + done, counts[i] - done, out);
        if (moved <= 0) {
          Mover.ended(counts[i] - done);
        }
        done += moved;
      }
    }
  }

  private TransferPath znioPath() throws SkippedException {
    return Arrays.stream(TransferPath.values())
        .filter(candidate -> candidate.text().equals(path))
        .findFirst()
        .orElseThrow(() -> new SkippedException("znio has no path '" + path + "'"));
  }

  private long countBytes(long fileBytes) {
    SplitMix random = new SplitMix(SEED);
    long sum = 0;
    for (int fetch = 0; fetch < fetches; fetch++) {
      sum += draw(random, fetch, fileBytes) + HEADER_BYTES;
    }
    return sum;
  }

  /** Draws a fetch's regions, makes its header, and returns the regions' bytes. */
  private long draw(SplitMix random, int fetch, long fileBytes) {
    long sum = 0;
    for (int i = 0; i < REGIONS; i++) {
      counts[i] = PAGE * (1 + Long.remainderUnsigned(random.next(), 16));
      long places = (fileBytes - counts[i]) / PAGE + 1;
      offsets[i] = PAGE * Long.remainderUnsigned(random.next(), places);
      sum += counts[i];
    }
    header.clear().putLong(fetch).putLong(sum);
    while (header.hasRemaining()) {
      header.put((byte) 0);
    }
    header.flip();
    return sum;
  }
}

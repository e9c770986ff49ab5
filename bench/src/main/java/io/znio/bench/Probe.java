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
import java.util.Random;

/**
 * The command {@code probe}: is it zero-copy? The source is changed after the call has returned and
 * before the receiver reads; a receiver that sees the new bytes reads the source's own pages.
 */
final class Probe {
  static final int BYTES = 64 * 1024;

  private static final int PAGE = 4096;
  private static final int PAGES = BYTES / PAGE;

  /** Java cannot ask whether a send queue is empty; on loopback and veth this is ages. */
  private static final long DELIVERY_MILLIS = 50;

  private final Plan given;
  private final Peer peer;
  private final Movers movers;
  private final byte[] before = new byte[BYTES];
  private final byte[] after = new byte[BYTES];

  Probe(Plan given, Peer peer, Movers movers) {
    this.given = given;
    this.peer = peer;
    this.movers = movers;
    new Random(3).nextBytes(before);
    for (int i = 0; i < BYTES; i++) {
      after[i] = (byte) ~before[i];
    }
  }

  /** Probes and answers. */
  ObjectNode run() throws IOException, SkippedException, InterruptedException {
    Path file = Files.createTempFile(given.scratch(), "znio-probe-", ".bin");
    Path kept = given.scratch().resolve(file.getFileName() + ".got");
    try (Ends ends = new Ends()) {
      // On disk, so that the file system has given it extents of its own.
      try (FileChannel channel = Run.openForBoth(file)) {
        channel.write(ByteBuffer.wrap(before), 0);
        channel.force(true);
      }
      Plan plan = given.about(file, BYTES);
      ends.openFile(plan);
      if (plan.source().equals("memory") || plan.path().equals("mapped-writev")) {
        ends.mapSource(BYTES);
      }
      if (plan.path().equals("direct-uring") && !plan.peerReceives()) {
        return DirectProbe.run(plan, ends, file);
      }
      if (plan.peerReceives()) {
        return toPeer(plan, ends, kept);
      }
      return plan.target().equals("file") ? toFile(plan, ends) : toMemory(plan, ends);
    } finally {
      Files.deleteIfExists(file);
      Files.deleteIfExists(kept);
    }
  }

  private ObjectNode toPeer(Plan plan, Ends ends, Path kept)
      throws IOException, SkippedException, InterruptedException {
    if (plan.path().equals("memfd")) {
      return withMemfd(plan, ends);
    }
    int copies = plan.path().equals("tee") ? 2 : 1;
    try (Link link = movers.link(plan, peer, copies, true, kept)) {
      ends.out = link.out(0);
      ends.tee = copies > 1 ? link.out(1) : null;
      try (Mover mover = movers.mover(plan, ends)) {
        move(plan, mover);
        if (plan.target().equals("tcp")) {
          Thread.sleep(DELIVERY_MILLIS);
        }
        change(plan, ends);
        link.go();
        Wire done = link.finish();
        if (copies > 1 && !done.need("hash").equals(done.need("hash2"))) {
          throw new IOException("the two receivers of tee got different bytes");
        }
        mover.settle();
        ObjectNode answer =
            compare(Files.readAllBytes(kept), copies > 1 ? "both peers" : "the peer");
        return mover.kernelCopied == null ? answer : report(answer, mover.kernelCopied);
      }
    }
  }

  /** The path reports by itself what the kernel did: its word decides. */
  private static ObjectNode report(ObjectNode answer, boolean copied) {
    answer.put("probe", copied ? "copied" : "shared");
    answer.put(
        "how",
        answer.get("how").asText()
            + " The completion says that the kernel "
            + (copied ? "copied after all." : "did not copy."));
    return answer;
  }

  private ObjectNode toFile(Plan plan, Ends ends)
      throws IOException, SkippedException, InterruptedException {
    ends.makeFile(plan);
    if (plan.peerSends()) {
      try (Link link = Link.fromPeer(peer, plan, plan.file())) {
        ends.in = link.in();
        try (Mover mover = movers.mover(plan, ends)) {
          link.go();
          mover.move(0, BYTES);
        }
        link.finish();
      }
    } else {
      try (Mover mover = movers.mover(plan, ends)) {
        move(plan, mover);
        mover.settle();
      }
    }
    Boolean shared = Extents.areShared(ends.madePath);
    change(plan, ends);
    ObjectNode answer = compare(Files.readAllBytes(ends.madePath), "the target file");
    if (Boolean.TRUE.equals(shared)) {
      answer.put("probe", "shared");
      answer.put(
          "how",
          "The file system reports every extent of the target as shared (FIEMAP, by filefrag); a"
              + " later change of the source does not show in it: copy-on-write.");
    }
    return answer;
  }

  private ObjectNode toMemory(Plan plan, Ends ends) throws IOException, SkippedException {
    ends.memory = movers.memory(plan, ends, BYTES);
    try (Mover mover = movers.mover(plan, ends)) {
      mover.move(0, BYTES);
      change(plan, ends);
      byte[] seen = new byte[BYTES];
      (mover.came() == null ? ends.memory : mover.came()).duplicate().clear().get(seen);
      return compare(seen, "the program's memory");
    } finally {
      JdkUnsafe.free(ends.memory);
    }
  }

  private static void move(Plan plan, Mover mover) throws IOException, SkippedException {
    if (!plan.isList()) {
      mover.move(0, BYTES);
      return;
    }
    long[] offsets = new long[PAGES];
    long[] counts = new long[PAGES];
    for (int i = 0; i < PAGES; i++) {
      offsets[i] = (long) i * PAGE;
      counts[i] = PAGE;
    }
    mover.moveList(offsets, counts, PAGES);
  }

  private void change(Plan plan, Ends ends) throws IOException {
    try (FileChannel channel = FileChannel.open(plan.file(), StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(after), 0);
    }
    if (ends.changeable != null) {
      ends.changeable.duplicate().clear().put(after);
    }
  }

  /** The peer maps what it was passed, and hashes it before and after the change. */
  private ObjectNode withMemfd(Plan plan, Ends ends) throws IOException, SkippedException {
    try (Link link = movers.link(plan, peer, 1, true, null)) {
      ends.out = link.out(0);
      try (Mover mover = movers.mover(plan, ends)) {
        mover.move(0, BYTES);
        String old = link.hear("mapped").need("hash");
        change(plan, ends);
        link.go();
        String seen = link.finish().need("hash");
        String fresh = peer.hash(new Wire("hash").with("file", plan.file()).with("bytes", BYTES));
        if (!seen.equals(fresh) && !seen.equals(old)) {
          throw new IOException("the peer's mapping shows neither the old bytes nor the new ones");
        }
        return Json.object()
            .put("ok", true)
            .put("probe", seen.equals(fresh) ? "shared" : "copied")
            .put(
                "how",
                seen.equals(fresh)
                    ? "The peer's mapping showed the old bytes, and the new ones as soon as the"
                        + " sender had written them: both have the same pages."
                    : "The memory was filled from the file by a copy: the peer's mapping still"
                        + " shows the old bytes after the file has changed.");
      }
    }
  }

  private ObjectNode compare(byte[] seen, String who) throws IOException {
    if (seen.length != BYTES) {
      throw new IOException(who + " got " + seen.length + " of " + BYTES + " bytes");
    }
    int news = 0;
    int olds = 0;
    for (int at = 0; at < BYTES; at += PAGE) {
      news += Arrays.equals(seen, at, at + PAGE, after, at, at + PAGE) ? 1 : 0;
      olds += Arrays.equals(seen, at, at + PAGE, before, at, at + PAGE) ? 1 : 0;
    }
    if (news == 0 && olds == 0) {
      throw new IOException(who + " got neither the old bytes nor the new ones");
    }
    String what =
        news == PAGES
            ? who + " saw the new bytes in all " + PAGES + " pages."
            : olds == PAGES
                ? who + " still saw the old bytes in all " + PAGES + " pages."
                : "of " + PAGES + " pages " + who + " saw " + news + " new and " + olds + " old.";
    ObjectNode answer = Json.object();
    answer.put("ok", true);
    answer.put("probe", news == PAGES ? "shared" : "copied");
    answer.put("how", "The source was changed after the call had returned, and " + what);
    return answer;
  }
}

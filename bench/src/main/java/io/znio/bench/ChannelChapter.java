// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.znio.bench.Places.Site;
import io.znio.bench.Shell.ShellException;
import io.znio.bench.WorkerProcess.WorkerException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * The chapter "channel": znio's NativeFileChannel beside the JDK's FileChannel, call by call. Rows
 * of a group are measured as {@link Rounds} says, each channel in a JVM of its own, which lives as
 * long as the chapter.
 */
final class ChannelChapter implements Chapter {
  private static final long TIMEOUT_SECONDS = 180;
  static final int WARM_UP_CALLS_MAX = 60;

  /** See {@link MemoryChapter}. */
  static final long WARM_UP_OPERATIONS = 2L * 600 * ChannelLoop.TURNS;

  private static final long COMPILE_NANOS = 3_000_000_000L;
  private static final String COMPILE_AT_ONCE = "-Xbatch";

  /** That are dropped in one measurement; far below what Linux lets a process map (65,530). */
  private static final long MAPPINGS = 2000;

  /** Of transfers in one measurement: the other end is a file, or hashes them. */
  private static final long BYTES_MAX = 256 * Sizes.MIB;

  private final Set<String> warm = new HashSet<>();
  private Session session;
  private Places places;

  @Override
  public String name() {
    return "channel";
  }

  @Override
  public String text(JsonNode chapter) {
    return ChannelTable.text(chapter);
  }

  @Override
  public ObjectNode run(Session session) throws InterruptedException {
    this.session = session;
    Settings settings = session.settings();
    this.places = new Places(settings, session.cleanup());
    Random random = new Random(settings.seed());
    Map<ChannelRow.Group, List<ChannelResult>> groups = new LinkedHashMap<>();
    List<ChannelResult> results = new ArrayList<>();
    for (ChannelRow row : ChannelRows.measured(settings, session.jdks())) {
      session.workers().define(row.worker(), row.jdk(), List.of(COMPILE_AT_ONCE));
      ChannelResult result = new ChannelResult(row);
      results.add(result);
      groups.computeIfAbsent(row.group(), group -> new ArrayList<>()).add(result);
    }
    session.progress().start("channel", (long) results.size() * (settings.rounds() + 1));
    Stopwatch watch = new Stopwatch();
    for (Map.Entry<ChannelRow.Group, List<ChannelResult>> group : groups.entrySet()) {
      session.progress().at(group.getKey().title());
      Rounds.run(
          group.getValue(),
          session,
          random,
          watch,
          this::warmUp,
          (result, round) -> measure(result, result.operations, round));
    }
    results.forEach(result -> session.workers().end(result.row.worker()));
    session.progress().close();
    ObjectNode chapter = new ChannelJson(settings, results).chapter();
    chapter.set("seconds", watch.seconds());
    return chapter;
  }

  private void warmUp(ChannelResult result) throws InterruptedException {
    ChannelRow row = result.row;
    Settings settings = session.settings();
    boolean compile = warm.add(row.worker() + row.op() + row.buffer() + row.peer() + row.threads());
    long wanted = settings.measurementNanos();
    // Another size may run other code, but of the same methods.
    long least = Math.max(wanted, compile ? settings.warmUpNanos() : settings.warmUpNanos() / 3);
    long most = compile && !row.isTransfer() ? COMPILE_NANOS : 4 * least;
    result.operations =
        Rounds.warmUp(
            result,
            amount(row),
            new Rounds.Patience(least, WARM_UP_OPERATIONS, most, WARM_UP_CALLS_MAX),
            wanted,
            this::measure);
  }

  private static Rounds.Amount amount(ChannelRow row) {
    if (row.op().equals(ChannelRows.MAP_COLLECT)) { // a collection belongs to many
      return new Rounds.Amount(MAPPINGS, MAPPINGS, MAPPINGS);
    }
    return amount(row.isTransfer(), row.size());
  }

  static Rounds.Amount amount(boolean isTransfer, long size) {
    long first = Math.max(1, Math.min(64, 4 * Sizes.MIB / size));
    long most = isTransfer ? Math.max(1, BYTES_MAX / size) : Integer.MAX_VALUE;
    return new Rounds.Amount(first, 1, most);
  }

  /** Runs a row once and returns the nanoseconds it took, 0 if it did not run. */
  private long measure(ChannelResult result, long count, int round) throws InterruptedException {
    ChannelRow row = result.row;
    try {
      Wire command = row.isTransfer() ? transfer(row, count) : call(row, count);
      command.with("flip", session.settings().flip() ? 1 : null);
      JsonNode answer = session.workers().ask(row.worker(), command, TIMEOUT_SECONDS);
      result.take(answer, count, round);
      return answer.path("nanos").asLong();
    } catch (WorkerException e) {
      result.failed = e.getMessage();
    } catch (ShellException e) {
      result.skipped = e.getMessage();
    }
    return 0;
  }

  private Wire call(ChannelRow row, long count) {
    return call(row.op(), row.impl(), row.buffer(), row.size(), count, session.settings())
        .with("threads", row.threads());
  }

  /** What is no transfer, by one thread. */
  static Wire call(
      String op, String impl, String buffer, long size, long count, Settings settings) {
    return new Wire("channel")
        .with("op", op)
        .with("impl", impl)
        .with("buffer", buffer)
        .with("size", size)
        .with("count", count)
        .with("scratch", settings.scratch());
  }

  private Wire transfer(ChannelRow row, long count) throws ShellException, InterruptedException {
    String impl = row.impl().equals("znio") ? Ends.CHANNEL : row.impl();
    return transfer(places, impl, row.op(), row.peer(), row.size(), count);
  }

  /** A transfer is a {@code run} of the JDK's path, on the channel of whom the row is of. */
  static Wire transfer(Places places, String impl, String op, String peer, long size, long count)
      throws ShellException, InterruptedException {
    Site site = places.of(null);
    boolean receives = op.equals(ChannelRows.TRANSFER_FROM);
    return new Wire("run")
        .with("impl", impl)
        .with("path", op)
        .with("source", receives ? peer : "file")
        .with("target", receives ? "file" : peer)
        .with("file", site.file())
        .with("scratch", site.scratch())
        .with("peer", site.peerCommand())
        .with("size", size)
        .with("bytes", count * size);
  }
}

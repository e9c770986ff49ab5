// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.znio.bench.WorkerProcess.WorkerException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * The chapter "memory": what it costs to get memory and to give it back, znio at each level of
 * safety beside what the JDK offers. Rows of a group are measured as {@link Rounds} says, each way
 * to get memory in a JVM of its own, which lives as long as the chapter.
 */
final class MemoryChapter implements Chapter {
  private static final long TIMEOUT_SECONDS = 180;
  private static final int LIVE_BUFFERS = 1_000_000;
  private static final int LIVE_BUFFERS_QUICK = 100_000;
  private static final int LIVE_ROUNDS_MAX = 3;

  private static final int WARM_UP_CALLS_MAX = 60;

  /** The JVM makes its best code of a method with a loop after 600 calls, and some anew later. */
  private static final long WARM_UP_OPERATIONS = 2L * 600 * MemoryLoop.TURNS;

  /** The most that such code may take, however slow the compiler is. */
  private static final long COMPILE_NANOS = 3_000_000_000L;

  /**
   * Who wants code compiled waits for it: so much work gives the same code on a busy machine as on
   * an idle one.
   */
  private static final String COMPILE_AT_ONCE = "-Xbatch";

  /**
   * Of a JVM with many live buffers: little beside them and the heap grows, which is all touched.
   */
  private static final List<String> LIVE_OPTIONS =
      List.of(
          "-XX:+UseSerialGC",
          "-XX:MarkSweepAlwaysCompactCount=1", // no dead objects are left lying
          "-XX:+AlwaysPreTouch",
          "-XX:TieredStopAtLevel=1");

  /**
   * A collection belongs to many dropped buffers: so many times longer is a measurement of them.
   */
  private static final int DROPPED_FACTOR = 4;

  private final Set<String> warm = new HashSet<>();
  private Session session;

  @Override
  public String name() {
    return "memory";
  }

  @Override
  public String text(JsonNode chapter) {
    return MemoryTable.text(chapter);
  }

  @Override
  public ObjectNode run(Session session) throws InterruptedException {
    this.session = session;
    Settings settings = session.settings();
    Random random = new Random(settings.seed());
    Map<MemoryRow.Group, List<MemoryResult>> groups = new LinkedHashMap<>();
    List<MemoryResult> results = new ArrayList<>();
    for (MemoryRow row : MemoryRows.measured(settings, session.jdks())) {
      define(row);
      MemoryResult result = new MemoryResult(row);
      results.add(result);
      groups.computeIfAbsent(row.group(), group -> new ArrayList<>()).add(result);
    }
    session.progress().start("memory", (long) results.size() * (settings.rounds() + 1));
    Stopwatch watch = new Stopwatch();
    for (Map.Entry<MemoryRow.Group, List<MemoryResult>> group : groups.entrySet()) {
      session.progress().at(group.getKey().title());
      if (group.getKey().op().equals(MemoryRows.LIVE)) {
        runLive(group.getValue(), random);
        watch.lap("live_buffers");
      } else {
        Rounds.run(group.getValue(), session, random, watch, this::warmUp, this::measureOnce);
      }
    }
    results.forEach(result -> session.workers().end(result.row.worker()));
    session.progress().close();
    ObjectNode chapter = new MemoryJson(settings, results).chapter();
    chapter.set("seconds", watch.seconds());
    return chapter;
  }

  private void define(MemoryRow row) {
    List<String> options = new ArrayList<>(List.of(COMPILE_AT_ONCE));
    if (row.level() != null) {
      options.add("-Dio.znio.safety=" + row.level());
    }
    if (row.isLive()) {
      options.addAll(LIVE_OPTIONS);
      String heap = session.settings().quick() ? "128m" : "1g";
      options.addAll(List.of("-Xms" + heap, "-Xmx" + heap));
    }
    session.workers().define(row.worker(), row.jdk(), options);
  }

  /** Does more from the next round on, if the work took less time than a measurement shall. */
  private void measureOnce(MemoryResult result, int round) throws InterruptedException {
    long nanos = measure(result, result.operations, round);
    long wanted = measurementNanos(result.row);
    if (result.isOpen() && nanos < wanted / 2) {
      result.operations = Rounds.scale(result.operations, nanos, wanted, 1);
    }
  }

  private long measurementNanos(MemoryRow row) {
    int factor = row.impl().equals("jdk-gc") ? DROPPED_FACTOR : 1;
    return factor * session.settings().measurementNanos();
  }

  private void warmUp(MemoryResult result) throws InterruptedException {
    MemoryRow row = result.row;
    Settings settings = session.settings();
    long first = Math.max(1, Math.min(64, 64 * Sizes.MIB / row.size()));
    boolean compile = warm.add(row.worker() + row.op() + row.zeroed() + row.threads());
    long wanted = measurementNanos(row);
    // Another size may run other code, but of the same methods.
    long least = Math.max(wanted, compile ? settings.warmUpNanos() : settings.warmUpNanos() / 3);
    long most = compile ? COMPILE_NANOS : 4 * least;
    result.operations =
        Rounds.warmUp(
            result,
            new Rounds.Amount(first, 1, Integer.MAX_VALUE),
            new Rounds.Patience(least, WARM_UP_OPERATIONS, most, WARM_UP_CALLS_MAX),
            wanted,
            this::measure);
  }

  /** A JVM's first look at so many buffers is the right one: later ones find memory kept. */
  private void runLive(List<MemoryResult> group, Random random) throws InterruptedException {
    session.progress().step(group.size());
    int count = session.settings().quick() ? LIVE_BUFFERS_QUICK : LIVE_BUFFERS;
    int rounds = session.settings().quick() ? 1 : LIVE_ROUNDS_MAX;
    Rounds.run(
        group,
        1,
        session,
        random,
        (result, round) -> {
          if (round <= rounds) {
            result.operations = count;
            measure(result, count, round);
            session.workers().end(result.row.worker());
          }
        });
  }

  /** Runs a row once and returns the nanoseconds it took, 0 if it did not run. */
  private long measure(MemoryResult result, long count, int round) throws InterruptedException {
    MemoryRow row = result.row;
    Wire command =
        new Wire("memory")
            .with("op", row.op())
            .with("impl", row.impl())
            .with("level", row.level())
            .with("size", row.size())
            .with("zeroed", Boolean.TRUE.equals(row.zeroed()) ? 1 : null)
            .with("threads", row.threads())
            .with("count", count)
            .with("scratch", session.settings().scratch())
            .with("flip", session.settings().flip() ? 1 : null);
    try {
      JsonNode answer = session.workers().ask(row.worker(), command, TIMEOUT_SECONDS);
      result.take(answer, round);
      return answer.path("nanos").asLong();
    } catch (WorkerException e) {
      result.failed = e.getMessage();
      return 0;
    }
  }
}

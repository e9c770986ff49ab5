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
 * The chapter "paths": every path of the literature and the JDK's own ways, on the same work.
 *
 * <p>The rows of a group are compared with one another, as {@link Rounds} says.
 */
final class PathsChapter implements Chapter {
  private static final int WARM_UP_CALLS_MAX = 8;

  /** Steps of the progress bar that a group's warm-up counts for. */
  private static final int WARM_UP_STEPS = 1;

  private final Set<String> warm = new HashSet<>();
  private Session session;
  private Places places;
  private Random random;

  @Override
  public String name() {
    return "paths";
  }

  @Override
  public ObjectNode run(Session session) throws InterruptedException {
    this.session = session;
    Settings settings = session.settings();
    this.places = new Places(settings, session.cleanup());
    this.random = new Random(settings.seed());
    Map<Row.Group, List<RowResult>> groups = new LinkedHashMap<>();
    List<RowResult> results = new ArrayList<>();
    for (Row row : Rows.measured(settings, session.jdks())) {
      RowResult result = new RowResult(row);
      results.add(result);
      groups.computeIfAbsent(row.group(), group -> new ArrayList<>()).add(result);
    }
    Probes probes = new Probes(session, places, results);
    Trace trace = new Trace(session, places, results);
    Workloads workloads = new Workloads(session);
    session
        .progress()
        .start(
            "paths",
            (long) results.size() * (settings.rounds() + WARM_UP_STEPS)
                + probes.count()
                + trace.count()
                + workloads.count());
    Stopwatch watch = new Stopwatch();
    for (Map.Entry<Row.Group, List<RowResult>> group : groups.entrySet()) {
      session.progress().at(group.getKey().title());
      runGroup(group.getValue(), watch);
    }
    probes.run();
    watch.lap("probes");
    trace.run();
    watch.lap("traces");
    JsonNode workloadRows = workloads.run();
    JsonNode facts = workloads.facts();
    watch.lap("workloads");
    session.progress().close();
    ObjectNode chapter = new PathsJson(session, results, groups).chapter(workloadRows, facts);
    chapter.set("seconds", watch.seconds());
    return chapter;
  }

  @Override
  public String text(JsonNode chapter) {
    return ReportTable.paths(chapter);
  }

  private void runGroup(List<RowResult> group, Stopwatch watch) throws InterruptedException {
    for (RowResult result : group) {
      warmUp(result);
      session.progress().step(WARM_UP_STEPS);
    }
    watch.lap("warm_up");
    Rounds.run(group, 1, session, random, (result, round) -> measure(result, result.bytes, round));
    watch.lap("rounds");
  }

  /** Runs a row untimed until its code is compiled, and finds out how many bytes fill the time. */
  private void warmUp(RowResult result) throws InterruptedException {
    Settings settings = session.settings();
    result.skipped = Feasible.whyNot(result.row, settings, places);
    if (!result.isOpen()) {
      return;
    }
    Row row = result.row;
    long batch = row.size() * Feasible.regionsPerCall(row);
    long first = batch * Math.max(1, 256 * Sizes.KIB / batch);
    String code = row.worker() + row.path() + row.impl() + row.source() + row.target();
    boolean compile = !row.impl().equals("c") && warm.add(code);
    long nanos = compile ? settings.warmUpNanos() : settings.measurementNanos();
    result.bytes =
        Rounds.warmUp(
            result,
            new Rounds.Amount(first, batch, Feasible.bytesMax(row, settings.quick())),
            new Rounds.Patience(nanos, 0, nanos, WARM_UP_CALLS_MAX),
            settings.measurementNanos(),
            this::measure);
  }

  /** Runs a row once and returns the nanoseconds it took, 0 if it did not run. */
  private long measure(RowResult result, long bytes, int round) throws InterruptedException {
    Row row = result.row;
    try {
      Site site = places.of(row.place());
      Wire command = command("run", row, site).with("size", row.size()).with("bytes", bytes);
      if (session.settings().flip()) {
        command.with("flip", 1);
      }
      JsonNode answer = session.workers().ask(row.worker(), command, timeoutSeconds(bytes));
      result.take(answer, round);
      return answer.path("nanos").asLong();
    } catch (WorkerException e) {
      result.failed = e.getMessage();
    } catch (ShellException e) {
      result.skipped = e.getMessage();
    }
    return 0;
  }

  /** The words that run and probe have in common. */
  static Wire command(String verb, Row row, Site site) {
    return new Wire(verb)
        .with("impl", row.impl())
        .with("path", row.path())
        .with("source", row.source())
        .with("target", row.target())
        .with("file", site.file())
        .with("scratch", site.scratch())
        .with("address", site.address())
        .with("peer", site.peerCommand());
  }

  /** A minute, and more for what a slow disk may need. */
  static long timeoutSeconds(long bytes) {
    return 60 + bytes / (20 * Sizes.MIB);
  }
}

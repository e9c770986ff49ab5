// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.znio.bench.Places.Site;
import io.znio.bench.Shell.ShellException;
import io.znio.bench.WorkerProcess.WorkerException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * The chapter "paths": every path of the literature and the JDK's own ways, on the same work.
 *
 * <p>The rows of a group are compared with one another. Each is warmed up first; then in every
 * round each runs once, in an order that is drawn anew, so that whatever else the machine does
 * falls on all of them alike. Ratios are taken within a round.
 */
final class PathsChapter implements Chapter {
  private static final int WARM_UP_STEPS_MAX = 8;

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
    List<RowResult> order = new ArrayList<>(group);
    for (int round = 1; round <= session.settings().rounds(); round++) {
      Collections.shuffle(order, random);
      for (RowResult result : order) {
        if (result.isOpen()) {
          measure(result, result.bytes, round);
        }
        session.progress().step();
      }
    }
    watch.lap("rounds");
  }

  /** Runs a row untimed until its code is compiled, and finds out how many bytes fill the time. */
  private void warmUp(RowResult result) throws InterruptedException {
    result.skipped = Feasible.whyNot(result.row, session.settings(), places);
    if (!result.isOpen()) {
      return;
    }
    Row row = result.row;
    long cap = Feasible.bytesMax(row, session.settings().quick());
    long batch = row.size() * Feasible.regionsPerCall(row);
    String code = row.worker() + row.path() + row.impl() + row.source() + row.target();
    boolean compile = !row.impl().equals("c") && warm.add(code);
    long target =
        compile ? session.settings().warmUpNanos() : session.settings().measurementNanos();
    long bytes = batch * Math.max(1, 256 * Sizes.KIB / batch);
    long spent = 0;
    long nanos = 0;
    for (int step = 0; step < WARM_UP_STEPS_MAX && spent < target; step++) {
      nanos = measure(result, bytes, 0);
      if (!result.isOpen()) {
        return;
      }
      spent += nanos;
      result.bytes = bytes;
      long left = Math.max(target - spent, session.settings().measurementNanos());
      bytes = scale(bytes, nanos, Math.min(left, 4 * session.settings().measurementNanos()), batch);
      bytes = Math.min(bytes, Math.max(batch, cap / batch * batch));
    }
    long wanted = session.settings().measurementNanos();
    result.bytes = Math.min(scale(result.bytes, nanos, wanted, batch), Math.max(batch, cap));
  }

  /**
   * Returns how many bytes take at least that long at the speed seen, never many times more than
   * was just tried. It is a number of batches with three significant bits, so that rows of about
   * the same speed share the hashes that peers keep.
   */
  static long scale(long bytes, long nanos, long wantedNanos, long batch) {
    double batches = (double) bytes / batch * wantedNanos / Math.max(1, nanos);
    double limited = Math.min(batches, 64.0 * bytes / batch);
    long step = 1;
    while (8 * step < limited && step < Long.MAX_VALUE / 64 / batch) {
      step *= 2;
    }
    return (long) Math.max(1, Math.ceil(limited / step)) * step * batch;
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

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.znio.bench.RowResult.Sample;
import io.znio.bench.WorkerProcess.WorkerException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * The two workloads that the texts name, Kafka's fetch and RocketMQ's append, and two facts on
 * memory and disk: the rounding of a small mapping, and the interrupts of a cold read.
 */
final class Workloads {
  static final String KAFKA = "kafka-fetch";
  static final String ROCKETMQ = "rocketmq-append";
  static final String PAGE_ROUNDING = "page-rounding";
  static final String COLD_READ = "cold-read";
  static final Set<String> NAMES = Set.of(KAFKA, ROCKETMQ, PAGE_ROUNDING, COLD_READ);

  private static final long TIMEOUT_SECONDS = 180;
  private static final long COLD_BYTES_MAX = 256 * Sizes.MIB;

  private final Session session;
  private final List<RowResult> rows = new ArrayList<>();
  private final List<RowResult> kafka;
  private final List<RowResult> rocketmq;

  Workloads(Session session) {
    this.session = session;
    this.kafka =
        session.settings().wantsTarget("tcp")
            ? rows(KAFKA, "tcp", List.of("auto", "read-write", "sendfile"), List.of("transferTo"))
            : List.of();
    this.rocketmq =
        session.settings().wantsTarget("file")
            ? rows(ROCKETMQ, "file", List.of("mmap", "write"), List.of("write", "mmap"))
            : List.of();
  }

  /** A workload's rows; the first JDK path is the baseline. The row's size is one operation's. */
  private List<RowResult> rows(String name, String target, List<String> paths, List<String> jdk) {
    if (!session.settings().wantsPath(name)) {
      return List.of();
    }
    List<RowResult> made = new ArrayList<>();
    String baseline = jdk.get(0);
    for (String path : paths) {
      made.add(new RowResult(new Row(path, "c", null, name, target, 1, null, baseline)));
      for (String version : session.jdks()) {
        made.add(new RowResult(new Row(path, "znio", version, name, target, 1, null, baseline)));
      }
    }
    for (String path : jdk) {
      for (String version : session.jdks()) {
        made.add(new RowResult(new Row(path, "jdk", version, name, target, 1, null, baseline)));
      }
    }
    rows.addAll(made);
    return made;
  }

  long count() {
    return (long) rows.size() * (session.settings().rounds() + 1);
  }

  /** Measures, interleaved as the paths are, and returns the rows for the report. */
  ArrayNode run() throws InterruptedException {
    runGroup(KAFKA, kafka, session.settings().quick() ? 16 : 128);
    runGroup(ROCKETMQ, rocketmq, session.settings().quick() ? 1024 : 8192);
    ArrayNode array = Json.MAPPER.createArrayNode();
    for (RowResult row : rows) {
      array.add(json(row));
    }
    return array;
  }

  private void runGroup(String name, List<RowResult> group, int operations)
      throws InterruptedException {
    session.progress().at(name);
    Random random = new Random(session.settings().seed());
    Rounds.run(group, 0, session, random, (row, round) -> measure(name, row, operations, round));
  }

  private void measure(String name, RowResult result, int operations, int round)
      throws InterruptedException {
    Row row = result.row;
    Settings settings = session.settings();
    Wire command =
        new Wire("workload")
            .with("name", name)
            .with("impl", row.impl())
            .with("path", row.path())
            .with("file", settings.file())
            .with("scratch", settings.scratch())
            .with("count", operations)
            .with("target", name.equals(KAFKA) ? row.target() : null)
            .with("peer", settings.peer())
            .with("flip", settings.flip() ? 1 : null);
    try {
      result.take(session.workers().ask(row.worker(), command, TIMEOUT_SECONDS), round);
      result.bytes = operations;
    } catch (WorkerException e) {
      result.failed = e.getMessage();
    }
  }

  private ObjectNode json(RowResult result) {
    Row row = result.row;
    ObjectNode node = Json.object();
    node.put("workload", row.source());
    node.put("path", row.path());
    node.put("impl", row.impl());
    node.put("jdk", row.jdk());
    node.put("target", row.target());
    node.put("baseline", row.baseline());
    node.put("verified", result.verified);
    boolean measured = result.isMeasured();
    node.put("operations", measured ? result.bytes : null);
    node.put("bytes", measured ? result.samples.get(0).bytes() : null);
    node.set("gbps", measured ? Json.spread(Statistics.spread(result.each(Sample::gbps))) : null);
    Json.putRounds(node, result.speeds());
    Json.put(
        node,
        "operations_per_second",
        measured ? Statistics.median(result.each(s -> result.bytes * 1e9 / s.nanos())) : null);
    Json.put(node, "syscalls", result.callsPerTransfer());
    String jdk = row.jdk() == null ? session.jdks().get(0) : row.jdk();
    RowResult baseline =
        rows.stream()
            .filter(other -> other.row.source().equals(row.source()) && other.row.isBaseline())
            .filter(other -> jdk.equals(other.row.jdk()))
            .findFirst()
            .orElse(null);
    Statistics.Spread ratio = PathsJson.ratio(result, baseline);
    Json.put(node, "ratio_to_jdk", ratio == null ? null : ratio.median());
    node.put("path_ran", result.pathRan);
    result.putReasons(node);
    return node;
  }

  /** Asks the C runner for the two facts; what it cannot say is there with the reason. */
  ObjectNode facts() throws InterruptedException {
    Settings settings = session.settings();
    ObjectNode facts = Json.object();
    if (settings.wantsPath(PAGE_ROUNDING) && settings.wantsTarget("memory")) {
      facts.set("page_rounding", fact(new Wire("workload").with("name", PAGE_ROUNDING)));
    }
    if (settings.wantsPath(COLD_READ) && settings.wantsTarget("memory")) {
      Wire command =
          new Wire("workload")
              .with("name", COLD_READ)
              .with("bytes", Math.min(settings.fileSize(), COLD_BYTES_MAX));
      facts.set("cold_read", fact(command));
    }
    return facts;
  }

  private ObjectNode fact(Wire command) throws InterruptedException {
    command
        .with("impl", "c")
        .with("file", session.settings().file())
        .with("scratch", session.settings().scratch());
    try {
      JsonNode answer = session.workers().ask("c", command, TIMEOUT_SECONDS);
      if (answer.isObject()) {
        return (ObjectNode) answer;
      }
      return Json.object().put("ok", false).put("failed", "the C runner gave no object");
    } catch (WorkerException e) {
      return Json.object().put("ok", false).put("failed", e.getMessage());
    }
  }
}

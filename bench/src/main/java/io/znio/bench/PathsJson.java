// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.znio.bench.RowResult.Sample;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/** Turns the results of the chapter "paths" into the report's JSON. */
final class PathsJson {
  private final Session session;
  private final List<RowResult> results;
  private final Map<Row.Group, List<RowResult>> groups;

  PathsJson(Session session, List<RowResult> results, Map<Row.Group, List<RowResult>> groups) {
    this.session = session;
    this.results = results;
    this.groups = groups;
  }

  ObjectNode chapter(JsonNode workloads, JsonNode facts) {
    Settings settings = session.settings();
    ObjectNode chapter = Json.object();
    chapter.put("rounds", settings.rounds());
    chapter.put("seed", settings.seed());
    chapter.put("quick", settings.quick());
    chapter.put("file", settings.file().toString());
    chapter.put("file_size", settings.fileSize());
    ArrayNode rows = chapter.putArray("rows");
    results.forEach(result -> rows.add(row(result)));
    Rows.explained(settings).forEach(row -> rows.add(explained(row)));
    chapter.set("workloads", workloads);
    chapter.set("facts", facts);
    chapter.set("literature", PathFacts.get().paths());
    return chapter;
  }

  private ObjectNode row(RowResult result) {
    Row row = result.row;
    ObjectNode node = names(row);
    boolean measured = result.isMeasured();
    node.put("bytes", measured ? result.bytes : null);
    node.put("transfers", measured ? result.transfers() : null);
    node.put("verified", result.reportedVerdict());
    putFigures(node, result);
    node.put("probe", result.probe);
    node.put("probe_how", result.probeHow);
    putCopies(node, result);
    node.set("textbook", PathFacts.get().of(row.path()).get("textbook"));
    putRatios(node, result);
    node.put("path_ran", result.pathRan);
    node.put("kernel_copied", result.kernelCopied);
    node.put("declined", result.declined);
    result.putReasons(node);
    return node;
  }

  private static ObjectNode names(Row row) {
    ObjectNode node = Json.object();
    node.put("path", row.path());
    node.put("impl", row.impl());
    node.put("jdk", row.jdk());
    node.put("source", row.source());
    node.put("target", row.target());
    node.put("network", row.network());
    node.put("fs", row.fs());
    node.put("baseline", row.baseline());
    node.put("size", row.size());
    return node;
  }

  private static void putFigures(ObjectNode node, RowResult result) {
    if (!result.isMeasured()) {
      for (String field :
          List.of(
              "gbps",
              "cpu_ns_per_kib",
              "syscalls",
              "syscalls_how",
              "mode_switches",
              "page_faults")) {
        node.putNull(field);
      }
      return;
    }
    node.set("gbps", Json.spread(Statistics.spread(result.each(Sample::gbps))));
    Json.putRounds(node, result.speeds());
    ObjectNode cpu = node.putObject("cpu_ns_per_kib");
    Json.put(cpu, "sender", perKib(result, Sample::senderCpuNanos));
    Json.put(cpu, "receiver", perKib(result, Sample::receiverCpuNanos));
    Double calls = result.callsPerTransfer();
    Json.put(node, "syscalls", calls);
    node.put("syscalls_how", callsHow(result, calls));
    Json.put(node, "mode_switches", calls == null ? null : 2 * calls);
    Json.put(
        node,
        "page_faults",
        Statistics.median(result.each(s -> (double) s.pageFaults() / result.transfers())));
  }

  private static String callsHow(RowResult result, Double calls) {
    if (calls == null) {
      return result.traceReason == null ? "not counted" : result.traceReason;
    }
    return result.tracedCalls == null
        ? "counted by the library where it makes them"
        : "seen by strace in an untimed run";
  }

  private static double perKib(RowResult result, java.util.function.ToLongFunction<Sample> nanos) {
    return Statistics.median(
        result.each(s -> nanos.applyAsLong(s) / ((double) s.bytes() / Sizes.KIB)));
  }

  private static void putCopies(ObjectNode node, RowResult result) {
    if (!result.isMeasured()) {
      node.putNull("cpu_copies");
      node.putNull("zero_copy");
      return;
    }
    Copies copies = Copies.of(result);
    ObjectNode object = node.putObject("cpu_copies");
    object.put("value", copies.value());
    object.put("how", copies.how());
    node.put("zero_copy", copies.zeroCopy(result.row));
  }

  private void putRatios(ObjectNode node, RowResult result) {
    Row row = result.row;
    String jdk = row.jdk() == null ? session.jdks().get(0) : row.jdk();
    RowResult baseline = find(row, other -> other.isBaseline() && jdk.equals(other.jdk()));
    Statistics.Spread toJdk = ratio(result, baseline);
    Json.put(node, "ratio_to_jdk", toJdk == null ? null : toJdk.median());
    Json.putInterval(node, "ratio_interval", toJdk);
    Statistics.Spread toC =
        "znio".equals(row.impl())
            ? ratio(
                result,
                find(row, other -> "c".equals(other.impl()) && row.path().equals(other.path())))
            : null;
    Json.put(node, "ratio_to_c", toC == null ? null : toC.median());
  }

  private RowResult find(Row row, Predicate<Row> wanted) {
    return groups.get(row.group()).stream()
        .filter(other -> wanted.test(other.row))
        .findFirst()
        .orElse(null);
  }

  /** The ratios of speeds within rounds that both rows ran in; null if there are none. */
  static Statistics.Spread ratio(RowResult result, RowResult baseline) {
    if (baseline == null || !result.isMeasured() || !baseline.isMeasured()) {
      return null;
    }
    return Statistics.ratioInterval(result.speeds(), baseline.speeds());
  }

  private static ObjectNode explained(Row row) {
    JsonNode facts = PathFacts.get().of(row.path());
    ObjectNode node = names(row);
    for (String field : List.of("size", "source", "target", "bytes", "verified", "gbps")) {
      node.putNull(field);
    }
    putNoFigures(node);
    node.set("textbook", facts.get("textbook"));
    node.put("explained", true);
    node.put("skipped", facts.get("caveat").asText());
    node.putNull("failed");
    return node;
  }

  private static void putNoFigures(ObjectNode node) {
    for (String field :
        List.of(
            "cpu_ns_per_kib",
            "syscalls",
            "mode_switches",
            "page_faults",
            "probe",
            "cpu_copies",
            "zero_copy",
            "ratio_to_jdk",
            "ratio_to_c")) {
      node.putNull(field);
    }
  }
}

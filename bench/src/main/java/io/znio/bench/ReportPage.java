// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The page of {@code bench/report}: what {@code beside.js} draws, as JSON, and as HTML. */
final class ReportPage {
  private ReportPage() {}

  static String render(ObjectNode report) throws IOException {
    return ReportHtml.render(report, List.of("beside.js"));
  }

  static ObjectNode json(ReportFiles files, List<Pair> pairs, JsonNode machine) {
    ObjectNode report = ReportJson.start(machine.deepCopy());
    report.put("title", "znio beside its peers");
    report.put(
        "intro",
        "How many times better znio is than each peer and the JDK on the same work, with the"
            + " interval of 95 % of that ratio. It is ahead or behind only if the interval leaves"
            + " out 1.");
    ObjectNode chapter = report.withObject("/chapters/beside");
    Standings standings = new Standings(pairs);
    chapter.put("ahead", standings.aheadLine());
    chapter.put("not_ahead", standings.notAheadLine());
    chapter.put("rounds_least", Pairs.ROUNDS_LEAST);
    chapter.put("forks_least", Pairs.FORKS_LEAST);
    standings.peers().forEach(chapter.putArray("peers")::add);
    ArrayNode rows = chapter.putArray("rows");
    pairs.forEach(pair -> rows.add(row(pair)));
    ArrayNode leftOut = chapter.putArray("left_out");
    files.leftOut.forEach(leftOut::add);
    chapter.set("faults", faults(files.compared));
    return report;
  }

  private static ObjectNode row(Pair pair) {
    ObjectNode node = Json.object();
    node.put("source", pair.znio().source());
    node.put("work", pair.znio().work());
    node.put("znio", pair.znio().variant());
    node.put("jdk", pair.jdk());
    node.put("peer", pair.peerTitle());
    node.put("unit", pair.znio().unit());
    Json.put(node, "znio_figure", pair.znio().typical());
    Json.put(node, "peer_figure", pair.peer().typical());
    node.set("ratio", Json.spread(pair.ratio()));
    node.put("basis", pair.basis());
    node.put("standing", pair.standing().word());
    node.put("after_free", PeerFacts.get().afterFree(pair.peer()));
    node.put("znio_after_free", PeerFacts.get().afterFree(pair.znio()));
    return node;
  }

  /** How the faults of the chapter "faults" ended, by who was at fault: the measured column. */
  private static ObjectNode faults(List<JsonNode> reports) {
    Map<String, Map<String, Integer>> counts = new TreeMap<>();
    for (JsonNode report : reports) {
      for (JsonNode row : report.at("/chapters/faults/rows")) {
        if (row.hasNonNull("outcome")) {
          counts
              .computeIfAbsent(row.path("impl").asText(), who -> new TreeMap<>())
              .merge(row.get("outcome").asText(), 1, Integer::sum);
        }
      }
    }
    return Json.MAPPER.valueToTree(counts);
  }
}

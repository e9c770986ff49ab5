// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Where znio stands: the two lines that a reader wants first, and a short table by peer. */
final class Standings {
  private static final String LEGEND =
      """

      rows: how often znio was measured beside it; lowest: the row where znio stands worst
      ahead, behind: the interval of 95 % of the ratio leaves out 1; too few: not measured often
      enough to say; after free: what a use of freed memory does
      """;

  private final List<Pair> pairs;

  Standings(List<Pair> pairs) {
    this.pairs = pairs;
  }

  List<Pair> of(Pair.Standing standing) {
    return pairs.stream().filter(pair -> pair.standing() == standing).toList();
  }

  String aheadLine() {
    List<Pair> ahead = of(Pair.Standing.AHEAD);
    return "znio is ahead: "
        + share(ahead.size())
        + named(ahead, Comparator.comparingDouble(Pair::reliable).reversed(), "most");
  }

  /** With every peer that wins a row. */
  String notAheadLine() {
    List<Pair> behind = of(Pair.Standing.BEHIND);
    int even = of(Pair.Standing.EVEN).size();
    int few = of(Pair.Standing.TOO_FEW).size();
    return "znio is not ahead: "
        + share(even + few + behind.size())
        + ", "
        + even
        + " even"
        + (few > 0 ? ", " + few + " measured too seldom to say" : "")
        + (behind.isEmpty() ? ", no peer wins" : ", won by")
        + named(behind, Comparator.comparingDouble(Pair::reliable), "worst");
  }

  private String share(int count) {
    return count + " of " + pairs.size() + (pairs.size() == 1 ? " row" : " rows");
  }

  /** ": JDK 30 (most: ring, 64 B, JDK 25: 92 (85–99)), LWJGL 4 (...)". */
  private static String named(List<Pair> rows, Comparator<Pair> first, String word) {
    Map<String, List<Pair>> peers =
        rows.stream()
            .collect(Collectors.groupingBy(Standings::name, TreeMap::new, Collectors.toList()));
    List<String> parts = new ArrayList<>();
    peers.entrySet().stream()
        .sorted(Comparator.comparingInt(peer -> -peer.getValue().size()))
        .forEach(
            peer -> {
              Pair one = peer.getValue().stream().min(first).orElseThrow();
              String shown = one.title() + ": " + one.figures();
              parts.add(
                  peer.getKey() + " " + peer.getValue().size() + " (" + word + ": " + shown + ")");
            });
    return parts.isEmpty() ? "" : ": " + String.join("; ", parts);
  }

  private static String name(Pair pair) {
    return PeerFacts.get().name(pair.peer().who());
  }

  /** One object for each peer, with its facts and how often znio is where. */
  List<JsonNode> peers() {
    Map<String, List<Pair>> byPeer = new TreeMap<>();
    pairs.forEach(
        pair -> byPeer.computeIfAbsent(pair.peer().who(), who -> new ArrayList<>()).add(pair));
    List<JsonNode> peers = new ArrayList<>();
    byPeer.forEach((who, rows) -> peers.add(peer(who, rows)));
    return peers;
  }

  private static ObjectNode peer(String who, List<Pair> rows) {
    JsonNode facts = PeerFacts.get().facts(who);
    ObjectNode node = Json.object();
    node.put("peer", who);
    node.put("name", PeerFacts.get().name(who));
    node.put("version", facts.path("version").textValue());
    node.put("licence", facts.path("licence").textValue());
    node.put("after_free", PeerFacts.get().afterFree(who));
    node.put("zeroed", facts.at("/memory/zeroed").asText(""));
    node.put("how", facts.at("/memory/how").asText(facts.at("/open/how").asText("")));
    node.put("rows", rows.size());
    for (Pair.Standing standing : Pair.Standing.values()) {
      node.put(
          standing.name().toLowerCase(java.util.Locale.ROOT),
          rows.stream().filter(pair -> pair.standing() == standing).count());
    }
    Pair worst =
        rows.stream().min(Comparator.comparingDouble(p -> p.ratio().median())).orElseThrow();
    node.put("lowest", worst.figures());
    node.put("lowest_row", worst.title());
    return node;
  }

  /** For a terminal. */
  String text() {
    StringBuilder out = new StringBuilder(aheadLine()).append('\n');
    out.append(notAheadLine()).append('\n');
    ReportTable.append(
        out,
        "znio beside",
        peers(),
        List.of(
            ReportTable.left("peer", row -> row.get("name").asText()),
            ReportTable.right("rows", row -> row.get("rows").asText()),
            ReportTable.right("ahead", row -> row.get("ahead").asText()),
            ReportTable.right("even", row -> row.get("even").asText()),
            ReportTable.right("behind", row -> row.get("behind").asText()),
            ReportTable.right("too few", row -> row.get("too_few").asText()),
            ReportTable.left("lowest", row -> row.get("lowest").asText()),
            ReportTable.left("after free", row -> row.get("after_free").asText())));
    return out.append(LEGEND).toString();
  }
}

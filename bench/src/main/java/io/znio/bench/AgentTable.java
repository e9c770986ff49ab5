// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static io.znio.bench.ReportTable.left;
import static io.znio.bench.ReportTable.right;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.freva.asciitable.ColumnData;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The chapter "agent" for a terminal: one table for each case. */
final class AgentTable {
  private static final String LEGEND =
      """

      ns: wall time of one operation; of kafka: of one record, written and read
      ×stock: how many times less than on the JDK alone, median of the rounds, with its interval
      extra: nanoseconds more than on the JDK alone
      """;

  private AgentTable() {}

  static String text(JsonNode chapter) {
    Map<String, List<JsonNode>> groups = new LinkedHashMap<>();
    for (JsonNode row : chapter.path("rows")) {
      groups.computeIfAbsent(row.get("case").asText(), op -> new ArrayList<>()).add(row);
    }
    StringBuilder out = new StringBuilder();
    groups.forEach((op, rows) -> ReportTable.append(out, "agent: " + op, rows, columns()));
    MemoryTable.appendSkipped(
        out, chapter, row -> row.get("case").asText() + ", " + row.get("mode").asText());
    return groups.isEmpty() ? "" : out.append(LEGEND).toString();
  }

  private static List<ColumnData<JsonNode>> columns() {
    return List.of(
        left("mode", row -> row.get("mode").asText()),
        left("JDK", row -> row.get("jdk").asText()),
        left("with", row -> row.hasNonNull("peer") ? row.get("peer").asText() : ""),
        right("size", row -> Sizes.text(row.get("size").asLong())),
        right("ns (min–max)", row -> MemoryTable.spread(row.path("ns"))),
        right("×stock", row -> ReportTable.ratio(row.path("ratio_to_stock"))),
        left("interval", row -> ChannelTable.interval(row.path("ratio_interval"))),
        right("extra", row -> row.hasNonNull("extra_ns") ? row.get("extra_ns").asText() : ""),
        left("aim", row -> row.hasNonNull("met") ? row.get("met").asText() : ""),
        left("", MemoryTable::verdict));
  }
}

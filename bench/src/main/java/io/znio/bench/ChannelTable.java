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

/** The chapter "channel" for a terminal: one table for each operation. */
final class ChannelTable {
  private static final String LEGEND =
      """

      ns: wall time of one operation (of each thread)
      ×JDK: how many times less than the JDK's FileChannel on the same JDK, median of the rounds,
      with its interval
      """;

  private ChannelTable() {}

  static String text(JsonNode chapter) {
    Map<String, List<JsonNode>> groups = new LinkedHashMap<>();
    for (JsonNode row : chapter.path("rows")) {
      groups.computeIfAbsent(row.get("op").asText(), op -> new ArrayList<>()).add(row);
    }
    StringBuilder out = new StringBuilder();
    groups.forEach((op, rows) -> ReportTable.append(out, op, rows, columns()));
    return groups.isEmpty() ? "" : out.append(LEGEND).toString();
  }

  private static List<ColumnData<JsonNode>> columns() {
    return List.of(
        left("impl", ReportTable::impl),
        left("with", ChannelTable::with),
        right("size", row -> Sizes.text(row.get("size").asLong())),
        right("ns (min–max)", row -> MemoryTable.spread(row.path("ns"))),
        right("×JDK", row -> ReportTable.ratio(row.path("ratio_to_jdk"))),
        left("interval", row -> interval(row.path("ratio_interval"))),
        left("", MemoryTable::verdict));
  }

  private static String with(JsonNode row) {
    String what = row.path(row.hasNonNull("peer") ? "peer" : "buffer").asText("");
    int threads = row.get("threads").asInt();
    return (what.equals("null") ? "" : what) + (threads > 1 ? ", " + threads + " threads" : "");
  }

  static String interval(JsonNode ends) {
    return ends.size() == 2
        ? ReportTable.ratio(ends.get(0)) + "–" + ReportTable.ratio(ends.get(1))
        : "";
  }
}

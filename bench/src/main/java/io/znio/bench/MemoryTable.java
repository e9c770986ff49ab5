// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static io.znio.bench.ReportTable.left;
import static io.znio.bench.ReportTable.right;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.freva.asciitable.ColumnData;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/** The chapter "memory" for a terminal: one table for each operation and size. */
final class MemoryTable {
  private static final String LEGEND =
      """

      ns: wall time of one operation (of each thread)
      ×JDK: how many times less than allocateDirect or map with invokeCleaner on the same JDK,
      median of the rounds
      after free: what a use of freed memory does
      """;

  private MemoryTable() {}

  static String text(JsonNode chapter) {
    Map<String, List<JsonNode>> groups = new LinkedHashMap<>();
    for (JsonNode row : chapter.path("rows")) {
      groups.computeIfAbsent(title(row), title -> new ArrayList<>()).add(row);
    }
    StringBuilder out = new StringBuilder();
    groups.forEach((title, rows) -> ReportTable.append(out, title, rows, columns(rows)));
    appendSkipped(out, chapter, ReportTable::impl);
    return groups.isEmpty() ? "" : out.append(LEGEND).toString();
  }

  private static String title(JsonNode row) {
    return new MemoryRow.Group(
            row.get("op").asText(), row.get("size").asLong(), row.get("threads").asInt())
        .title();
  }

  private static List<ColumnData<JsonNode>> columns(List<JsonNode> rows) {
    List<ColumnData<JsonNode>> columns = new ArrayList<>();
    columns.add(left("impl", ReportTable::impl));
    columns.add(left("level", row -> row.path("level").asText("").replace("null", "")));
    columns.add(left("zeroed", row -> row.path("zeroed").asBoolean() ? "yes" : ""));
    if (rows.stream().anyMatch(row -> row.path("bytes").isObject())) {
      columns.add(right("bytes each", row -> figure(row.path("bytes").path("median"))));
      columns.add(right("native", row -> figure(row.at("/bytes/native/median"))));
      columns.add(right("heap", row -> figure(row.at("/bytes/heap/median"))));
    } else {
      columns.add(right("ns (min–max)", row -> spread(row.path("ns"))));
    }
    columns.add(right("×JDK", row -> ReportTable.ratio(row.path("ratio_to_jdk"))));
    if (rows.stream().anyMatch(row -> row.path("ratio_to_lwjgl").isNumber())) {
      columns.add(right("×LWJGL", row -> ReportTable.ratio(row.path("ratio_to_lwjgl"))));
    }
    columns.add(left("after free", row -> row.path("after_free").asText()));
    columns.add(left("", MemoryTable::verdict));
    return columns;
  }

  static String spread(JsonNode spread) {
    return spread.isObject()
        ? figure(spread.get("median"))
            + " ("
            + figure(spread.get("min"))
            + "–"
            + figure(spread.get("max"))
            + ")"
        : ReportTable.NONE;
  }

  private static String figure(JsonNode value) {
    double number = value.asDouble();
    return value.isNumber()
        ? String.format(Locale.ROOT, number < 100 ? "%.1f" : "%.0f", number)
        : ReportTable.NONE;
  }

  static String verdict(JsonNode row) {
    if (row.hasNonNull("failed")) {
      return "FAILED: " + row.get("failed").asText();
    }
    return row.path("verified").asBoolean()
        ? ""
        : "NOT VERIFIED: " + row.path("problem").asText("no reason");
  }

  /** One line for each name and reason. */
  static void appendSkipped(StringBuilder out, JsonNode chapter, Function<JsonNode, String> name) {
    Set<String> lines = new LinkedHashSet<>();
    for (JsonNode row : chapter.path("rows")) {
      if (row.hasNonNull("skipped")) {
        lines.add(name.apply(row) + ": " + row.get("skipped").asText());
      }
    }
    lines.forEach(line -> out.append("  skipped: ").append(line).append('\n'));
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.freva.asciitable.AsciiTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** The chapter "faults" for a terminal: one table for each situation. */
final class FaultTable {
  private FaultTable() {}

  static String text(JsonNode chapter) {
    Map<String, List<JsonNode>> situations = new LinkedHashMap<>();
    Set<String> owners = new LinkedHashSet<>();
    for (JsonNode row : chapter.path("rows")) {
      situations
          .computeIfAbsent(row.path("situation").asText("all"), s -> new ArrayList<>())
          .add(row);
      owners.add(owner(row));
    }
    StringBuilder out = new StringBuilder();
    situations.forEach(
        (situation, rows) -> {
          String text = chapter.path("situations").path(situation).asText();
          out.append('\n').append("Fault ").append(situation).append(": ").append(text);
          out.append('\n').append(table(rows, List.copyOf(owners))).append('\n');
        });
    appendCounts(out, chapter.path("rows"), owners);
    for (JsonNode row : chapter.path("rows")) {
      if (row.hasNonNull("failed")) {
        out.append("FAILED ").append(owner(row)).append(' ').append(row.path("case").asText());
        out.append(' ').append(row.path("mode").asText()).append(": ");
        out.append(row.get("failed").asText()).append('\n');
      }
    }
    return out.toString();
  }

  /** "znio 25". */
  private static String owner(JsonNode row) {
    return row.path("impl").asText() + " " + row.path("jdk").asText().split("\\D")[0];
  }

  private static String table(List<JsonNode> rows, List<String> owners) {
    Map<String, Map<String, List<JsonNode>>> byOperation = new LinkedHashMap<>();
    for (JsonNode row : rows) {
      byOperation
          .computeIfAbsent(row.path("operation").asText(), o -> new LinkedHashMap<>())
          .computeIfAbsent(owner(row), o -> new ArrayList<>())
          .add(row);
    }
    String[] head = new String[owners.size() + 1];
    head[0] = "operation";
    List<String[]> lines = new ArrayList<>();
    byOperation.forEach(
        (operation, cells) -> {
          String[] line = new String[head.length];
          line[0] = operation;
          for (int i = 0; i < owners.size(); i++) {
            head[i + 1] = owners.get(i);
            line[i + 1] = merged(cells.getOrDefault(owners.get(i), List.of()));
          }
          lines.add(line);
        });
    return AsciiTable.getTable(
        AsciiTable.BASIC_ASCII_NO_DATA_SEPARATORS_NO_OUTSIDE_BORDER.clone(),
        head,
        null,
        lines.toArray(String[][]::new));
  }

  /** "error", or "int,c2 error; c1 crash". */
  private static String merged(List<JsonNode> rows) {
    Map<String, List<String>> modes = new LinkedHashMap<>();
    for (JsonNode row : rows) {
      String skipped = row.hasNonNull("skipped") ? "skipped" : "FAILED";
      modes
          .computeIfAbsent(row.path("outcome").asText(skipped), o -> new ArrayList<>())
          .add(row.path("mode").asText());
    }
    if (modes.size() < 2) {
      return modes.isEmpty() ? "-" : modes.keySet().iterator().next();
    }
    List<String> parts = new ArrayList<>();
    modes.forEach((outcome, in) -> parts.add(String.join(",", in) + " " + outcome));
    return String.join("; ", parts);
  }

  private static void appendCounts(StringBuilder out, JsonNode rows, Set<String> owners) {
    for (String owner : owners) {
      Map<String, Integer> counts = new TreeMap<>();
      for (JsonNode row : rows) {
        if (owner(row).equals(owner) && row.hasNonNull("outcome")) {
          counts.merge(row.get("outcome").asText(), 1, Integer::sum);
        }
      }
      out.append(owner).append(": ");
      List<String> parts = new ArrayList<>();
      counts.forEach((outcome, count) -> parts.add(count + " " + outcome));
      out.append(String.join(", ", parts)).append('\n');
    }
  }
}

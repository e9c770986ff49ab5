// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.freva.asciitable.ColumnData;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The chapter "lifecycle" for a terminal. */
final class LifeTable {
  private static final String NONE = "-";

  private LifeTable() {}

  static String text(JsonNode chapter) {
    Map<String, List<JsonNode>> groups = new LinkedHashMap<>();
    for (JsonNode row : chapter.get("rows")) {
      groups.computeIfAbsent(title(row), title -> new ArrayList<>()).add(row);
    }
    StringBuilder out = new StringBuilder();
    groups.forEach(
        (title, rows) -> {
          boolean limit = rows.get(0).get("op").asText().equals("limit");
          ReportTable.append(out, title, rows, limit ? limitColumns() : lifeColumns());
          if (limit) {
            appendMessages(out, rows);
          }
          appendSkipped(out, rows);
        });
    return out.toString();
  }

  private static String title(JsonNode row) {
    String items = row.get("count").asText() + " × " + Sizes.text(row.get("size").asLong());
    return switch (row.get("op").asText()) {
      case "limit" -> "At the limit: the call that does not fit";
      case "many" -> "Cost of cleaning: " + items + ", ms after the drop";
      case "mappings" -> "Mappings: " + items + ", ms after the drop or the first close";
      default -> "Buffers: " + items + ", ms after the drop or the first free";
    };
  }

  private static List<ColumnData<JsonNode>> lifeColumns() {
    return List.of(
        ReportTable.left("", row -> row.get("label").asText()),
        ReportTable.right("GC", LifeTable::collection),
        ReportTable.right("unreachable", row -> moments(row, "found")),
        ReportTable.right("told", row -> figure(row.at("/events/told/first_ms"))),
        ReportTable.right("cleaned", row -> moments(row, "cleaned")),
        ReportTable.right("to allocator", row -> moments(row, "allocator")),
        ReportTable.right("to kernel", row -> moments(row, "kernel")),
        ReportTable.right("items", row -> row.at("/events/cleaned/count").asText(NONE)),
        ReportTable.left("by thread", LifeTable::thread),
        ReportTable.left("", LifeTable::verdict));
  }

  private static List<ColumnData<JsonNode>> limitColumns() {
    return List.of(
        ReportTable.left("", row -> row.get("label").asText()),
        ReportTable.left("outcome", row -> row.path("outcome").asText(NONE)),
        ReportTable.right("waited ms (min–max)", row -> range(row.path("wait_ms"))),
        ReportTable.right("first call", row -> figure(row.path("first_ms"))),
        ReportTable.right("GCs", row -> figure(row.path("collections"))),
        ReportTable.right("waits", row -> figure(row.path("waits"))),
        ReportTable.right("asleep ms", row -> figure(row.path("waited_ms"))),
        ReportTable.left("", LifeTable::verdict));
  }

  /** What the errors say; the same text once. */
  private static void appendMessages(StringBuilder out, List<JsonNode> rows) {
    Map<String, String> texts = new LinkedHashMap<>();
    for (JsonNode row : rows) {
      if (row.hasNonNull("message")) {
        texts.putIfAbsent(row.get("impl").asText(), row.get("message").asText());
      }
    }
    texts.forEach(
        (impl, text) ->
            out.append("  ")
                .append(impl)
                .append(": ")
                .append(text.replace("\n", "\n    "))
                .append('\n'));
  }

  private static void appendSkipped(StringBuilder out, List<JsonNode> rows) {
    for (JsonNode row : rows) {
      if (row.hasNonNull("skipped")) {
        out.append("  ").append(row.get("label").asText()).append(" skipped: ");
        out.append(row.get("skipped").asText()).append('\n');
      }
    }
  }

  private static String collection(JsonNode row) {
    return row.at("/gc/start_ms").isObject()
        ? figure(row.at("/gc/start_ms")) + "–" + figure(row.at("/gc/end_ms"))
        : NONE;
  }

  /** "first median last", of the medians of the rounds; what was never seen is "never". */
  private static String moments(JsonNode row, String event) {
    JsonNode moments = row.path("events").path(event);
    if (!moments.isObject()) {
      return NONE;
    }
    return moment(moments, "first_ms")
        + " "
        + moment(moments, "median_ms")
        + " "
        + moment(moments, "last_ms");
  }

  private static String moment(JsonNode moments, String name) {
    return moments.get(name).isObject() ? figure(moments.get(name)) : "never";
  }

  private static String thread(JsonNode row) {
    return row.hasNonNull("thread")
        ? row.get("thread").asText() + " (" + figure(row.get("thread_cpu_ms")) + " ms CPU)"
        : NONE;
  }

  private static String verdict(JsonNode row) {
    if (row.hasNonNull("failed")) {
      return "FAILED: " + row.get("failed").asText();
    }
    return row.path("verified").asBoolean() ? "" : "NOT VERIFIED: " + row.path("wrong").asText();
  }

  private static String range(JsonNode spread) {
    return spread.isObject()
        ? figure(spread)
            + " ("
            + number(spread.get("min").asDouble())
            + "–"
            + number(spread.get("max").asDouble())
            + ")"
        : NONE;
  }

  private static String figure(JsonNode spread) {
    return spread.isObject() ? number(spread.get("median").asDouble()) : NONE;
  }

  private static String number(double value) {
    String format = value == Math.rint(value) || Math.abs(value) >= 100 ? "%.0f" : "%.2f";
    return String.format(Locale.ROOT, format, value);
  }
}

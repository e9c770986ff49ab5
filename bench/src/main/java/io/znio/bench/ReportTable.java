// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.ColumnData;
import com.github.freva.asciitable.HorizontalAlign;
import com.github.freva.asciitable.OverflowBehaviour;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** The report for a terminal: one table for each pair of ends and size. */
final class ReportTable {
  /** Head and rule in ASCII, nothing around: narrow, and fit for copying. */
  private static final Character[] BORDERS = borders();

  static final String NONE = "-";

  private ReportTable() {}

  private static final String PATHS_LEGEND =
      """

      calls and faults per transfer; CPU of sender / receiver
      ×JDK: median of the rounds' ratios to the baseline row
      zero-copy strict: no CPU copy on this side, broad: fewer than read + write
      * copies derived, not measured
      """;

  /** Renders the chapter "paths". */
  static String paths(JsonNode chapter) {
    StringBuilder out = new StringBuilder();
    Map<String, List<JsonNode>> groups = new LinkedHashMap<>();
    List<JsonNode> explained = new ArrayList<>();
    for (JsonNode row : chapter.get("rows")) {
      if (row.path("explained").asBoolean()) {
        explained.add(row);
      } else {
        groups.computeIfAbsent(title(row), title -> new ArrayList<>()).add(row);
      }
    }
    groups.forEach((title, rows) -> append(out, title, rows, pathColumns()));
    appendSkipped(out, groups);
    if (!explained.isEmpty()) {
      out.append("\nExplained only\n");
      for (JsonNode row : explained) {
        out.append("  ").append(row.get("path").asText()).append(": ");
        out.append(row.get("skipped").asText().replaceFirst("^explained only: ", "")).append('\n');
      }
    }
    appendWorkloads(out, chapter);
    appendFacts(out, chapter.path("facts"));
    return out.append(PATHS_LEGEND).toString();
  }

  private static String title(JsonNode row) {
    return new Row.Group(
            row.get("source").asText(),
            row.get("target").asText(),
            row.get("size").asLong(),
            row.get("fs").textValue(),
            row.get("network").textValue(),
            row.get("baseline").textValue())
        .title();
  }

  static void append(
      StringBuilder out, String title, List<JsonNode> rows, List<ColumnData<JsonNode>> columns) {
    List<JsonNode> shown = rows.stream().filter(row -> !row.hasNonNull("skipped")).toList();
    if (!shown.isEmpty()) {
      out.append('\n').append(title).append('\n');
      out.append(AsciiTable.builder().border(BORDERS).data(shown, columns).asString());
      out.append('\n');
    }
  }

  /** Skipped rows are many and alike: one line for each path and reason. */
  private static void appendSkipped(StringBuilder out, Map<String, List<JsonNode>> groups) {
    Map<String, Integer> reasons = new LinkedHashMap<>();
    for (List<JsonNode> rows : groups.values()) {
      for (JsonNode row : rows) {
        if (row.hasNonNull("skipped")) {
          String fs = row.hasNonNull("fs") ? " (" + row.get("fs").asText() + ")" : "";
          String line =
              row.get("path").asText()
                  + " "
                  + row.get("source").asText()
                  + " → "
                  + row.get("target").asText()
                  + fs
                  + ": "
                  + row.get("skipped").asText();
          reasons.merge(line, 1, Integer::sum);
        }
      }
    }
    if (!reasons.isEmpty()) {
      out.append("\nSkipped\n");
      reasons.forEach(
          (line, count) ->
              out.append("  ").append(line).append(" [").append(count).append(" rows]\n"));
    }
  }

  private static List<ColumnData<JsonNode>> pathColumns() {
    return List.of(
        left("path", row -> row.get("path").asText()),
        left("impl", ReportTable::impl),
        right("GB/s (min–max)", row -> spread(row.path("gbps"))),
        right("CPU ns/KiB", ReportTable::cpu),
        right("calls", row -> figure(row.path("syscalls"))),
        right("faults", row -> figure(row.path("page_faults"))),
        left("probe", row -> row.path("probe").asText(NONE).replace("null", NONE)),
        left("zero-copy", ReportTable::zeroCopy),
        right("×JDK", row -> ratio(row.path("ratio_to_jdk"))),
        right("×C", row -> ratio(row.path("ratio_to_c"))),
        left("", ReportTable::verdict));
  }

  static String impl(JsonNode row) {
    return row.path("impl").asText()
        + (row.hasNonNull("jdk") ? " " + row.get("jdk").asText().split("[.+]")[0] : "");
  }

  private static String cpu(JsonNode row) {
    JsonNode cpu = row.path("cpu_ns_per_kib");
    return cpu.isObject()
        ? Math.round(cpu.get("sender").asDouble())
            + " / "
            + Math.round(cpu.get("receiver").asDouble())
        : NONE;
  }

  private static String zeroCopy(JsonNode row) {
    JsonNode copies = row.path("cpu_copies");
    return row.hasNonNull("zero_copy")
        ? row.get("zero_copy").asText()
            + " ("
            + copies.path("value").asText()
            + ("measured".equals(copies.path("how").asText()) ? "" : "*")
            + ")"
        : NONE;
  }

  private static String verdict(JsonNode row) {
    if (row.hasNonNull("failed")) {
      return "FAILED: " + row.get("failed").asText();
    }
    String ran = row.path("path_ran").asText("");
    boolean chosen = row.path("path").asText().matches("auto|regions");
    return (row.path("verified").asBoolean() ? "" : "NOT VERIFIED ")
        + (chosen && !ran.isEmpty() && !ran.equals("null") ? "ran " + ran : "");
  }

  private static void appendWorkloads(StringBuilder out, JsonNode chapter) {
    Map<String, List<JsonNode>> groups = new LinkedHashMap<>();
    for (JsonNode row : chapter.path("workloads")) {
      groups.computeIfAbsent(row.get("workload").asText(), name -> new ArrayList<>()).add(row);
    }
    List<ColumnData<JsonNode>> columns =
        List.of(
            left("path", row -> row.get("path").asText()),
            left("impl", ReportTable::impl),
            right("operations/s", row -> figure(row.path("operations_per_second"))),
            right("GB/s (min–max)", row -> spread(row.path("gbps"))),
            right("calls", row -> figure(row.path("syscalls"))),
            right("×JDK", row -> ratio(row.path("ratio_to_jdk"))),
            left("", ReportTable::verdict));
    groups.forEach(
        (name, rows) -> {
          append(out, "Workload " + name, rows, columns);
          rows.stream()
              .filter(row -> row.hasNonNull("skipped"))
              .map(
                  row ->
                      String.format(
                          "  %s (%s) skipped: %s%n", name, impl(row), row.get("skipped").asText()))
              .distinct()
              .forEach(out::append);
        });
  }

  private static void appendFacts(StringBuilder out, JsonNode facts) {
    JsonNode rounding = facts.path("page_rounding");
    if (rounding.path("ok").asBoolean()) {
      out.append(
          String.format(
              Locale.ROOT,
              "%nA file of %s takes %s of mapping.%n",
              Sizes.text(rounding.get("file_bytes").asLong()),
              Sizes.text(rounding.get("mapped_bytes").asLong())));
    }
    JsonNode cold = facts.path("cold_read");
    if (cold.path("ok").asBoolean()) {
      out.append(
          String.format(
              Locale.ROOT,
              "A cold read of %s made %s interrupts per MiB (%s in all).%n",
              Sizes.text(cold.get("bytes").asLong()),
              figure(cold.path("interrupts_per_mib")),
              cold.path("interrupts").asText()));
    } else if (cold.isObject()) {
      out.append("Interrupts of a cold read: ")
          .append(cold.path("skipped").asText(cold.path("failed").asText("unknown")))
          .append('\n');
    }
  }

  static String spread(JsonNode spread) {
    return spread.isObject()
        ? String.format(
            Locale.ROOT,
            "%.2f (%.2f–%.2f)",
            spread.get("median").asDouble(),
            spread.get("min").asDouble(),
            spread.get("max").asDouble())
        : NONE;
  }

  static String ratio(JsonNode value) {
    return value.isNumber() ? String.format(Locale.ROOT, "%.2f", value.asDouble()) : NONE;
  }

  private static String figure(JsonNode value) {
    if (!value.isNumber()) {
      return NONE;
    }
    double number = value.asDouble();
    return number == Math.rint(number)
        ? String.format(Locale.ROOT, "%.0f", number)
        : String.format(Locale.ROOT, number < 0.1 ? "%.4f" : "%.2f", number);
  }

  static ColumnData<JsonNode> left(String head, Function<JsonNode, String> value) {
    return column(head, HorizontalAlign.LEFT).with(value);
  }

  static ColumnData<JsonNode> right(String head, Function<JsonNode, String> value) {
    return column(head, HorizontalAlign.RIGHT).with(value);
  }

  private static Column column(String head, HorizontalAlign align) {
    return new Column()
        .header(head)
        .headerAlign(align)
        .dataAlign(align)
        .maxWidth(200, OverflowBehaviour.NEWLINE);
  }

  private static Character[] borders() {
    return AsciiTable.BASIC_ASCII_NO_DATA_SEPARATORS_NO_OUTSIDE_BORDER.clone();
  }
}

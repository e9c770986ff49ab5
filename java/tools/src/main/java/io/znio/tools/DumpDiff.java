// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.ColumnData;
import com.github.freva.asciitable.HorizontalAlign;
import com.github.freva.asciitable.OverflowBehaviour;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * What changed between two dumps, as text: live memory by kind, places of birth (matched by their
 * stack), transfers by path, natives.
 */
final class DumpDiff {
  private static final Character[] BORDERS =
      AsciiTable.BASIC_ASCII_NO_DATA_SEPARATORS_NO_OUTSIDE_BORDER.clone();

  /** As many sites as a dump of the agent has at most: there may be more that it does not list. */
  private static final int SITES_LISTED = 100;

  /** Of lambdas and other hidden classes, of generated accessors and of proxies. */
  private static final Pattern MADE_AT_RUN_TIME =
      Pattern.compile("(\\$\\d+)?[./]0x[0-9a-f]+|(?<=Accessor|\\$Proxy)\\d+");

  private static final List<String> KINDS = List.of("unsafe", "mapped");

  private final Dump before;
  private final Dump after;
  private final int sitesShown;
  private final StringBuilder out = new StringBuilder();

  private DumpDiff(Dump before, Dump after, int sitesShown) {
    this.before = before;
    this.after = after;
    this.sitesShown = sitesShown;
  }

  /**
   * A row: one thing in both dumps.
   *
   * @param before 0 where the first dump has none of it
   */
  private record Row(String name, Amount before, Amount after) {
    long items() {
      return after.items - before.items;
    }

    long bytes() {
      return after.bytes - before.bytes;
    }

    boolean changed() {
      return items() != 0 || bytes() != 0;
    }

    /** Only where it is said to be so, or was not. */
    String presence() {
      return before.items == 0 ? "new" : after.items == 0 ? "gone" : "";
    }
  }

  private record Amount(long items, long bytes) {
    static final Amount NONE = new Amount(0, 0);

    Amount plus(Amount more) {
      return new Amount(items + more.items, bytes + more.bytes);
    }
  }

  /** Is more off-heap memory live in the second dump, of any kind? */
  static boolean grew(Dump before, Dump after) {
    return kinds(before, after).stream().anyMatch(row -> row.bytes() > 0);
  }

  /**
   * The comparison.
   *
   * @param sitesShown at most so many places of birth
   */
  static String text(Dump before, Dump after, int sitesShown) {
    DumpDiff diff = new DumpDiff(before, after, sitesShown);
    diff.heading();
    diff.memory();
    diff.sites();
    diff.transfers();
    diff.natives();
    return diff.out.toString();
  }

  // --- parts ---

  private void heading() {
    out.append("A  ").append(about(before)).append('\n');
    out.append("B  ").append(about(after)).append('\n');
    if (!before.root().path("process").equals(after.root().path("process"))
        || !before.root().path("began_unix_ms").equals(after.root().path("began_unix_ms"))) {
      out.append("A and B are two processes: this compares their runs.\n");
    } else if (after.root().path("age_ms").asDouble() < before.root().path("age_ms").asDouble()) {
      out.append("B is older than A.\n");
    }
  }

  private static String about(Dump dump) {
    JsonNode root = dump.root();
    String age = root.has("age_ms") ? Figures.time(root.path("age_ms").asDouble()) : "?";
    return clean(
        "%s: process %s, JDK %s, after %s, options %s"
            .formatted(
                dump.name(),
                root.path("process").asText("?"),
                root.path("jdk").asText("?"),
                age,
                root.path("options").asText("?")));
  }

  private void memory() {
    List<Row> rows = new ArrayList<>(kinds(before, after));
    Function<JsonNode, String> pool = node -> "JDK's pool " + node.path("name").asText();
    rows.addAll(match("pools", pool, DumpDiff::items));
    table(
        "Live memory",
        rows,
        List.of(
            left("", Row::name),
            right("items A", row -> Figures.count(row.before.items)),
            right("items B", row -> Figures.count(row.after.items)),
            right("change", row -> Figures.countChange(row.items())),
            right("bytes A", row -> Figures.bytes(row.before.bytes)),
            right("bytes B", row -> Figures.bytes(row.after.bytes)),
            right("change", row -> Figures.bytesChange(row.bytes()))));
  }

  private static List<Row> kinds(Dump before, Dump after) {
    JsonNode a = before.root().path("live");
    JsonNode b = after.root().path("live");
    return KINDS.stream()
        .filter(kind -> a.has(kind) || b.has(kind))
        .map(kind -> new Row(kind, items(a.path(kind)), items(b.path(kind))))
        .toList();
  }

  private void sites() {
    List<Row> rows =
        match("sites", DumpDiff::stack, DumpDiff::items).stream()
            .filter(Row::changed)
            .sorted(Comparator.comparingLong(Row::bytes).reversed())
            .toList();
    long grown = rows.stream().filter(row -> row.bytes() > 0).count();
    out.append("\nSites of what is live (samples): ");
    if (before.list("sites").isEmpty() && after.list("sites").isEmpty()) {
      out.append("neither dump has one\n");
      return;
    }
    out.append(rows.isEmpty() ? "none changed\n" : grown + " grew, " + rows.size() + " changed\n");
    List<Row> shown = rows.subList(0, Math.min(rows.size(), sitesShown));
    for (Row row : shown) {
      site(row);
    }
    if (shown.size() < rows.size()) {
      out.append("... and ").append(rows.size() - shown.size()).append(" more (--sites N)\n");
    }
    for (Dump dump : List.of(before, after)) {
      if (dump.list("sites").size() >= SITES_LISTED) {
        out.append(dump.name()).append(" lists the first ").append(SITES_LISTED);
        out.append(" sites only: one that it lacks counts as none there.\n");
      }
    }
  }

  private void site(Row row) {
    out.append(
        "%12s in %s items, now %s in %s%s%n"
            .formatted(
                Figures.bytesChange(row.bytes()),
                Figures.countChange(row.items()),
                Figures.bytes(row.after.bytes),
                Figures.count(row.after.items),
                row.presence().isEmpty() ? "" : " (" + row.presence() + ")"));
    out.append(row.name.indent(14));
  }

  private void transfers() {
    Function<JsonNode, String> path =
        node -> node.path("native").asText() + " " + node.path("path").asText();
    calls("Transfers by path", match("transfers", path, DumpDiff::calls));
  }

  /** By the method's name alone: another JDK has it in another class, and another may serve it. */
  private void natives() {
    calls("Natives", match("natives", node -> node.path("name").asText(), DumpDiff::calls));
  }

  private void calls(String title, List<Row> all) {
    table(
        title,
        all.stream().filter(Row::changed).toList(),
        List.of(
            left("", Row::name),
            right("calls A", row -> Figures.count(row.before.items)),
            right("calls B", row -> Figures.count(row.after.items)),
            right("change", row -> Figures.countChange(row.items())),
            right("bytes", row -> Figures.bytesChange(row.bytes()))));
  }

  // --- matching ---

  private static Amount items(JsonNode node) {
    return new Amount(Dump.number(node, "items"), Dump.number(node, "bytes"));
  }

  private static Amount calls(JsonNode node) {
    return new Amount(Dump.number(node, "calls"), Dump.number(node, "bytes"));
  }

  private static String stack(JsonNode site) {
    List<String> frames = new ArrayList<>();
    site.path("stack").forEach(frame -> frames.add(clean(named(frame.asText()))));
    return frames.isEmpty() ? "(no stack)" : String.join("\n", frames);
  }

  /** A frame without what is by chance: the numbers and addresses of classes made at run time. */
  private static String named(String frame) {
    return MADE_AT_RUN_TIME.matcher(frame).replaceAll("");
  }

  /** What a terminal would take for more than text is left out: names come from other programs. */
  private static String clean(String text) {
    return text.replaceAll("[\\p{Cntrl}\\x{80}-\\x{9f}]", "?");
  }

  /**
   * The elements of a list in both dumps, by a key; in the second dump's order, then the first's.
   */
  private List<Row> match(
      String list, Function<JsonNode, String> key, Function<JsonNode, Amount> amount) {
    Map<String, Amount> a = sum(before.list(list), key, amount);
    Map<String, Amount> b = sum(after.list(list), key, amount);
    Map<String, Row> rows = new LinkedHashMap<>();
    b.forEach((name, now) -> rows.put(name, new Row(name, a.getOrDefault(name, Amount.NONE), now)));
    a.forEach((name, was) -> rows.putIfAbsent(name, new Row(name, was, Amount.NONE)));
    return List.copyOf(rows.values());
  }

  private static Map<String, Amount> sum(
      List<JsonNode> nodes, Function<JsonNode, String> key, Function<JsonNode, Amount> amount) {
    return nodes.stream().collect(Collectors.toMap(key, amount, Amount::plus, LinkedHashMap::new));
  }

  // --- text ---

  private void table(String title, List<Row> rows, List<ColumnData<Row>> columns) {
    if (rows.isEmpty()) {
      out.append('\n').append(title).append(": nothing changed\n");
      return;
    }
    out.append('\n').append(title).append('\n');
    String table = AsciiTable.builder().border(BORDERS).data(rows, columns).asString();
    // The last column of a table ends in blanks.
    Arrays.stream(table.split("\\R"))
        .forEach(line -> out.append(line.stripTrailing()).append('\n'));
  }

  private static ColumnData<Row> left(String header, Function<Row, String> value) {
    return column(header, HorizontalAlign.LEFT, row -> clean(value.apply(row)));
  }

  private static ColumnData<Row> right(String header, Function<Row, String> value) {
    return column(header, HorizontalAlign.RIGHT, value);
  }

  private static ColumnData<Row> column(
      String header, HorizontalAlign align, Function<Row, String> value) {
    return new Column()
        .header(header)
        .headerAlign(align)
        .dataAlign(align)
        .maxWidth(80, OverflowBehaviour.ELLIPSIS_RIGHT)
        .with(value);
  }
}

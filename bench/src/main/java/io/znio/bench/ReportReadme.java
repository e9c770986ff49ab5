// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The results as Markdown, each section between two markers: for README.md the two lines and the
 * table by peer, for bench/RESULTS.md every row.
 */
final class ReportReadme {
  static final String BEGIN = "<!-- bench/report -->";
  static final String BEGIN_ROWS = "<!-- bench/report: rows -->";
  static final String END = "<!-- end of bench/report -->";

  /** Levels of safety that nobody has who does not ask for them: only the page has their rows. */
  private static final List<String> ASKED_FOR = List.of("tracked", "unchecked");

  private final StringBuilder out = new StringBuilder();
  private final List<Pair> pairs;

  private ReportReadme(List<Pair> pairs) {
    this.pairs = pairs;
  }

  static String text(List<Pair> pairs, JsonNode machine) {
    return new ReportReadme(pairs).write(machine);
  }

  private String write(JsonNode machine) {
    Standings standings = new Standings(pairs);
    line(BEGIN);
    line(escaped(sentence(machine)));
    line("");
    line("* **" + bold(escaped(standings.aheadLine())));
    line("* **" + bold(escaped(standings.notAheadLine())));
    line("");
    peers(standings.peers());
    line("");
    line(END);
    line("");
    line(BEGIN_ROWS);
    line(escaped(sentence(machine)));
    line("");
    line(
        "How many times better znio is, with the interval of 95 %: **ahead**, even, *behind*; (?)"
            + " is measured too seldom to say. What is not zeroed is beside zeroed memory of those"
            + " who give no other. `bench/report -o FILE` has the other levels of safety, too.");
    rows().forEach(this::source);
    line("");
    line(END);
    return out.toString();
  }

  /** What somebody gets who asks for nothing special, by its source. */
  private Map<String, List<Pair>> rows() {
    return pairs.stream()
        .filter(pair -> ASKED_FOR.stream().noneMatch(pair.znio().variant()::startsWith))
        .filter(pair -> pair.znio().like() == null || pair.znio().like().equals(Figure.ANY))
        .collect(
            Collectors.groupingBy(
                pair -> pair.znio().source(), LinkedHashMap::new, Collectors.toList()));
  }

  private static String bold(String line) {
    return line.replaceFirst(": ", "**: ");
  }

  private static String sentence(JsonNode machine) {
    String date = machine.path("date").asText();
    return Stream.of(
            machine.path("cpu").textValue(),
            machine.hasNonNull("cores") ? machine.get("cores").asText() + " cores" : null,
            machine.hasNonNull("kernel")
                ? "Linux " + release(machine.get("kernel").asText())
                : null,
            "JDK " + words(machine.path("jdks")),
            date.substring(0, Math.min(10, date.length())))
        .filter(Objects::nonNull)
        .collect(Collectors.joining(", ", "", "."));
  }

  /** "6.18" of "6.18.44-generic". */
  private static String release(String kernel) {
    return kernel.replaceFirst("^(\\d+[.]\\d+).*", "$1");
  }

  private static String words(JsonNode array) {
    List<String> words = new ArrayList<>();
    array.forEach(word -> words.add(word.asText()));
    return String.join(" and ", words);
  }

  private void peers(List<JsonNode> peers) {
    row(List.of("znio beside", "version", "rows", "ahead", "even", "behind", "a use after free"));
    rule(7);
    for (JsonNode peer : peers) {
      row(
          Stream.of("name", "version", "rows", "ahead", "even", "behind", "after_free")
              .map(field -> peer.hasNonNull(field) ? peer.get(field).asText() : "")
              .toList());
    }
  }

  /** One line for each work, one column for each peer. */
  private void source(String source, List<Pair> rows) {
    Set<String> columns = new LinkedHashSet<>();
    Map<List<String>, Map<String, Pair>> lines = new LinkedHashMap<>();
    for (Pair pair : rows) {
      columns.add(pair.peerTitle());
      List<String> head = List.of(pair.znio().work(), pair.znio().variant(), pair.feature());
      lines.computeIfAbsent(head, h -> new LinkedHashMap<>()).put(pair.peerTitle(), pair);
    }
    line("");
    List<String> names = new ArrayList<>(List.of(source, "znio", "on JDK"));
    names.addAll(columns);
    row(names);
    rule(names.size());
    lines.forEach(
        (head, cells) -> {
          List<String> line = new ArrayList<>(head);
          columns.forEach(column -> line.add(cell(cells.get(column))));
          row(line);
        });
  }

  private static String cell(Pair pair) {
    if (pair == null) {
      return "";
    }
    return switch (pair.standing()) {
      case AHEAD -> "**" + pair.figures() + "**";
      case BEHIND -> "*" + pair.figures() + "*";
      default -> pair.figures();
    };
  }

  private void row(List<String> cells) {
    line(cells.stream().map(ReportReadme::escaped).collect(Collectors.joining(" | ", "| ", " |")));
  }

  /** Names come from files: they are text, and no markup. */
  private static String escaped(String cell) {
    return cell.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace("|", "\\|")
        .replace("`", "\\`")
        .replaceAll("\\s+", " ");
  }

  private void rule(int columns) {
    line("|" + "---|".repeat(columns));
  }

  private void line(String text) {
    out.append(text).append('\n');
  }
}

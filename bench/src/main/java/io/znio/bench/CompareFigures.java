// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The figures in a report of {@code bench/compare}: of every row that was measured and verified.
 */
final class CompareFigures {
  /** Paths that the library chooses: compared with all ways of the JDK, others with their like. */
  private static final Set<String> CHOSEN = Set.of("auto", "regions");

  /** What {@link PeerFacts} calls them, where that is not the same. */
  private static final Map<String, String> NAMES =
      Map.of(MemoryRow.BASELINE, "jdk", MemoryRow.PEER, "lwjgl-jemalloc");

  /** So many rounds are never run: rounds of several files do not mix. */
  private static final int FILE_STEP = 1_000_000;

  private final int file;
  private final List<Figure> figures = new ArrayList<>();
  private int unverified;
  private boolean withoutRounds;

  private CompareFigures(int file) {
    this.file = file;
  }

  /**
   * What was found.
   *
   * @param leftOut how many rows had failed or were not verified
   * @param withoutRounds whether a row has figures but not those of its rounds
   */
  record Found(List<Figure> figures, int leftOut, boolean withoutRounds) {}

  /**
   * Reads them.
   *
   * @param file the how-manieth this is
   */
  static Found of(JsonNode report, int file) {
    CompareFigures found = new CompareFigures(file);
    JsonNode chapters = report.path("chapters");
    found.each(chapters, "paths", "rows", CompareFigures::path);
    found.each(chapters, "paths", "workloads", CompareFigures::workload);
    found.each(chapters, "channel", "rows", CompareFigures::channel);
    found.each(chapters, "memory", "rows", CompareFigures::memory);
    found.each(chapters, "lifecycle", "rows", CompareFigures::life);
    found.each(chapters, "agent", "rows", CompareFigures::agent);
    return new Found(found.figures, found.unverified, found.withoutRounds);
  }

  private interface Reader {
    Figure read(JsonNode row, Map<Integer, Double> rounds);
  }

  private void each(JsonNode chapters, String chapter, String rows, Reader reader) {
    for (JsonNode row : chapters.path(chapter).path(rows)) {
      if (row.hasNonNull("skipped")) {
        continue;
      }
      if (!row.path("verified").asBoolean()) {
        unverified++;
      } else if (!row.has("by_round")) {
        withoutRounds = true;
      } else if (!row.get("by_round").isEmpty()) {
        Map<Integer, Double> rounds = new HashMap<>();
        row.get("by_round")
            .properties()
            .forEach(
                round ->
                    rounds.put(
                        file * FILE_STEP + Integer.parseInt(round.getKey()),
                        round.getValue().asDouble()));
        figures.add(reader.read(row, rounds));
      }
    }
  }

  private static Figure path(JsonNode row, Map<Integer, Double> rounds) {
    String work =
        new Row.Group(
                text(row, "source"),
                text(row, "target"),
                row.path("size").asLong(),
                text(row, "fs"),
                text(row, "network"),
                text(row, "baseline"))
            .title();
    return moved("compare: paths", work, row, rounds);
  }

  private static Figure workload(JsonNode row, Map<Integer, Double> rounds) {
    return moved("compare: workloads", text(row, "workload"), row, rounds);
  }

  private static Figure moved(
      String source, String work, JsonNode row, Map<Integer, Double> rounds) {
    String path = text(row, "path");
    return new Figure(
        source,
        work,
        text(row, "jdk"),
        text(row, "impl"),
        path,
        null,
        like(text(row, "impl"), path),
        null,
        "GB/s",
        true,
        rounds,
        List.of());
  }

  /** znio's choice meets every way of the JDK, and C by the path of the same name. */
  private static String like(String impl, String path) {
    return impl.equals(Figure.ZNIO) && CHOSEN.contains(path) ? Figure.ANY : path;
  }

  private static Figure channel(JsonNode row, Map<Integer, Double> rounds) {
    String work =
        new ChannelRow.Group(
                text(row, "op"),
                text(row, "buffer"),
                text(row, "peer"),
                row.path("size").asLong(),
                row.path("threads").asInt())
            .title();
    return timed("compare: channel", work, row, text(row, "impl"), "", null, null, "ns", rounds);
  }

  private static Figure memory(JsonNode row, Map<Integer, Double> rounds) {
    String work =
        new MemoryRow.Group(text(row, "op"), row.path("size").asLong(), row.path("threads").asInt())
            .title();
    Boolean fill = row.hasNonNull("zeroed") ? row.get("zeroed").asBoolean() : null;
    String level = text(row, "level");
    String zeroed = fill == null ? null : fill ? "zeroed" : "not zeroed";
    String variant =
        Stream.of(level, zeroed).filter(Objects::nonNull).collect(Collectors.joining(", "));
    return timed(
        "compare: memory",
        work,
        row,
        NAMES.getOrDefault(text(row, "impl"), text(row, "impl")),
        variant,
        fill,
        text(row, "op").equals(MemoryRows.MAP) ? PeerFacts.OPEN : PeerFacts.MEMORY,
        row.path("bytes").isObject() ? "bytes" : "ns",
        rounds);
  }

  private static Figure life(JsonNode row, Map<Integer, Double> rounds) {
    String how =
        row.hasNonNull("content")
            ? text(row, "content") + ", until it is answered: " + text(row, "outcome")
            : (text(row, "by").equals("gc") ? "dropped" : "closed") + ", until all is freed";
    int count = row.path("count").asInt();
    String work =
        text(row, "op")
            + (count > 0 ? ", " + count + " of " : ", ")
            + Sizes.text(row.path("size").asLong())
            + ", "
            + how;
    String variant =
        Stream.of("level", "leaks", "collect")
            .filter(row::hasNonNull)
            .map(field -> (field.equals("level") ? "" : field + "=") + text(row, field))
            .collect(Collectors.joining(", "));
    return timed(
        "compare: lifecycle", work, row, text(row, "impl"), variant, null, null, "ms", rounds);
  }

  private static Figure agent(JsonNode row, Map<Integer, Double> rounds) {
    String mode = text(row, "mode");
    boolean stock = mode.equals(AgentRow.STOCK);
    String work =
        new AgentRow.Group(text(row, "case"), text(row, "peer"), row.path("size").asLong()).title();
    return timed(
        "compare: agent",
        work,
        row,
        stock ? "jdk" : Figure.ZNIO,
        stock ? "" : "agent " + mode,
        null,
        null,
        "ns",
        rounds);
  }

  private static Figure timed(
      String source,
      String work,
      JsonNode row,
      String who,
      String variant,
      Boolean fill,
      String use,
      String unit,
      Map<Integer, Double> rounds) {
    return new Figure(
        source,
        work,
        text(row, "jdk"),
        who,
        variant,
        fill,
        null,
        use,
        unit,
        false,
        rounds,
        List.of());
  }

  private static String text(JsonNode row, String field) {
    return row.path(field).textValue();
  }
}

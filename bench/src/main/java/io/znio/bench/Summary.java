// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** The last lines on the terminal, and the verdict on the whole run. */
final class Summary {
  private Summary() {}

  /** Whether no row failed and every row that ran was verified. */
  static boolean isGood(JsonNode report) {
    List<JsonNode> rows = rows(report);
    return rows.stream().noneMatch(row -> row.hasNonNull("failed") || isUnverified(row))
        && facts(report).stream().noneMatch(fact -> fact.hasNonNull("failed"));
  }

  /** Whether there is nothing in the report at all. */
  static boolean isEmpty(JsonNode report) {
    return rows(report).isEmpty() && facts(report).isEmpty();
  }

  private static boolean isUnverified(JsonNode row) {
    return !row.hasNonNull("skipped")
        && !row.hasNonNull("failed")
        && !row.path("verified").asBoolean();
  }

  private static List<JsonNode> rows(JsonNode report) {
    List<JsonNode> rows = new ArrayList<>();
    for (JsonNode chapter : report.path("chapters")) {
      chapter.path("rows").forEach(rows::add);
      chapter.path("workloads").forEach(rows::add);
    }
    return rows;
  }

  private static List<JsonNode> facts(JsonNode report) {
    List<JsonNode> facts = new ArrayList<>();
    for (JsonNode chapter : report.path("chapters")) {
      chapter.path("facts").forEach(facts::add);
    }
    return facts;
  }

  static String text(JsonNode report, Settings settings) {
    List<JsonNode> rows = rows(report);
    long skipped = rows.stream().filter(row -> row.hasNonNull("skipped")).count();
    long failed = rows.stream().filter(row -> row.hasNonNull("failed")).count();
    long unverified = rows.stream().filter(Summary::isUnverified).count();
    String few =
        settings.rounds() < 7
            ? "\nFewer than 7 rounds: a smoke test, no basis for a comparison."
            : "";
    return String.format(
        "%d rows: %d verified, %d not verified, %d failed, %d skipped."
            + " %d rounds, order drawn with seed %d.%s",
        rows.size(),
        rows.size() - skipped - failed - unverified,
        unverified,
        failed,
        skipped,
        settings.rounds(),
        settings.seed(),
        few);
  }
}

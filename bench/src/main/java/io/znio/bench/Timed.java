// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** An outcome with a figure of each round: what one operation takes. One thread. */
class Timed extends Outcome {
  /** Nanoseconds of one operation, or bytes of one live buffer, by round. */
  final Map<Integer, Double> figures = new HashMap<>();

  /** Operations of one measurement, of each thread. */
  long operations;

  /** What the first answer that was not verified has said. */
  String problem;

  final boolean isMeasured() {
    return isOpen() && !figures.isEmpty();
  }

  /** {@link #accept}, and what the answer has to complain of. */
  final boolean acceptWithProblem(JsonNode answer) {
    if (!accept(answer)) {
      return false;
    }
    if (problem == null && answer.hasNonNull("problem")) {
      problem = answer.get("problem").asText();
    }
    return true;
  }

  /** Takes in an answer to so many operations; round 0 is the warm-up. */
  void take(JsonNode answer, long count, int round) {
    if (acceptWithProblem(answer) && round > 0) {
      putNanos(round, answer, count);
    }
  }

  /** The nanoseconds of one operation in a round that had so many. */
  final void putNanos(int round, JsonNode answer, double count) {
    figures.put(round, Math.max(1, answer.path("nanos").asDouble()) / count);
  }

  /** How many times less this takes than another, in the median of the rounds; null if unknown. */
  final Statistics.Spread ratioTo(Timed other) {
    return other != null && other.isMeasured() && isMeasured()
        ? Statistics.ratioInterval(other.figures, figures)
        : null;
  }

  /** How much more this takes than another, in the median of the rounds; null if unknown. */
  final Statistics.Spread extraTo(Timed other) {
    return other != null && other.isMeasured() && isMeasured()
        ? Statistics.differenceInterval(figures, other.figures)
        : null;
  }

  /** Of the rounds' figures, as JSON; null if there is none. */
  final ObjectNode spread() {
    return isMeasured() ? Json.spread(figures) : null;
  }

  /** What every report says of it, after what it is and before the figures. */
  final void putMeasured(ObjectNode node) {
    node.put("operations", isMeasured() ? operations : null);
    node.put("verified", reportedVerdict());
    node.put("problem", problem);
    Json.putRounds(node, isMeasured() ? figures : Map.of());
  }

  /** The report of a chapter. */
  static <R extends Timed> ObjectNode chapter(
      Settings settings, List<R> results, Function<R, ObjectNode> row) {
    ObjectNode chapter = Json.object();
    chapter.put("rounds", settings.rounds());
    chapter.put("seed", settings.seed());
    chapter.put("quick", settings.quick());
    ArrayNode rows = chapter.putArray("rows");
    results.forEach(result -> rows.add(row.apply(result)));
    return chapter;
  }
}

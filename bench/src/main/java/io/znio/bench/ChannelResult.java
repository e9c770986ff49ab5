// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;

/** What is known of a row of the chapter "channel" so far. One thread. */
final class ChannelResult extends Outcome {
  final ChannelRow row;

  /** Nanoseconds of one operation, by round. */
  final Map<Integer, Double> figures = new HashMap<>();

  /** Operations of one measurement, of each thread. */
  long operations;

  /** What the first answer that was not verified has said. */
  String problem;

  ChannelResult(ChannelRow row) {
    this.row = row;
  }

  boolean isMeasured() {
    return isOpen() && !figures.isEmpty();
  }

  /** Takes in an answer to so many operations; round 0 is the warm-up. */
  void take(JsonNode answer, long count, int round) {
    if (!accept(answer)) {
      return;
    }
    if (problem == null && answer.hasNonNull("problem")) {
      problem = answer.get("problem").asText();
    }
    if (round > 0) {
      figures.put(round, Math.max(1, answer.path("nanos").asDouble()) / count);
    }
  }
}

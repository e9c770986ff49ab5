// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;

/** What is known of a row of the chapter "memory" so far. One thread. */
final class MemoryResult extends Outcome {
  final MemoryRow row;

  /** Nanoseconds of one operation, or bytes of one live buffer, by round. */
  final Map<Integer, Double> figures = new HashMap<>();

  final Map<Integer, Double> nativeBytes = new HashMap<>();
  final Map<Integer, Double> heapBytes = new HashMap<>();

  /** Operations of one measurement, of each thread. */
  long operations;

  /** What the first answer that was not verified has said. */
  String problem;

  MemoryResult(MemoryRow row) {
    this.row = row;
  }

  boolean isMeasured() {
    return isOpen() && !figures.isEmpty();
  }

  /** Takes in an answer of a worker; round 0 is the warm-up. */
  void take(JsonNode answer, int round) {
    if (!accept(answer)) {
      return;
    }
    if (problem == null && answer.hasNonNull("problem")) {
      problem = answer.get("problem").asText();
    }
    if (round == 0) {
      return;
    }
    double count = answer.path("operations").asDouble();
    if (row.isLive()) {
      nativeBytes.put(round, answer.path("native_bytes").asLong() / count);
      heapBytes.put(round, answer.path("heap_bytes").asLong() / count);
      figures.put(round, nativeBytes.get(round) + heapBytes.get(round));
    } else {
      figures.put(round, Math.max(1, answer.path("nanos").asLong()) / count);
    }
  }
}

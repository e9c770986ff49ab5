// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;

/** What is known of a row of the chapter "memory" so far. One thread. */
final class MemoryResult extends Timed {
  final MemoryRow row;

  final Map<Integer, Double> nativeBytes = new HashMap<>();
  final Map<Integer, Double> heapBytes = new HashMap<>();

  MemoryResult(MemoryRow row) {
    this.row = row;
  }

  /** Takes in an answer of a worker; round 0 is the warm-up. */
  void take(JsonNode answer, int round) {
    if (!acceptWithProblem(answer) || round == 0) {
      return;
    }
    double count = answer.path("operations").asDouble();
    if (row.isLive()) {
      nativeBytes.put(round, answer.path("native_bytes").asLong() / count);
      heapBytes.put(round, answer.path("heap_bytes").asLong() / count);
      figures.put(round, nativeBytes.get(round) + heapBytes.get(round));
    } else {
      putNanos(round, answer, count);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.function.Predicate;

/** Turns the results of the chapter "memory" into the report's JSON. */
final class MemoryJson {
  private final Settings settings;
  private final List<MemoryResult> results;

  MemoryJson(Settings settings, List<MemoryResult> results) {
    this.settings = settings;
    this.results = results;
  }

  ObjectNode chapter() {
    return Timed.chapter(settings, results, this::row);
  }

  private ObjectNode row(MemoryResult result) {
    MemoryRow row = result.row;
    ObjectNode node = Json.object();
    node.put("op", row.op());
    node.put("impl", row.impl());
    node.put("jdk", row.jdk());
    node.put("level", row.level());
    node.put("size", row.size());
    node.put("zeroed", row.zeroed());
    node.put("threads", row.threads());
    boolean measured = result.isMeasured();
    result.putMeasured(node);
    node.set("ns", measured && !row.isLive() ? result.spread() : null);
    node.set("bytes", measured && row.isLive() ? bytes(result) : null);
    putRatio(node, "ratio_to_jdk", result, other -> other.isBaselineOf(row), true);
    putRatio(node, "ratio_to_lwjgl", result, other -> other.isPeerOf(row), false);
    node.put("after_free", row.staleUse());
    result.putReasons(node);
    return node;
  }

  private static ObjectNode bytes(MemoryResult result) {
    ObjectNode bytes = Json.spread(result.figures);
    bytes.set("native", Json.spread(result.nativeBytes));
    bytes.set("heap", Json.spread(result.heapBytes));
    return bytes;
  }

  /** How many times less a row takes than another, in the median of the rounds. */
  private void putRatio(
      ObjectNode node,
      String field,
      MemoryResult result,
      Predicate<MemoryRow> wanted,
      boolean interval) {
    Statistics.Spread ratio =
        results.stream()
            .filter(other -> wanted.test(other.row))
            .findFirst()
            .map(result::ratioTo)
            .orElse(null);
    Json.put(node, field, ratio == null ? null : ratio.median());
    if (interval) {
      Json.putInterval(node, "ratio_interval", ratio);
    }
  }
}

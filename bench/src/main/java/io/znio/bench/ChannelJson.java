// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** Turns the results of the chapter "channel" into the report's JSON. */
final class ChannelJson {
  private final Settings settings;
  private final List<ChannelResult> results;

  ChannelJson(Settings settings, List<ChannelResult> results) {
    this.settings = settings;
    this.results = results;
  }

  ObjectNode chapter() {
    return Timed.chapter(settings, results, this::row);
  }

  private ObjectNode row(ChannelResult result) {
    ChannelRow row = result.row;
    ObjectNode node = Json.object();
    node.put("op", row.op());
    node.put("impl", row.impl());
    node.put("jdk", row.jdk());
    node.put("buffer", row.buffer());
    node.put("peer", row.peer());
    node.put("size", row.size());
    node.put("threads", row.threads());
    result.putMeasured(node);
    node.set("ns", result.spread());
    Statistics.Spread ratio = ratio(result);
    Json.put(node, "ratio_to_jdk", ratio == null ? null : ratio.median());
    Json.putInterval(node, "ratio_interval", ratio);
    result.putReasons(node);
    return node;
  }

  /** How many times less a row takes than the JDK's, in the median of the rounds. */
  private Statistics.Spread ratio(ChannelResult result) {
    return results.stream()
        .filter(other -> other.row.isBaselineOf(result.row))
        .findFirst()
        .map(result::ratioTo)
        .orElse(null);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/** Turns the results of the chapter "agent" into the report's JSON. */
final class AgentJson {
  private final Settings settings;
  private final List<AgentResult> results;

  AgentJson(Settings settings, List<AgentResult> results) {
    this.settings = settings;
    this.results = results;
  }

  ObjectNode chapter() {
    return Timed.chapter(settings, results, this::row);
  }

  private ObjectNode row(AgentResult result) {
    AgentRow row = result.row;
    ObjectNode node = Json.object();
    node.put("case", row.op());
    node.put("mode", row.mode());
    node.put("jdk", row.jdk());
    node.put("peer", row.peer());
    node.put("size", row.size());
    result.putMeasured(node);
    node.set("ns", result.spread());
    AgentResult stock =
        results.stream().filter(other -> other.row.isBaselineOf(row)).findFirst().orElse(null);
    Statistics.Spread ratio = result.ratioTo(stock);
    Json.put(node, "ratio_to_stock", ratio == null ? null : ratio.median());
    Json.putInterval(node, "ratio_interval", ratio);
    Statistics.Spread extra = row.isStock() ? null : result.extraTo(stock);
    Json.put(node, "extra_ns", extra == null ? null : extra.median());
    Json.putInterval(node, "extra_interval", extra);
    AgentRows.Aim aim = AgentRows.aim(row);
    if (aim != null) {
      node.set("aim", aim(aim));
      node.put("met", extra == null ? null : met(aim, ratio, extra));
    }
    result.putReasons(node);
    return node;
  }

  private static ObjectNode aim(AgentRows.Aim aim) {
    ObjectNode node = Json.object();
    node.put("ratio_least", aim.ratioLeast());
    node.put("extra_ns_most", aim.extraMost());
    return node;
  }

  /** By the median; else whether the interval leaves it open. */
  private static String met(AgentRows.Aim aim, Statistics.Spread ratio, Statistics.Spread extra) {
    boolean median =
        aim.ratioLeast() != null
            ? ratio.median() >= aim.ratioLeast()
            : extra.median() <= aim.extraMost();
    boolean interval =
        aim.ratioLeast() != null ? ratio.max() >= aim.ratioLeast() : extra.min() <= aim.extraMost();
    return median ? "yes" : interval ? "within noise" : "no";
  }
}

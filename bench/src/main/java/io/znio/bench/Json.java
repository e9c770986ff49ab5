// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Map;
import java.util.TreeMap;

/** Small helpers to build the report's JSON. */
final class Json {
  static final ObjectMapper MAPPER = new ObjectMapper();

  private static final MathContext DIGITS = new MathContext(4);

  private Json() {}

  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  /** Puts a figure with four significant digits, which is more than any of them deserves. */
  static void put(ObjectNode node, String field, Double value) {
    if (value == null || value.isNaN() || value.isInfinite()) {
      node.putNull(field);
    } else {
      BigDecimal rounded = new BigDecimal(value).round(DIGITS).stripTrailingZeros();
      if (rounded.scale() <= 0) {
        node.put(field, rounded.longValue());
      } else {
        node.put(field, rounded.doubleValue());
      }
    }
  }

  /** Puts the ends of an interval as an array; null if there is none. */
  static void putInterval(ObjectNode node, String field, Statistics.Spread interval) {
    if (interval == null) {
      node.putNull(field);
    } else {
      ArrayNode ends = node.putArray(field);
      ends.add(Math.round(interval.min() * 1000) / 1000.0);
      ends.add(Math.round(interval.max() * 1000) / 1000.0);
    }
  }

  /** Puts the figure of each round, by which any two rows of a report can be paired. */
  static void putRounds(ObjectNode node, Map<Integer, Double> figures) {
    ObjectNode rounds = node.putObject("by_round");
    new TreeMap<>(figures)
        .forEach(
            (round, figure) ->
                rounds.put(
                    Integer.toString(round),
                    new BigDecimal(figure).round(MathContext.DECIMAL32).doubleValue()));
  }

  /** Of figures by round. */
  static ObjectNode spread(Map<Integer, Double> figures) {
    return spread(
        Statistics.spread(figures.values().stream().mapToDouble(figure -> figure).toArray()));
  }

  static ObjectNode spread(Statistics.Spread spread) {
    ObjectNode node = object();
    put(node, "median", spread.median());
    put(node, "min", spread.min());
    put(node, "max", spread.max());
    return node;
  }
}

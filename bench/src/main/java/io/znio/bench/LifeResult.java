// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.function.Function;

/** What the rounds of one row of the chapter "lifecycle" have answered. One thread. */
final class LifeResult extends Outcome {
  private static final List<String> EVENTS =
      List.of("found", "told", "cleaned", "allocator", "kernel");

  private static final List<String> MOMENTS = List.of("first_ms", "median_ms", "last_ms");

  private final LifeRow row;
  private final List<JsonNode> answers = new ArrayList<>();

  LifeResult(LifeRow row) {
    this.row = row;
  }

  LifeRow row() {
    return row;
  }

  void fail(String sentence) {
    failed = sentence;
  }

  /** Takes an answer of a worker. */
  void take(JsonNode answer) {
    if (accept(answer)) {
      answers.add(answer);
    }
  }

  /** The row of the report. */
  ObjectNode json() {
    ObjectNode node = Json.object();
    node.put("op", row.op());
    node.put("impl", row.impl());
    node.put("jdk", row.jdk());
    node.put("level", row.level());
    node.put("by", row.by());
    node.put("leaks", row.leaks());
    node.put("content", row.content());
    node.put("collect", row.collect());
    node.put("count", row.count());
    node.put("size", row.size());
    node.put("label", row.label());
    node.put("rounds", answers.size());
    if (isOpen() && !answers.isEmpty()) {
      node.put("verified", verified);
      node.put("wrong", first(answer -> answer.path("wrong").textValue()));
      if (row.op().equals("limit")) {
        putLimit(node);
      } else {
        putLife(node);
      }
    } else {
      node.put("verified", false);
    }
    Json.putRounds(node, isOpen() ? byRound() : Map.of());
    if (isOpen() && answers.isEmpty()) {
      failed = "not run";
    }
    putReasons(node);
    return node;
  }

  /** How long it took until all was freed, or until a request at the limit was answered, in ms. */
  private Map<Integer, Double> byRound() {
    Map<Integer, Double> rounds = new HashMap<>();
    for (int i = 0; i < answers.size(); i++) {
      JsonNode answer = answers.get(i);
      JsonNode attempts = answer.path("attempts");
      JsonNode figure =
          row.op().equals("limit")
              ? attempts.path(attempts.size() - 1).path("ms")
              : answer.at("/events/cleaned/last_ms");
      if (figure.asDouble() > 0) {
        rounds.put(i + 1, figure.asDouble());
      }
    }
    return rounds;
  }

  private void putLife(ObjectNode node) {
    ObjectNode events = node.putObject("events");
    for (String event : EVENTS) {
      List<JsonNode> seen =
          answers.stream()
              .map(answer -> answer.get("events").get(event))
              .filter(JsonNode::isObject)
              .toList();
      if (seen.isEmpty()) {
        events.putNull(event);
        continue;
      }
      ObjectNode moments = events.putObject(event);
      moments.put("count", seen.stream().mapToLong(e -> e.get("count").asLong()).min().orElse(0));
      for (String moment : MOMENTS) {
        moments.set(moment, spread(seen, e -> e.get(moment)));
      }
    }
    ObjectNode gc = node.putObject("gc");
    for (String field : List.of("count", "start_ms", "end_ms", "collector_ms")) {
      gc.set(field, spread(answers, answer -> answer.get("gc").get(field)));
    }
    gc.put("names", first(answer -> answer.get("gc").path("names").textValue()));
    node.set("call_ms", spread(answers, answer -> answer.get("call_ms")));
    node.set("call_at_ms", spread(answers, answer -> answer.get("call_at_ms")));
    node.put("thread", every(answer -> answer.get("thread").textValue()));
    node.set("thread_cpu_ms", spread(answers, answer -> answer.get("thread_cpu_ms")));
    node.put("told_by", every(answer -> answer.get("told_by").textValue()));
    node.put("birth", first(answer -> answer.path("birth").textValue()));
    node.set("births_known", spread(answers, answer -> answer.path("births_known")));
    node.set("sample_us", spread(answers, answer -> answer.get("sample_us")));
    node.set("watched_ms", answers.get(0).get("watched_ms"));
    node.set("series", middle().get("series"));
  }

  /** The round that is drawn: the one whose end is the median of all. */
  private JsonNode middle() {
    List<JsonNode> sorted =
        answers.stream()
            .sorted(
                Comparator.comparingDouble(
                    answer ->
                        answer.at("/events/cleaned/last_ms").asDouble(Double.POSITIVE_INFINITY)))
            .toList();
    return sorted.get((sorted.size() - 1) / 2);
  }

  private void putLimit(ObjectNode node) {
    List<JsonNode> cold = new ArrayList<>();
    List<JsonNode> later = new ArrayList<>();
    for (JsonNode answer : answers) {
      for (JsonNode attempt : answer.get("attempts")) {
        (attempt == answer.get("attempts").get(0) ? cold : later).add(attempt);
      }
    }
    List<JsonNode> all = new ArrayList<>(cold);
    all.addAll(later);
    TreeSet<String> outcomes = new TreeSet<>();
    all.forEach(attempt -> outcomes.add(attempt.get("outcome").asText()));
    node.put("outcome", String.join(" or ", outcomes));
    node.set("first_ms", spread(cold, attempt -> attempt.get("ms")));
    node.set("wait_ms", spread(later, attempt -> attempt.get("ms")));
    for (String field : List.of("collections", "waits", "waited_ms")) {
      node.set(field, spread(all, attempt -> attempt.get(field)));
    }
    node.put(
        "message",
        all.stream()
            .map(attempt -> attempt.path("message").textValue())
            .filter(Objects::nonNull)
            .findFirst()
            .orElse(null));
  }

  private String first(Function<JsonNode, String> text) {
    return answers.stream().map(text).filter(Objects::nonNull).findFirst().orElse(null);
  }

  /** What all rounds say, or all that they say. */
  private String every(Function<JsonNode, String> text) {
    TreeSet<String> all = new TreeSet<>();
    answers.stream().map(text).filter(Objects::nonNull).forEach(all::add);
    return all.isEmpty() ? null : String.join(", ", all);
  }

  /**
   * The spread over those that have a number; null if a round has none: it never happened there.
   */
  private static JsonNode spread(List<JsonNode> nodes, Function<JsonNode, JsonNode> field) {
    double[] values =
        nodes.stream()
            .map(field)
            .filter(value -> value != null && value.isNumber())
            .mapToDouble(JsonNode::asDouble)
            .toArray();
    return values.length == 0 || values.length < nodes.size()
        ? Json.MAPPER.nullNode()
        : Json.spread(Statistics.spread(values));
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The figures in a result file of JMH. Who was measured is told by a parameter, {@code by} before
 * others, or else by the name of the method: one that begins as a peer of {@link PeerFacts} is
 * called.
 */
final class JmhFigures {
  private static final String BY = "by";

  /** Benchmarks of the suite that allocate and free memory. */
  private static final Set<String> OF_MEMORY =
      Set.of("AllocateFree", "AllocateFreeThreads", "CrossThread", "LiveBuffer", "Ring");

  private final List<Figure> figures = new ArrayList<>();
  private final List<String> leftOut = new ArrayList<>();

  private JmhFigures() {}

  /** With a sentence for each benchmark that cannot be compared. */
  record Found(List<Figure> figures, List<String> leftOut) {}

  static Found of(JsonNode results) {
    JmhFigures found = new JmhFigures();
    results.forEach(found::read);
    return new Found(found.figures, found.leftOut);
  }

  private void read(JsonNode result) {
    String[] words = result.get("benchmark").asText().split("[.]");
    String method = words[words.length - 1];
    String type = words.length > 1 ? words[words.length - 2] : "";
    JsonNode params = result.path("params");
    String by = subject(params);
    String word = by == null ? method : params.get(by).asText();
    // A parameter "by" says who it is, known or not.
    String who = PeerFacts.get().of(word).orElse(BY.equals(by) ? word : null);
    List<double[]> bytes = bytes(result.path("secondaryMetrics"));
    List<double[]> forks = bytes.isEmpty() ? forks(result.at("/primaryMetric/rawData")) : bytes;
    if (who == null) {
      leftOut.add(type + "." + method + ": no parameter and no method names a peer that is known");
    } else if (forks.isEmpty()) {
      leftOut.add(
          type + "." + method + ": no raw data (mode " + result.path("mode").asText() + ")");
    } else {
      String rest = word.equals(who) ? "" : PeerFacts.rest(word, who);
      List<String> work = new ArrayList<>(List.of(type, by == null ? rest : method));
      work.addAll(parameters(params, by));
      int threads = result.path("threads").asInt(1);
      work.add(threads > 1 ? threads + " threads" : "");
      String unit = result.at("/primaryMetric/scoreUnit").asText();
      figures.add(
          new Figure(
              "JMH",
              String.join(", ", work.stream().filter(one -> !one.isEmpty()).toList()),
              result.path("jdkVersion").textValue(),
              who,
              by == null ? "" : rest,
              null,
              null,
              use(type, method),
              bytes.isEmpty() ? unit : "bytes",
              bytes.isEmpty() && result.path("mode").asText().equals("thrpt"),
              Map.of(),
              forks));
    }
  }

  /** What is freed in a benchmark; null if nothing is. */
  private static String use(String type, String method) {
    return method.equals(PeerFacts.OPEN) || method.equals(PeerFacts.CLOSED)
        ? method
        : OF_MEMORY.contains(type) ? PeerFacts.MEMORY : null;
  }

  /** The sum of the counters that are bytes, of benchmarks that count them and do not time. */
  private static List<double[]> bytes(JsonNode metrics) {
    List<double[]> sum = new ArrayList<>();
    for (Map.Entry<String, JsonNode> metric : metrics.properties()) {
      JsonNode rawData = metric.getValue().path("rawData");
      for (int fork = 0; metric.getKey().endsWith("Bytes") && fork < rawData.size(); fork++) {
        if (sum.size() == fork) {
          sum.add(new double[rawData.get(fork).size()]);
        }
        for (int i = 0; i < Math.min(sum.get(fork).length, rawData.get(fork).size()); i++) {
          sum.get(fork)[i] += rawData.get(fork).get(i).asDouble();
        }
      }
    }
    return sum;
  }

  /** The parameter that names a peer; null if there is none. */
  private static String subject(JsonNode params) {
    if (params.has(BY)) {
      return BY;
    }
    return params.properties().stream()
        .filter(one -> PeerFacts.get().of(one.getValue().asText()).isPresent())
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse(null);
  }

  /** All but one: sizes as sizes, switches by their names, the others as they are. */
  private static List<String> parameters(JsonNode params, String but) {
    List<String> words = new ArrayList<>();
    for (Map.Entry<String, JsonNode> one : params.properties()) {
      String value = one.getValue().asText();
      if (!one.getKey().equals(but)) {
        words.add(
            value.equals("true")
                ? one.getKey()
                : value.equals("false")
                    ? "not " + one.getKey()
                    : one.getKey().equals("size") && value.matches("[1-9]\\d{0,17}")
                        ? Sizes.text(Long.parseLong(value))
                        : one.getKey() + " " + value);
      }
    }
    return words;
  }

  /** Every fork's iterations; empty if there are none, or one that has no logarithm. */
  private static List<double[]> forks(JsonNode rawData) {
    List<double[]> forks = new ArrayList<>();
    for (JsonNode fork : rawData) {
      double[] values = new double[fork.size()];
      for (int i = 0; i < values.length; i++) {
        values[i] = fork.get(i).asDouble();
        if (!(values[i] > 0)) {
          return List.of();
        }
      }
      if (values.length > 0) {
        forks.add(values);
      }
    }
    return forks;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.junit.jupiter.api.Test;

class JmhFiguresTest {
  private final ArrayNode results = Json.MAPPER.createArrayNode();

  private ObjectNode result(String benchmark, String mode, String by, String rawData)
      throws Exception {
    ObjectNode result = results.addObject().put("benchmark", benchmark).put("mode", mode);
    result.put("threads", 2).put("jdkVersion", "25.0.3");
    if (by != null) {
      result.putObject("params").put("by", by).put("size", "4096").put("shared", "false");
    }
    result
        .putObject("primaryMetric")
        .put("scoreUnit", "ops/s")
        .set("rawData", Json.MAPPER.readTree(rawData));
    return result;
  }

  private List<Pair> pairs() {
    return Pairs.of(JmhFigures.of(results).figures());
  }

  @Test
  void moreIsBetterOfThroughputAndLessOfTime() throws Exception {
    result("a.B.read", "thrpt", "znio-checked", "[[30,30],[30,30],[30,30]]");
    result("a.B.read", "thrpt", "lwjgl", "[[10,10],[10,10],[10,10]]");
    assertThat(pairs())
        .singleElement()
        .satisfies(
            pair -> {
              assertThat(pair.title())
                  .isEqualTo("B, read, 4 KiB, not shared, 2 threads, checked, JDK 25");
              assertThat(pair.figures()).isEqualTo("3.00 (3.00–3.00)");
            });
    results.forEach(result -> ((ObjectNode) result).put("mode", "avgt"));
    assertThat(pairs().get(0).standing()).isEqualTo(Pair.Standing.BEHIND);
  }

  @Test
  void aMethodNamesItsPeerWhereNoParameterDoes() throws Exception {
    result("a.Read.znioPositional", "avgt", null, "[[1],[1],[1]]");
    result("a.Read.jdkPositional", "avgt", null, "[[2],[2],[2]]");
    result("a.Read.jdkOther", "avgt", null, "[[2],[2],[2]]");
    assertThat(pairs())
        .singleElement()
        .extracting(Pair::title)
        .isEqualTo("Read, positional, 2 threads, JDK 25");
  }

  @Test
  void fewForksAreAllIterationsAndOneIterationDecidesNothing() throws Exception {
    result("a.B.read", "avgt", "znio", "[[1,2,1],[1,2,1]]");
    result("a.B.read", "avgt", "jdk", "[[2,1,2],[1,2,2]]");
    result("a.B.write", "avgt", "znio", "[[1]]");
    result("a.B.write", "avgt", "jdk", "[[9]]");
    assertThat(pairs()).extracting(Pair::basis).containsExactly("6 iterations", "1 iteration");
    assertThat(pairs().get(1).standing()).isEqualTo(Pair.Standing.TOO_FEW);
  }

  @Test
  void whatCannotBeComparedIsSaid() throws Exception {
    result("a.B.read", "avgt", null, "[[1]]");
    result("a.B.read", "sample", "znio", "[]");
    assertThat(JmhFigures.of(results).leftOut())
        .containsExactly(
            "B.read: no parameter and no method names a peer that is known",
            "B.read: no raw data (mode sample)");
  }

  @Test
  void whoIsGivenByAParameterNeedNotBeKnown() throws Exception {
    result("a.B.read", "avgt", "znio", "[[1],[1],[1]]");
    result("a.B.read", "avgt", "somebody-new", "[[2],[2],[2]]");
    assertThat(pairs()).singleElement().extracting(Pair::peerTitle).isEqualTo("somebody-new");
  }

  @Test
  void countersOfBytesStandForTheTime() throws Exception {
    for (String by : List.of("znio-checked", "jdk")) {
      String bytes = by.equals("jdk") ? "[[150],[150],[150]]" : "[[20],[20],[20]]";
      result("a.LiveBuffer.bytes", "ss", by, "[[7],[8],[9]]")
          .set(
              "secondaryMetrics",
              Json.MAPPER.readTree(
                  "{\"heapBytes\":{\"rawData\":[[80],[80],[80]]},\"nativeBytes\":{\"rawData\":"
                      + bytes
                      + "},\"gc.count\":{\"rawData\":[[1],[1],[1]]}}"));
    }
    assertThat(pairs())
        .singleElement()
        .satisfies(
            pair -> {
              assertThat(pair.znio().unit()).isEqualTo("bytes");
              assertThat(pair.basis()).isEqualTo("3 forks");
              assertThat(pair.figures()).isEqualTo("2.30 (2.30–2.30)");
              assertThat(PeerFacts.get().afterFree(pair.peer())).isEqualTo("silent");
            });
  }
}

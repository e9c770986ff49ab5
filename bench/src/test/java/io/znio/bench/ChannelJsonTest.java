// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ChannelJsonTest {
  private final List<ChannelResult> results = new ArrayList<>();

  private ChannelResult row(String impl, long... nanos) {
    ChannelResult result =
        new ChannelResult(new ChannelRow("read", impl, "25", "heap", null, 64, 1));
    result.operations = 10;
    for (int i = 0; i < nanos.length; i++) {
      result.take(answer(null).put("nanos", nanos[i]), 10, i + 1);
    }
    results.add(result);
    return result;
  }

  private static ObjectNode answer(String problem) {
    return MemoryRun.answer(10, problem);
  }

  private ObjectNode report() {
    ObjectNode report = ReportJson.start(Json.object());
    Settings settings = RowsTest.settings(true, Set.of(), Set.of(), List.of());
    report.withObject("/chapters").set("channel", new ChannelJson(settings, results).chapter());
    return report;
  }

  private JsonNode first() {
    return report().at("/chapters/channel/rows/0");
  }

  private String text() {
    return new ChannelChapter().text(report().at("/chapters/channel"));
  }

  @Test
  void timesAreOfOneOperationAndRatiosOfTheSameRound() {
    row("znio", 100, 200, 400);
    row("jdk", 300, 600, 800);
    assertThat(first().path("ns").toString()).isEqualTo("{\"median\":20,\"min\":10,\"max\":40}");
    assertThat(first().path("ratio_to_jdk").asDouble()).isEqualTo(3);
    assertThat(first().path("ratio_interval").toString()).isEqualTo("[2.0,3.0]");
    assertThat(first().path("buffer").asText()).isEqualTo("heap");
    assertThat(first().path("peer").isNull()).isTrue();
    assertThat(Summary.isGood(report())).isTrue();
    assertThat(text()).contains("3.00").contains("read");
  }

  @Test
  void aWarmUpGivesNoFigureButItsVerdictCounts() {
    ChannelResult result = row("znio", 100);
    result.take(answer("something was wrong").put("nanos", 1), 10, 0);
    assertThat(first().path("ns").path("min").asDouble()).isEqualTo(10);
    assertThat(first().path("verified").asBoolean()).isFalse();
    assertThat(Summary.isGood(report())).isFalse();
    assertThat(text()).contains("NOT VERIFIED: something was wrong");
  }

  @Test
  void aSkippedRowHasAReasonAndAFailedOneIsNoGoodReport() {
    ChannelResult result = row("znio");
    result.take(Json.object().put("ok", false).put("skipped", "not here"), 10, 0);
    assertThat(first().path("skipped").asText()).isEqualTo("not here");
    assertThat(first().path("verified").isNull()).isTrue();
    assertThat(Summary.isGood(report())).isTrue();
    row("jdk", 100).failed = "it died";
    assertThat(Summary.isGood(report())).isFalse();
    assertThat(text()).contains("FAILED: it died");
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MemoryJsonTest {
  private final List<MemoryResult> results = new ArrayList<>();

  private MemoryResult row(String op, String impl, boolean zeroed, long... nanos) {
    String level = impl.equals("znio") ? "checked" : null;
    MemoryResult result = new MemoryResult(new MemoryRow(op, impl, "25", level, 64, zeroed, 1));
    result.operations = 10;
    for (int i = 0; i < nanos.length; i++) {
      result.take(answer(true).put("nanos", nanos[i]), i + 1);
    }
    results.add(result);
    return result;
  }

  private static ObjectNode answer(boolean verified) {
    return MemoryRun.answer(10, verified ? null : "something was wrong");
  }

  private ObjectNode report() {
    ObjectNode report = ReportJson.start(Json.object());
    Settings settings = RowsTest.settings(true, Set.of(), Set.of(), List.of());
    report.withObject("/chapters").set("memory", new MemoryJson(settings, results).chapter());
    return report;
  }

  private JsonNode first() {
    return report().at("/chapters/memory/rows/0");
  }

  @Test
  void timesAreOfOneOperation() {
    row("ring", "znio", false, 100, 300, 200);
    assertThat(first().path("ns").toString()).isEqualTo("{\"median\":20,\"min\":10,\"max\":30}");
    assertThat(first().path("level").asText()).isEqualTo("checked");
    assertThat(Summary.isGood(report())).isTrue();
  }

  @Test
  void ratiosAreOfTheSameRoundAndSayHowManyTimesLess() {
    row("ring", "znio", false, 100, 200, 400);
    row("ring", "jdk-clean", true, 300, 600, 800);
    row("ring", "lwjgl", true, 1, 1, 1);
    row("ring", "lwjgl", false, 50, 100, 200);
    assertThat(first().path("ratio_to_jdk").asDouble()).isEqualTo(3);
    assertThat(first().path("ratio_interval").toString()).isEqualTo("[2.0,3.0]");
    assertThat(first().path("ratio_to_lwjgl").asDouble()).isEqualTo(0.5);
  }

  @Test
  void aWarmUpGivesNoFigureButItsVerdictCounts() {
    MemoryResult result = row("ring", "znio", false, 100);
    result.take(answer(false).put("nanos", 1), 0);
    assertThat(first().path("ns").path("min").asDouble()).isEqualTo(10);
    assertThat(first().path("verified").asBoolean()).isFalse();
    assertThat(first().path("problem").asText()).isEqualTo("something was wrong");
    assertThat(Summary.isGood(report())).isFalse();
    assertThat(new MemoryChapter().text(report().at("/chapters/memory")))
        .contains("NOT VERIFIED: something was wrong");
  }

  @Test
  void aSkippedRowHasAReasonAndNoVerdict() {
    MemoryResult result = row("ring", "znio", false);
    result.take(Json.object().put("ok", false).put("skipped", "not here"), 0);
    assertThat(first().path("skipped").asText()).isEqualTo("not here");
    assertThat(first().path("verified").isNull()).isTrue();
    assertThat(Summary.isGood(report())).isTrue();
    assertThat(new MemoryChapter().text(report().at("/chapters/memory"))).contains("not here");
  }

  @Test
  void aFailedRowIsNoGoodReport() {
    row("ring", "znio", false, 100).failed = "it died";
    assertThat(Summary.isGood(report())).isFalse();
    assertThat(new MemoryChapter().text(report().at("/chapters/memory")))
        .contains("FAILED: it died");
  }

  @Test
  void liveBuffersHaveBytesAndNoTime() {
    MemoryResult result = row("live-buffers", "znio", true);
    result.take(answer(true).put("native_bytes", 800).put("heap_bytes", 200), 1);
    assertThat(first().path("ns").isNull()).isTrue();
    assertThat(first().at("/bytes/median").asDouble()).isEqualTo(100);
    assertThat(first().at("/bytes/native/median").asDouble()).isEqualTo(80);
    assertThat(first().at("/bytes/heap/median").asDouble()).isEqualTo(20);
  }
}

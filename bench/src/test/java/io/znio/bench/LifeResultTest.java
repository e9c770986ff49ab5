// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class LifeResultTest {
  private static final LifeRow LIFE =
      new LifeRow("buffers", "jdk", "17.0.1", null, "gc", null, null, null, 4, 1 << 20);
  private static final LifeRow LIMIT =
      new LifeRow("limit", "znio", "25", "checked", null, null, "live", "off", 0, 1 << 20);

  private static JsonNode life(double last, String kernel, boolean verified) throws IOException {
    return Json.MAPPER.readTree(
        ("{'ok':true,'verified':"
                + verified
                + ",'wrong':"
                + (verified ? "null" : "'1 of 4 items live on'")
                + ",'events':{'found':null,'told':null,'cleaned':{'count':4,'first_ms':1,"
                + "'median_ms':2,'last_ms':"
                + last
                + "},'allocator':null,'kernel':{'count':3,'first_ms':1,'median_ms':2,'last_ms':"
                + kernel
                + "}},'told_by':null,'gc':{'count':1,'start_ms':1,'end_ms':2,'collector_ms':1,"
                + "'names':'G1'},'call_ms':3,'call_at_ms':1,'thread':'Reference Handler',"
                + "'thread_cpu_ms':2,'sample_us':100,'watched_ms':500,"
                + "'series':{'ms':["
                + last
                + "],'live_items':[0],'resident_bytes':[1]}}")
            .replace('\'', '"'));
  }

  private static JsonNode limit(double cold, double warm, String outcome) throws IOException {
    String attempt =
        "{'ms':%s,'outcome':'%s','collections':0,'waits':9,'waited_ms':511,'message':'full'}";
    return Json.MAPPER.readTree(
        ("{'ok':true,'verified':true,'wrong':null,'attempts':["
                + String.format(attempt, cold, outcome)
                + ","
                + String.format(attempt, warm, outcome)
                + "]}")
            .replace('\'', '"'));
  }

  private static ObjectNode report(LifeResult result) {
    ObjectNode report = ReportJson.start(Json.object());
    ObjectNode chapter = report.withObject("/chapters").putObject("lifecycle");
    chapter.put("rounds", 1).putArray("rows").add(result.json());
    return report;
  }

  @Test
  void momentsAreSpreadOverTheRounds() throws IOException {
    LifeResult result = new LifeResult(LIFE);
    for (double last : List.of(9.0, 5.0, 7.0)) {
      result.take(life(last, "8", true));
    }
    JsonNode row = result.json();
    assertThat(row.at("/events/cleaned/last_ms/median").asDouble()).isEqualTo(7);
    assertThat(row.at("/events/cleaned/last_ms/min").asDouble()).isEqualTo(5);
    assertThat(row.at("/events/cleaned/last_ms/max").asDouble()).isEqualTo(9);
    assertThat(row.at("/series/ms/0").asDouble()).isEqualTo(7); // the middle round is drawn
    assertThat(row.get("rounds").asInt()).isEqualTo(3);
    assertThat(row.get("verified").asBoolean()).isTrue();
    assertThat(row.at("/events/found").isNull()).isTrue();
  }

  @Test
  void whatOneRoundHasNotSeenHasNoTime() throws IOException {
    LifeResult result = new LifeResult(LIFE);
    result.take(life(5, "8", true));
    result.take(life(5, "null", true));
    JsonNode row = result.json();
    assertThat(row.at("/events/kernel/last_ms").isNull()).isTrue();
    assertThat(row.at("/events/kernel/first_ms").isObject()).isTrue();
    assertThat(LifeTable.text(report(result).at("/chapters/lifecycle"))).contains("1 2 never");
  }

  @Test
  void oneUnverifiedRoundMakesTheRowAndTheRunUnverified() throws IOException {
    LifeResult result = new LifeResult(LIFE);
    result.take(life(5, "8", true));
    assertThat(Summary.isGood(report(result))).isTrue();
    result.take(life(5, "8", false));
    ObjectNode report = report(result);
    assertThat(Summary.isGood(report)).isFalse();
    assertThat(LifeTable.text(report.at("/chapters/lifecycle")))
        .contains("NOT VERIFIED: 1 of 4 items live on");
  }

  @Test
  void aFailureFailsTheRunAndASkipDoesNot() {
    LifeResult failed = new LifeResult(LIFE);
    failed.take(Json.object().put("ok", false).put("failed", "it broke"));
    assertThat(failed.isOpen()).isFalse();
    assertThat(Summary.isGood(report(failed))).isFalse();
    LifeResult skipped = new LifeResult(LIFE);
    skipped.take(Json.object().put("ok", false).put("skipped", "not here"));
    ObjectNode report = report(skipped);
    assertThat(Summary.isGood(report)).isTrue();
    assertThat(LifeTable.text(report.at("/chapters/lifecycle"))).contains("skipped: not here");
    assertThat(Summary.isGood(report(new LifeResult(LIFE)))).isFalse(); // it was never run
  }

  @Test
  void theFirstCallAtTheLimitIsToldFromLaterOnes() throws IOException {
    LifeResult result = new LifeResult(LIMIT);
    result.take(limit(600, 510, "OutOfMemoryError"));
    result.take(limit(700, 512, "OutOfMemoryError"));
    JsonNode row = result.json();
    assertThat(row.at("/first_ms/median").asDouble()).isEqualTo(650);
    assertThat(row.at("/wait_ms/median").asDouble()).isEqualTo(511);
    assertThat(row.at("/waits/median").asDouble()).isEqualTo(9);
    assertThat(row.get("outcome").asText()).isEqualTo("OutOfMemoryError");
    assertThat(row.get("message").asText()).isEqualTo("full");
    assertThat(LifeTable.text(report(result).at("/chapters/lifecycle")))
        .contains("511 (510–512)", "znio: full");
    result.take(limit(1, 1, "allocated"));
    assertThat(result.json().get("outcome").asText()).isEqualTo("OutOfMemoryError or allocated");
  }
}

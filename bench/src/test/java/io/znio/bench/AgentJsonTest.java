// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class AgentJsonTest {
  private static final List<String> JDKS = List.of("17", "25");

  private final List<AgentResult> results = new ArrayList<>();

  private AgentResult row(String op, String mode, String jdk, long... nanos) {
    AgentResult result = new AgentResult(new AgentRow(op, mode, jdk, null, 64));
    result.operations = 10;
    for (int i = 0; i < nanos.length; i++) {
      result.take(MemoryRun.answer(10, null).put("nanos", nanos[i]), 10, i + 1);
    }
    results.add(result);
    return result;
  }

  private ObjectNode report() {
    ObjectNode report = ReportJson.start(Json.object());
    report.withObject("/chapters").set("agent", new AgentJson(settings(), results).chapter());
    return report;
  }

  private static Settings settings() {
    return RowsTest.settings(false, Set.of(), Set.of(), List.of());
  }

  private JsonNode first() {
    return report().at("/chapters/agent/rows/0");
  }

  @Test
  void ratiosAndDifferencesAreOfTheSameRoundOnTheSameJdk() {
    row("allocate-free", "observe", "25", 200, 400, 900);
    row("allocate-free", "stock", "17", 1, 1, 1);
    row("allocate-free", "stock", "25", 100, 200, 300);
    assertThat(first().path("case").asText()).isEqualTo("allocate-free");
    assertThat(first().path("ratio_to_stock").asDouble()).isEqualTo(0.5);
    assertThat(first().path("extra_ns").asDouble()).isEqualTo(20);
    assertThat(first().path("extra_interval").toString()).isEqualTo("[10.0,60.0]");
    assertThat(first().path("met").asText()).isEqualTo("yes"); // at most 70 ns
    assertThat(report().at("/chapters/agent/rows/1").has("met")).isFalse();
    assertThat(report().at("/chapters/agent/rows/1/extra_ns").isNull()).isTrue();
  }

  @Test
  void anAimIsMissedOnlyBeyondTheInterval() {
    row("kafka", "observe", "25", 105, 103, 101); // at least 0.98 of stock's speed
    row("kafka", "stock", "25", 100, 100, 100);
    assertThat(first().path("met").asText()).isEqualTo("within noise");
    results.clear();
    row("kafka", "observe", "25", 105, 103, 104);
    row("kafka", "stock", "25", 100, 100, 100);
    assertThat(first().path("met").asText()).isEqualTo("no");
  }

  @Test
  void theTableHasTheModesAndTheReasons() {
    row("kafka", "observe", "25", 100);
    row("kafka", "stock", "25").skipped = "minutes";
    assertThat(new AgentChapter().text(report().at("/chapters/agent")))
        .contains("observe")
        .contains("kafka, stock: minutes");
  }

  @Test
  void everyRowHasItsBaselineAndAllModesAreThere() {
    List<AgentRow> rows = AgentRows.measured(settings(), JDKS);
    Set<String> modes = new HashSet<>();
    for (AgentRow row : rows) {
      modes.add(row.mode());
      assertThat(rows.stream().filter(other -> other.isBaselineOf(row))).hasSize(1);
    }
    assertThat(modes).containsExactlyInAnyOrder("stock", "observe", "io", "io+unsafe", "io+fast");
    assertThat(rows.stream().map(AgentRow::op).distinct())
        .containsExactlyInAnyOrderElementsOf(AgentRows.OPS);
  }

  @Test
  void optionsAreTheAgentsOwnWords() {
    assertThat(new AgentRow("kafka", "io+fast", "17", null, 1).jvmOptions("/x/libznio.so"))
        .containsExactly("-agentpath:/x/libznio.so=io,fast");
    assertThat(new AgentRow("allocate-free-counted", "observe", "17", null, 64).options())
        .isEqualTo("observe,stacks=off");
    assertThat(new AgentRow("kafka", "stock", "17", null, 1).jvmOptions("/x")).isEmpty();
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class PathsJsonTest {
  private static final List<String> FIELDS =
      List.of(
          "path",
          "impl",
          "jdk",
          "source",
          "target",
          "baseline",
          "size",
          "bytes",
          "verified",
          "gbps",
          "cpu_ns_per_kib",
          "syscalls",
          "mode_switches",
          "page_faults",
          "probe",
          "cpu_copies",
          "textbook",
          "ratio_to_jdk",
          "ratio_to_c",
          "skipped");

  private final List<RowResult> results = new ArrayList<>();

  private RowResult row(String path, String impl, long... nanos) throws IOException {
    String jdk = impl.equals("c") ? null : "17";
    RowResult result =
        new RowResult(new Row(path, impl, jdk, "file", "tcp", 4096, null, "transferTo"));
    result.bytes = 8192;
    for (int i = 0; i < nanos.length; i++) {
      result.take(answer(nanos[i], true), i + 1);
    }
    results.add(result);
    return result;
  }

  private static JsonNode answer(long nanos, boolean verified) throws IOException {
    return Json.MAPPER.readTree(
        "{\"ok\":true,\"bytes\":8192,\"nanos\":"
            + nanos
            + ",\"verified\":"
            + verified
            + ",\"sender_cpu_ns\":800,\"receiver_cpu_ns\":1600,\"system_calls\":4,"
            + "\"page_faults\":2,\"path_ran\":\"sendfile\",\"kernel_copied\":null}");
  }

  static ObjectNode report(List<RowResult> results) {
    Session session =
        new Session(
            RowsTest.settings(true, Set.of(), Set.of(), List.of()),
            List.of("17"),
            null,
            null,
            null);
    ObjectNode report = ReportJson.start(Json.object());
    PathsJson json =
        new PathsJson(
            session,
            results,
            results.stream().collect(Collectors.groupingBy(result -> result.row.group())));
    report
        .withObject("/chapters")
        .set("paths", json.chapter(Json.MAPPER.createArrayNode(), Json.object()));
    return report;
  }

  private JsonNode only(JsonNode report, String path, String impl) {
    for (JsonNode row : report.at("/chapters/paths/rows")) {
      if (row.get("path").asText().equals(path) && impl.equals(row.get("impl").textValue())) {
        return row;
      }
    }
    throw new AssertionError("no row " + path + " of " + impl);
  }

  @Test
  void everyRowHasEveryFieldMeasuredOrNot() throws IOException {
    row("sendfile", "znio", 1000, 2000, 4000);
    row("reflink", "znio").skipped = "no";
    row("tee", "znio").failed = "it broke";
    JsonNode report = report(results);
    assertThat(report.get("schema").asInt()).isEqualTo(1);
    assertThat(report.at("/chapters/paths/rows")).hasSizeGreaterThan(3);
    for (JsonNode row : report.at("/chapters/paths/rows")) {
      assertThat(FIELDS).as("%s", row).allMatch(row::has);
    }
  }

  @Test
  void figuresAreMediansPerTransferAndPerKib() throws IOException {
    row("sendfile", "znio", 1000, 4000, 2000);
    JsonNode row = only(report(results), "sendfile", "znio");
    assertThat(row.at("/gbps/median").asDouble()).isEqualTo(4.096);
    assertThat(row.at("/gbps/min").asDouble()).isEqualTo(2.048);
    assertThat(row.at("/gbps/max").asDouble()).isEqualTo(8.192);
    assertThat(row.at("/cpu_ns_per_kib/sender").asDouble()).isEqualTo(100);
    assertThat(row.at("/cpu_ns_per_kib/receiver").asDouble()).isEqualTo(200);
    assertThat(row.get("syscalls").asDouble()).isEqualTo(2);
    assertThat(row.get("mode_switches").asDouble()).isEqualTo(4);
    assertThat(row.get("page_faults").asDouble()).isEqualTo(1);
    assertThat(row.get("verified").asBoolean()).isTrue();
    assertThat(row.at("/textbook/mode_switches").asInt()).isEqualTo(2);
  }

  @Test
  void ratiosAreMediansOfTheRoundsOwnRatios() throws IOException {
    row("transferTo", "jdk", 1000, 8000, 1000);
    row("sendfile", "c", 1000, 1000, 1000);
    row("sendfile", "znio", 500, 2000, 4000);
    JsonNode report = report(results);
    JsonNode znio = only(report, "sendfile", "znio");
    // Rounds: 2, 4, 0.25 against the JDK; 2, 0.5, 0.25 against C.
    assertThat(znio.get("ratio_to_jdk").asDouble()).isEqualTo(2);
    assertThat(znio.get("ratio_interval").get(0).asDouble()).isEqualTo(0.25);
    assertThat(znio.get("ratio_to_c").asDouble()).isEqualTo(0.5);
    assertThat(only(report, "transferTo", "jdk").get("ratio_to_jdk").asDouble()).isEqualTo(1);
    assertThat(only(report, "sendfile", "c").get("ratio_to_c").isNull()).isTrue();
  }

  @Test
  void oneUnverifiedRoundMakesTheRowAndTheRunUnverified() throws IOException {
    RowResult result = row("sendfile", "znio", 1000);
    assertThat(Summary.isGood(report(results))).isTrue();
    result.take(answer(1000, false), 2);
    result.take(answer(1000, true), 3);
    JsonNode report = report(results);
    assertThat(only(report, "sendfile", "znio").get("verified").asBoolean()).isFalse();
    assertThat(Summary.isGood(report)).isFalse();
  }

  @Test
  void aSkippedRowSaysWhyAndIsNoFailure() throws IOException {
    RowResult result = row("reflink", "znio");
    result.take(Json.MAPPER.readTree("{\"ok\":false,\"skipped\":\"no reflink here\"}"), 0);
    JsonNode report = report(results);
    JsonNode row = only(report, "reflink", "znio");
    assertThat(row.get("skipped").asText()).isEqualTo("no reflink here");
    assertThat(row.get("gbps").isNull()).isTrue();
    assertThat(Summary.isGood(report)).isTrue();
    assertThat(ReportTable.paths(report.at("/chapters/paths"))).contains("no reflink here");
  }

  @Test
  void aFailedRowFailsTheRun() throws IOException {
    row("sendfile", "znio").take(Json.MAPPER.readTree("{\"ok\":false,\"failed\":\"it broke\"}"), 0);
    assertThat(Summary.isGood(report(results))).isFalse();
  }

  @Test
  void theTableShowsTheFigures() throws IOException {
    row("transferTo", "jdk", 1000, 1000, 1000);
    row("sendfile", "znio", 1000, 2000, 4000);
    String table = ReportTable.paths(report(results).at("/chapters/paths"));
    assertThat(table)
        .contains("file → tcp, 4 KiB", "4.10 (2.05–8.19)", "100 / 200", "strict (0*)", "polling");
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Files of real runs, cut down to some rows. */
class ReportFilesTest {
  static final Path COMPARE = resource("report-compare.json");
  static final Path JMH = resource("report-jmh.json");

  static Path resource(String name) {
    try {
      return Path.of(ReportFilesTest.class.getResource(name).toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<String> pairs(Path file, String source) {
    return ReportFiles.read(List.of(file)).pairs().stream()
        .filter(pair -> pair.znio().source().equals(source))
        .map(pair -> pair.title() + " / " + pair.peerTitle() + " of " + pair.basis())
        .toList();
  }

  /** That the ratio of the report itself and ours are the same proves that rows are paired well. */
  private static void assertRatio(
      String source, String chapter, int row, String field, String jdk) {
    List<Pair> pairs = ReportFiles.read(List.of(COMPARE)).pairs();
    JsonNode report = ReportFiles.read(List.of(COMPARE)).compared.get(0);
    double told = report.at("/chapters/" + chapter + "/" + row + "/" + field).asDouble();
    assertThat(told).isPositive();
    assertThat(pairs)
        .filteredOn(pair -> pair.znio().source().equals(source) && pair.peer().who().equals(jdk))
        .anySatisfy(pair -> assertThat(pair.ratio().median() / told).isBetween(0.99, 1.01));
  }

  @Test
  void pathsOfTheLibrarysChoiceMeetTheJdkAndC() {
    assertThat(pairs(COMPARE, "compare: paths"))
        .contains(
            "file → file, 4 KiB, auto, JDK 17 / C of 7 rounds",
            "file → file, 4 KiB, auto, JDK 17 / JDK transferTo of 7 rounds",
            "file → tcp, lists of 1,000 regions, 4 KiB, regions, JDK 17"
                + " / JDK transferTo-loop of 7 rounds");
    assertRatio("compare: paths", "paths/rows", row("paths", "auto"), "ratio_to_jdk", "jdk");
  }

  /** The first row of znio with this path or operation. */
  private static int row(String chapter, String path) {
    JsonNode rows =
        ReportFiles.read(List.of(COMPARE)).compared.get(0).at("/chapters/" + chapter + "/rows");
    for (int i = 0; i < rows.size(); i++) {
      if (rows.get(i).path("impl").asText().equals("znio")
          && (path.equals(rows.get(i).path("path").asText())
              || path.equals(rows.get(i).path("op").asText()))) {
        return i;
      }
    }
    throw new AssertionError("no row of znio's " + path);
  }

  @Test
  void workloadsMeetTheSamePathOfC() {
    assertThat(pairs(COMPARE, "compare: workloads"))
        .containsExactlyInAnyOrder(
            "kafka-fetch, auto, JDK 17 / C of 7 rounds",
            "kafka-fetch, auto, JDK 17 / JDK transferTo of 7 rounds",
            "kafka-fetch, read-write, JDK 17 / C of 7 rounds",
            "kafka-fetch, sendfile, JDK 17 / C of 7 rounds");
  }

  @Test
  void channelsMeetTheJdks() {
    assertThat(pairs(COMPARE, "compare: channel"))
        .containsExactlyInAnyOrder(
            "read, heap, 4 KiB, JDK 17 / JDK of 7 rounds",
            "read, direct, 4 KiB, JDK 17 / JDK of 7 rounds",
            "transferFrom, unix, 4 KiB, JDK 17 / JDK of 7 rounds");
    assertRatio("compare: channel", "channel/rows", row("channel", "read"), "ratio_to_jdk", "jdk");
  }

  @Test
  void memoryMeetsEveryOtherWayToGetIt() {
    assertThat(pairs(COMPARE, "compare: memory"))
        .contains(
            "allocate-free, 4 KiB, checked, zeroed, JDK 25 / LWJGL jemalloc of 7 rounds",
            "allocate-free, 4 KiB, checked, not zeroed, JDK 25 / LWJGL jemalloc of 7 rounds",
            "allocate-free, 4 KiB, checked, not zeroed, JDK 25 / JDK arena shared of 7 rounds")
        .hasSize(10);
    assertRatio(
        "compare: memory", "memory/rows", row("memory", "allocate-free"), "ratio_to_jdk", "jdk");
    assertRatio(
        "compare: memory",
        "memory/rows",
        row("memory", "allocate-free"),
        "ratio_to_lwjgl",
        "lwjgl-jemalloc");
  }

  @Test
  void livesMeetOnlyThoseWithTheSameEnd() {
    assertThat(pairs(COMPARE, "compare: lifecycle"))
        .contains(
            "mappings, 32 of 1 MiB, closed, until all is freed, checked, JDK 17 / JDK of 1 round")
        .contains(
            "limit, 1 MiB, live, until it is answered: OutOfMemoryError, checked, collect=off,"
                + " JDK 17 / JDK of 1 round")
        .contains(
            "limit, 1 MiB, garbage, until it is answered: allocated, checked, leaks=full,"
                + " collect=on, JDK 17 / JDK of 1 round")
        .noneMatch(pair -> pair.contains("garbage") && pair.contains("OutOfMemoryError"));
  }

  @Test
  void theAgentMeetsTheJdkAlone() {
    assertThat(pairs(COMPARE, "compare: agent"))
        .contains("transferTo, tcp, 4 KiB, agent io, JDK 17 / JDK of 7 rounds");
  }

  @Test
  void faultsAreCountedByTheirEnd() {
    ReportFiles read = ReportFiles.read(List.of(COMPARE));
    JsonNode faults =
        ReportPage.json(read, read.pairs(), read.machine()).at("/chapters/beside/faults");
    assertThat(faults.at("/jdk/silent").asInt()).isPositive();
    assertThat(faults.at("/znio/exception").asInt()).isPositive();
    assertThat(faults.path("znio").has("silent")).isFalse();
  }

  @Test
  void benchmarksOfJmhMeetByTheirParameter() {
    assertThat(pairs(JMH, "JMH"))
        .contains(
            "AllocateFree, zeroed, 64 B, checked, JDK 17 / JDK of 3 forks",
            "AllocateFree, zeroed, 64 KiB, unchecked, JDK 17 / JDK of 3 forks")
        .hasSize(6);
    Pair first = ReportFiles.read(List.of(JMH)).pairs().get(0);
    assertThat(first.znio().unit()).isEqualTo("ns/op");
    assertThat(first.znio().more()).isFalse();
  }

  @Test
  void theMachineIsTheOneOfCompareWithAllJdks() {
    JsonNode machine = ReportFiles.read(List.of(JMH, COMPARE)).machine();
    assertThat(machine.path("kernel").asText()).startsWith("6.18");
    assertThat(machine.path("jdks").toString()).contains("17.0.15");
    assertThat(ReportFiles.read(List.of(JMH)).machine().path("date").asText()).isNotEmpty();
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class RowsTest {
  private static final Set<String> PATHS =
      Set.of(
          "read-write",
          "mmap-write",
          "sendfile",
          "splice",
          "vmsplice",
          "tee",
          "copy-file-range",
          "reflink",
          "msg-zerocopy",
          "direct-uring",
          "uring-registered",
          "uring-send-zc",
          "private-map",
          "memfd",
          "auto",
          "regions",
          "sendfile-nogather");

  private static final Set<String> JDK_PATHS =
      Set.of(
          "transferTo",
          "transferFrom",
          "map-write",
          "heap-loop",
          "direct-loop",
          "transferTo-loop",
          "mapped-writev");

  static Settings settings(boolean quick, Set<String> only, Set<String> targets, List<Long> sizes) {
    return settings(quick, only, targets, sizes, Set.of());
  }

  static Settings settings(
      boolean quick, Set<String> only, Set<String> targets, List<Long> sizes, Set<String> peers) {
    return new Settings(
        Path.of("/file"),
        64 * Sizes.MIB,
        quick,
        only,
        sizes,
        true,
        targets,
        7,
        false,
        1,
        List.of(),
        Path.of("/runner"),
        Path.of("/peer"),
        !sizes.isEmpty(),
        peers,
        Path.of("/scratch"));
  }

  private static List<Row> rows(boolean quick, Set<String> only, Set<String> targets) {
    return Rows.measured(settings(quick, only, targets, Rows.sizes(quick)), List.of("17.0.1"));
  }

  private static Set<String> names(List<Row> rows, Predicate<Row> which) {
    return rows.stream().filter(which).map(Row::path).collect(Collectors.toSet());
  }

  @Test
  void everyPathIsARowOfCAndOfZnioAndEveryWayOfTheJdkIsOne() {
    for (boolean quick : new boolean[] {true, false}) {
      List<Row> rows = rows(quick, Set.of(), Set.of());
      assertThat(names(rows, row -> row.impl().equals("c"))).isEqualTo(PATHS);
      assertThat(names(rows, row -> row.impl().equals("znio"))).isEqualTo(PATHS);
      assertThat(names(rows, row -> row.impl().equals("jdk"))).isEqualTo(JDK_PATHS);
    }
  }

  @Test
  void everyTargetAndEverySourceOccurs() {
    List<Row> rows = rows(true, Set.of(), Set.of());
    assertThat(rows.stream().map(Row::target).collect(Collectors.toSet()))
        .containsExactlyInAnyOrder("tcp", "unix", "pipe", "file", "memory");
    assertThat(rows.stream().map(Row::source).collect(Collectors.toSet()))
        .containsExactlyInAnyOrder("file", "tcp", "unix", "pipe", "memory");
  }

  @Test
  void noRowIsListedTwice() {
    List<Row> rows = rows(false, Set.of(), Set.of());
    assertThat(new HashSet<>(rows)).hasSameSizeAs(rows);
  }

  @Test
  void everyRowHasItsFactsAndItsBaseline() {
    List<Row> rows = rows(false, Set.of(), Set.of());
    for (Row row : rows) {
      assertThat(PathFacts.get().of(row.path()).get("title").asText()).isNotBlank();
      assertThat(rows)
          .as("baseline of %s", row)
          .anyMatch(other -> other.isBaseline() && other.group().equals(row.group()));
    }
  }

  @Test
  void aFullRunHasAllSizes() {
    assertThat(
            rows(false, Set.of("sendfile"), Set.of("tcp")).stream()
                .map(Row::size)
                .collect(Collectors.toSet()))
        .containsExactlyInAnyOrder(4 * Sizes.KIB, 64 * Sizes.KIB, Sizes.MIB, 64 * Sizes.MIB);
  }

  @Test
  void narrowingKeepsTheRowThatRatiosAreTakenTo() {
    List<Row> rows = rows(true, Set.of("sendfile"), Set.of("unix"));
    assertThat(names(rows, row -> true)).containsExactlyInAnyOrder("sendfile", "transferTo");
    assertThat(rows).allMatch(row -> row.target().equals("unix"));
  }

  @Test
  void sendfileWithoutGatherBringsItsComparison() {
    List<Row> rows = rows(true, Set.of("sendfile-nogather"), Set.of());
    assertThat(rows).anyMatch(Row::isBaseline).allMatch(row -> "veth".equals(row.network()));
  }

  @Test
  void whatCanOnlyBeExplainedIsMarked() {
    List<Row> rows = Rows.explained(settings(true, Set.of(), Set.of(), List.of()));
    assertThat(rows)
        .extracting(Row::path)
        .containsExactlyInAnyOrder("hardware-user-space", "polling", "interrupts-dma", "fbufs");
  }

  @Test
  void anotherJdkAddsRowsOfItsOwnAndNoneOfC() {
    Settings settings = settings(true, Set.of(), Set.of(), Rows.sizes(true));
    List<Row> one = Rows.measured(settings, List.of("17"));
    List<Row> two = Rows.measured(settings, List.of("17", "25"));
    long ofC = one.stream().filter(row -> row.impl().equals("c")).count();
    assertThat(two).hasSize((int) (ofC + 2 * (one.size() - ofC)));
  }
}

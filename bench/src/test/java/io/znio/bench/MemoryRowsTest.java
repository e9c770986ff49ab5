// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class MemoryRowsTest {
  private static final List<String> BOTH = List.of("17.0.15", "25.0.3");

  private static List<MemoryRow> rows(boolean quick, Set<String> only, Set<String> targets) {
    return MemoryRows.measured(RowsTest.settings(quick, only, targets, List.of()), BOTH);
  }

  private static List<MemoryRow> rows(boolean quick) {
    return rows(quick, Set.of(), Set.of());
  }

  @Test
  void everyOperationRunsOnEveryJdkAtEveryLevel() {
    for (boolean quick : new boolean[] {true, false}) {
      for (String op : MemoryRows.OPS) {
        for (String jdk : BOTH) {
          assertThat(rows(quick))
              .filteredOn(row -> row.op().equals(op) && row.jdk().equals(jdk))
              .extracting(row -> row.impl() + row.level())
              .contains("zniochecked", "zniotracked", "zniounchecked", "jdk-cleannull");
        }
      }
    }
  }

  @Test
  void noRowIsThereTwice() {
    List<MemoryRow> rows = rows(false);
    assertThat(new HashSet<>(rows)).hasSameSizeAs(rows);
  }

  @Test
  void everyRowHasOneBaseline() {
    List<MemoryRow> rows = rows(false);
    assertThat(rows)
        .allSatisfy(row -> assertThat(rows).filteredOn(o -> o.isBaselineOf(row)).hasSize(1));
  }

  @Test
  void arenasAreOfNewJdksAndAConfinedOneStaysInItsThread() {
    assertThat(rows(false))
        .filteredOn(row -> row.impl().startsWith("arena"))
        .isNotEmpty()
        .allMatch(row -> row.jdk().equals("25.0.3"))
        .noneMatch(
            row -> row.op().equals(MemoryRows.CROSS_THREAD) && row.impl().endsWith("confined"));
  }

  @Test
  void eachWayToGetMemoryHasAJvmOfItsOwn() {
    assertThat(rows(false).stream().collect(Collectors.groupingBy(MemoryRow::worker)).values())
        .allSatisfy(
            rows ->
                assertThat(rows)
                    .extracting(row -> row.impl() + row.level() + row.jdk())
                    .containsOnly(rows.get(0).impl() + rows.get(0).level() + rows.get(0).jdk()));
  }

  @Test
  void otherLibrariesRunOnlyWhenAskedFor() {
    assertThat(rows(false)).noneMatch(row -> row.impl().equals("lwjgl"));
    Settings settings = RowsTest.settings(false, Set.of(), Set.of(), List.of(), Set.of("lwjgl"));
    List<MemoryRow> rows = MemoryRows.measured(settings, BOTH);
    assertThat(rows).anyMatch(row -> row.impl().equals("lwjgl"));
    assertThat(rows)
        .filteredOn(row -> row.impl().equals("znio") && row.op().equals(MemoryRows.RING))
        .allSatisfy(row -> assertThat(rows).filteredOn(o -> o.isPeerOf(row)).hasSize(1));
  }

  @Test
  void pathsOrTargetsThatAreAskedForLeaveOnlyThose() {
    assertThat(rows(true, Set.of("sendfile"), Set.of())).isEmpty();
    assertThat(rows(true, Set.of(), Set.of("tcp"))).isEmpty();
    assertThat(rows(true, Set.of("ring"), Set.of("memory")))
        .isNotEmpty()
        .allMatch(row -> row.op().equals("ring"));
  }

  @Test
  void sizesThatAreGivenAreTaken() {
    Settings settings = RowsTest.settings(true, Set.of(), Set.of(), List.of(100L), Set.of());
    assertThat(MemoryRows.measured(settings, BOTH)).isNotEmpty().allMatch(row -> row.size() == 100);
  }
}

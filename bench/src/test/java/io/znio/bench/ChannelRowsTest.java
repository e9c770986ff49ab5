// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ChannelRowsTest {
  private static final List<String> BOTH = List.of("17.0.15", "25.0.3");

  private static List<ChannelRow> rows(boolean quick, Set<String> only, Set<String> targets) {
    return ChannelRows.measured(RowsTest.settings(quick, only, targets, List.of()), BOTH);
  }

  private static List<ChannelRow> rows(boolean quick) {
    return rows(quick, Set.of(), Set.of());
  }

  @Test
  void everyOperationRunsOnEveryJdkByBothChannels() {
    for (boolean quick : new boolean[] {true, false}) {
      for (String op : ChannelRows.OPS) {
        for (String jdk : BOTH) {
          assertThat(rows(quick))
              .filteredOn(row -> row.op().equals(op) && row.jdk().equals(jdk))
              .extracting(ChannelRow::impl)
              .contains("znio", "jdk");
        }
      }
    }
    assertThat(rows(true).size()).isLessThan(rows(false).size() / 2);
  }

  @Test
  void noRowIsThereTwiceAndEveryRowHasOneBaseline() {
    List<ChannelRow> rows = rows(false);
    assertThat(new HashSet<>(rows)).hasSameSizeAs(rows);
    assertThat(rows)
        .allSatisfy(row -> assertThat(rows).filteredOn(o -> o.isBaselineOf(row)).hasSize(1));
  }

  @Test
  void sizesReachFromAByteToAMebibyteThroughBothKindsOfBuffers() {
    for (String op : List.of("read", "read-at", "write", "write-at")) {
      for (String buffer : List.of("heap", "direct")) {
        assertThat(rows(false))
            .filteredOn(row -> row.op().equals(op) && buffer.equals(row.buffer()))
            .extracting(ChannelRow::size)
            .contains(1L, 64L, 4096L, 65_536L, Sizes.MIB);
      }
    }
    assertThat(rows(false)).anyMatch(row -> row.op().equals("read-at") && row.threads() == 2);
  }

  @Test
  void transfersGoToAndComeFromEveryKind() {
    for (String op : List.of("transferTo", "transferFrom")) {
      assertThat(rows(true))
          .filteredOn(row -> row.op().equals(op))
          .extracting(ChannelRow::peer)
          .contains("tcp", "unix", "pipe", "file");
    }
  }

  @Test
  void operationsTargetsAndSizesThatAreAskedForLeaveOnlyThose() {
    assertThat(rows(true, Set.of("sendfile"), Set.of())).isEmpty();
    assertThat(rows(true, Set.of("read-at"), Set.of()))
        .isNotEmpty()
        .allMatch(row -> row.op().equals("read-at"));
    assertThat(rows(true, Set.of(), Set.of("pipe")))
        .isNotEmpty()
        .allMatch(row -> "pipe".equals(row.peer()));
    Settings settings = RowsTest.settings(true, Set.of(), Set.of(), List.of(100L), Set.of());
    assertThat(ChannelRows.measured(settings, BOTH))
        .isNotEmpty()
        .allMatch(row -> row.size() == 100);
  }
}

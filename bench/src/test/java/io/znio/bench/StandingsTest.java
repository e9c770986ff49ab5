// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StandingsTest {
  private final List<Figure> figures = new ArrayList<>();

  /** Nanoseconds by round. */
  private void row(String work, String who, String variant, Boolean fill, double... nanos) {
    Map<Integer, Double> rounds = new HashMap<>();
    for (int i = 0; i < nanos.length; i++) {
      rounds.put(i + 1, nanos[i]);
    }
    figures.add(
        new Figure(
            "compare: memory",
            work,
            "25",
            who,
            variant,
            fill,
            null,
            "memory",
            "ns",
            false,
            rounds,
            List.of()));
  }

  private void row(String work, String who, double... nanos) {
    row(work, who, "", null, nanos);
  }

  private Standings standings() {
    return new Standings(Pairs.of(figures));
  }

  @Test
  void aheadIsWhatHasAnIntervalAbove1() {
    row("ring, 64 B", "znio", 10, 10, 10, 10, 10, 10);
    row("ring, 64 B", "jdk", 20, 22, 24, 26, 28, 30);
    assertThat(standings().aheadLine())
        .isEqualTo("znio is ahead: 1 of 1 row: JDK 1 (most: ring, 64 B, JDK 25: 2.50 (2.00–3.00))");
    assertThat(standings().notAheadLine())
        .isEqualTo("znio is not ahead: 0 of 1 row, 0 even, no peer wins");
  }

  @Test
  void aPeerThatWinsIsNamedWithItsWorstRow() {
    row("ring, 64 B", "znio", 20, 20, 20, 20, 20, 20);
    row("ring, 64 B", "lwjgl-jemalloc", 10, 10, 10, 10, 10, 10);
    row("ring, 4 KiB", "znio", 20, 20, 20, 20, 20, 20);
    row("ring, 4 KiB", "lwjgl-jemalloc", 5, 5, 5, 5, 5, 5);
    assertThat(standings().aheadLine()).isEqualTo("znio is ahead: 0 of 2 rows");
    assertThat(standings().notAheadLine())
        .isEqualTo(
            "znio is not ahead: 2 of 2 rows, 0 even, won by: LWJGL jemalloc 2"
                + " (worst: ring, 4 KiB, JDK 25: 0.25 (0.25–0.25))");
  }

  @Test
  void anIntervalThatHolds1IsEven() {
    row("ring, 64 B", "znio", 10, 10, 10, 10, 10, 10);
    row("ring, 64 B", "lwjgl-jemalloc", 9, 11, 12, 13, 14, 15);
    assertThat(standings().aheadLine()).isEqualTo("znio is ahead: 0 of 1 row");
    assertThat(standings().notAheadLine())
        .isEqualTo("znio is not ahead: 1 of 1 row, 1 even, no peer wins");
  }

  @Test
  void fewerThanSixRoundsDecideNothing() {
    row("ring, 64 B", "znio", 10, 10, 10, 10, 10);
    row("ring, 64 B", "lwjgl-jemalloc", 90, 90, 90, 90, 90);
    assertThat(standings().aheadLine()).isEqualTo("znio is ahead: 0 of 1 row");
    assertThat(standings().notAheadLine())
        .isEqualTo(
            "znio is not ahead: 1 of 1 row, 0 even, 1 measured too seldom to say, no peer wins");
  }

  @Test
  void zeroedIsBesideZeroedAndTheRestBesideWhatThereIs() {
    row("ring, 64 B", "znio", "checked, zeroed", true, 1, 1, 1, 1, 1, 1);
    row("ring, 64 B", "znio", "checked, not zeroed", false, 1, 1, 1, 1, 1, 1);
    row("ring, 64 B", "lwjgl-jemalloc", "zeroed", true, 3, 3, 3, 3, 3, 3);
    row("ring, 64 B", "lwjgl-jemalloc", "not zeroed", false, 2, 2, 2, 2, 2, 2);
    row("ring, 64 B", "jdk", "zeroed", true, 5, 5, 5, 5, 5, 5);
    assertThat(Pairs.of(figures))
        .extracting(
            pair -> pair.znio().fill() + " " + pair.peerTitle() + " " + pair.ratio().median())
        .containsExactlyInAnyOrder(
            "true LWJGL jemalloc 3.0", "false LWJGL jemalloc 2.0", "true JDK 5.0", "false JDK 5.0");
  }

  @Test
  void whatASecondFileHasOfTheSameIsMoreRounds() {
    row("ring, 64 B", "znio", 10, 10, 10);
    row("ring, 64 B", "lwjgl-jemalloc", 20, 20, 20);
    for (Figure figure : List.copyOf(figures)) {
      Map<Integer, Double> later = new HashMap<>();
      figure.rounds().forEach((round, value) -> later.put(round + 1000, value));
      figures.add(
          new Figure(
              figure.source(),
              figure.work(),
              "25",
              figure.who(),
              "",
              null,
              null,
              null,
              "ns",
              false,
              later,
              List.of()));
    }
    assertThat(Pairs.of(figures)).singleElement().extracting(Pair::basis).isEqualTo("6 rounds");
  }

  @Test
  void theTableSaysWhatAUseAfterFreeDoes() {
    row("ring, 64 B", "znio", 10, 10, 10, 10, 10, 10);
    row("ring, 64 B", "arena-shared", 20, 20, 20, 20, 20, 20);
    assertThat(standings().text())
        .contains("JDK arena shared")
        .contains("exception")
        .contains("2.00");
  }
}

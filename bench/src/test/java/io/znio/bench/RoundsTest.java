// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RoundsTest {
  @ParameterizedTest
  @CsvSource({
    // bytes tried, nanoseconds they took, nanoseconds wanted, batch, bytes to try next
    "4096, 1000, 10000, 4096, 40960",
    "4096, 1000, 10500, 4096, 49152", // 10.5 batches need three bits: 12
    "4096, 1000, 1, 4096, 4096", // never less than a transfer
    "4096, 0, 1000000000, 4096, 262144", // a clock that saw nothing: 64 times more at most
    "65536, 10000000, 5000000, 65536, 65536"
  })
  void bytesAreScaledToTheTimeWanted(
      long bytes, long nanos, long wanted, long batch, long expected) {
    assertThat(Rounds.scale(bytes, nanos, wanted, batch)).isEqualTo(expected);
  }

  /** Runs a warm-up of a row whose operation takes {@code nanos[step]}; returns the steps made. */
  private static int stepsOf(Rounds.Patience patience, long... nanos) throws InterruptedException {
    int[] steps = new int[1];
    Rounds.warmUp(
        new Outcome(),
        new Rounds.Amount(1000, 1, 1000),
        patience,
        1_000_000,
        (row, amount, round) -> {
          assertThat(round).isZero();
          return amount * nanos[Math.min(steps[0]++, nanos.length - 1)];
        });
    return steps[0];
  }

  @Test
  void aWarmUpGoesOnUntilNothingGetsFaster() throws InterruptedException {
    // Four steps after the last one that was faster.
    assertThat(stepsOf(new Rounds.Patience(0, 0, Long.MAX_VALUE, 100), 100, 50, 10, 10, 5, 5))
        .isEqualTo(9);
  }

  @Test
  void aWarmUpHasALeastAndAnEnd() throws InterruptedException {
    assertThat(stepsOf(new Rounds.Patience(0, 0, Long.MAX_VALUE, 3), 1)).isEqualTo(3);
    assertThat(stepsOf(new Rounds.Patience(100_000, 0, 100_000, 100), 10)).isEqualTo(10);
    assertThat(stepsOf(new Rounds.Patience(0, 20_000, Long.MAX_VALUE, 100), 10)).isEqualTo(20);
  }

  @Test
  void aRowThatFailsIsNotWarmedUpAnyMore() throws InterruptedException {
    Outcome row = new Outcome();
    long amount =
        Rounds.warmUp(
            row,
            new Rounds.Amount(1000, 1, 1000),
            new Rounds.Patience(0, 0, Long.MAX_VALUE, 100),
            1,
            (failing, count, round) -> {
              assertThat(failing.isOpen()).isTrue();
              failing.failed = "it died";
              return 0;
            });
    assertThat(amount).isZero();
  }
}

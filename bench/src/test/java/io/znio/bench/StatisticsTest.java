// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.znio.bench.Statistics.Spread;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StatisticsTest {
  @Test
  void theMedianOfAnOddNumberIsTheMiddleOne() {
    assertThat(Statistics.spread(5, 1, 3)).isEqualTo(new Spread(3, 1, 5));
  }

  @Test
  void theMedianOfAnEvenNumberLiesBetweenTheTwoMiddleOnes() {
    assertThat(Statistics.median(4, 1, 2, 10)).isEqualTo(3);
  }

  @Test
  void theValuesGivenStayInTheirOrder() {
    double[] values = {3, 1, 2};
    Statistics.medianInterval(values);
    assertThat(values).containsExactly(3, 1, 2);
  }

  @Test
  void nothingHasNoMedian() {
    assertThatThrownBy(Statistics::median)
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no values");
  }

  @Test
  void sevenValuesBoundTheMedianByTheirExtremes() {
    // Both outermost: 1 - 2 / 2^7 = 98.4 %; the next pair inside would hold 87.5 % only.
    assertThat(Statistics.medianInterval(7, 1, 6, 2, 5, 3, 4)).isEqualTo(new Spread(4, 1, 7));
  }

  @Test
  void nineValuesBoundItByTheSecondFromEachEnd() {
    // 1 - 2 * (1 + 9) / 2^9 = 96.1 %
    assertThat(Statistics.medianInterval(1, 2, 3, 4, 5, 6, 7, 8, 9)).isEqualTo(new Spread(5, 2, 8));
  }

  @Test
  void fewValuesGiveAllTheyHave() {
    assertThat(Statistics.medianInterval(2, 1)).isEqualTo(new Spread(1.5, 1, 2));
    assertThat(Statistics.medianInterval(4)).isEqualTo(new Spread(4, 4, 4));
  }

  @Test
  void theIntervalHoldsTheTrueMedianAboutAsOftenAsPromised() {
    Random random = new Random(1);
    int held = 0;
    int tries = 4000;
    for (int i = 0; i < tries; i++) {
      double[] values = random.doubles(11).map(x -> x * x).toArray();
      Spread interval = Statistics.medianInterval(values);
      held += interval.min() <= 0.25 && 0.25 <= interval.max() ? 1 : 0;
    }
    // Eleven values: the second from each end, 98.8 %.
    assertThat((double) held / tries).isCloseTo(0.988, within(0.01));
  }

  @Test
  void onlyRoundsThatBothRanInArePaired() {
    assertThat(Statistics.ratioInterval(Map.of(1, 2.0, 2, 9.0, 3, 5.0), Map.of(2, 3.0, 1, 1.0)))
        .isEqualTo(new Spread(2.5, 2, 3));
    assertThat(Statistics.ratioInterval(Map.of(1, 2.0), Map.of(2, 3.0))).isNull();
  }

  @Test
  void ratiosAreTakenRoundByRound() {
    assertThat(Statistics.ratios(new double[] {2, 9}, new double[] {1, 3})).containsExactly(2, 3);
    assertThatThrownBy(() -> Statistics.ratios(new double[1], new double[2]))
        .isInstanceOf(IllegalArgumentException.class);
  }
}

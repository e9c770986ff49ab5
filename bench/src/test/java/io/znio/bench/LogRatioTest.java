// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class LogRatioTest {
  private static double[] powersOfE(double... exponents) {
    return DoubleStream.of(exponents).map(Math::exp).toArray();
  }

  @Test
  void theIntervalIsWelchsOfTheLogarithms() {
    // Variances 1 and 1 of 3 values each: 4 degrees of freedom, whose 97.5 % quantile is 2.776445.
    Statistics.Spread ratio = LogRatio.interval(powersOfE(1, 2, 3), powersOfE(0, 1, 2));
    double reach = 2.776445 * Math.sqrt(2.0 / 3);
    assertThat(Math.log(ratio.median())).isCloseTo(1, within(1e-9));
    assertThat(Math.log(ratio.min())).isCloseTo(1 - reach, within(1e-5));
    assertThat(Math.log(ratio.max())).isCloseTo(1 + reach, within(1e-5));
  }

  @Test
  void unequalVariancesHaveFewerDegreesOfFreedom() {
    // Variances 1 / 3 and 4 / 3 of the means: (5/3)^2 / ((1/9 + 16/9) / 2) = 2.941, 3.222 of R's qt
    Statistics.Spread ratio = LogRatio.interval(powersOfE(-1, 0, 1), powersOfE(-2, 0, 2));
    assertThat(Math.log(ratio.max())).isCloseTo(3.2197 * Math.sqrt(5.0 / 3), within(0.01));
  }

  @Test
  void valuesWithoutVarianceHaveAnIntervalWithoutWidth() {
    Statistics.Spread ratio = LogRatio.interval(new double[] {6, 6}, new double[] {2, 2});
    assertThat(ratio.min()).isCloseTo(3, within(1e-12));
    assertThat(ratio.max()).isCloseTo(3, within(1e-12));
  }

  @Test
  void theIntervalHoldsTheTrueRatioAsOftenAsPromised() {
    Random random = new Random(1);
    int held = 0;
    int tries = 4000;
    for (int i = 0; i < tries; i++) {
      double[] ones =
          DoubleStream.generate(() -> Math.exp(random.nextGaussian())).limit(5).toArray();
      double[] others =
          DoubleStream.generate(() -> Math.exp(random.nextGaussian())).limit(5).toArray();
      Statistics.Spread ratio = LogRatio.interval(ones, others);
      held += ratio.min() <= 1 && 1 <= ratio.max() ? 1 : 0;
    }
    assertThat((double) held / tries).isCloseTo(0.95, within(0.015));
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.Arrays;
import org.apache.commons.statistics.descriptive.Mean;
import org.apache.commons.statistics.descriptive.Variance;
import org.apache.commons.statistics.distribution.TDistribution;

/**
 * The ratio of two figures that were not measured in the same rounds: that of their geometric
 * means, with the interval of 95 % that Welch's t-test gives for the difference of the logarithms.
 */
final class LogRatio {
  /** Of each of the two: one value has no variance. */
  static final int VALUES_LEAST = 2;

  private static final double HALF = 0.975;

  private LogRatio() {}

  /** Above 0 all; the interval is the ratio itself where a side has one value only. */
  static Statistics.Spread interval(double[] numerators, double[] denominators) {
    double[] ones = logarithms(numerators);
    double[] others = logarithms(denominators);
    double difference = mean(ones) - mean(others);
    double reach = reach(ones, others);
    return new Statistics.Spread(
        Math.exp(difference), Math.exp(difference - reach), Math.exp(difference + reach));
  }

  static double mean(double[] values) {
    return Mean.of(values).getAsDouble();
  }

  private static double[] logarithms(double[] values) {
    return Arrays.stream(values).map(Math::log).toArray();
  }

  private static double reach(double[] ones, double[] others) {
    if (Math.min(ones.length, others.length) < VALUES_LEAST) {
      return 0;
    }
    double one = Variance.of(ones).getAsDouble() / ones.length;
    double other = Variance.of(others).getAsDouble() / others.length;
    if (one + other == 0) {
      return 0;
    }
    // Welch and Satterthwaite.
    double freedom =
        Math.pow(one + other, 2)
            / (one * one / (ones.length - 1) + other * other / (others.length - 1));
    return TDistribution.of(freedom).inverseCumulativeProbability(HALF) * Math.sqrt(one + other);
  }
}

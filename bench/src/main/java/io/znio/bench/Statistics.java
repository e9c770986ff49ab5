// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.Arrays;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;

/** Medians and their intervals, without any assumption on how the values are distributed. */
final class Statistics {
  /** Median, smallest and largest of some values. */
  record Spread(double median, double min, double max) {}

  private Statistics() {}

  static double median(double... values) {
    return spread(values).median();
  }

  /** Returns the spread of at least one value. */
  static Spread spread(double... values) {
    if (values.length == 0) {
      throw new IllegalArgumentException("no values: at least one is needed");
    }
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    double median =
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    return new Spread(median, sorted[0], sorted[sorted.length - 1]);
  }

  /**
   * Returns the median of values with the narrowest pair of order statistics that holds the true
   * median with a probability of at least 95 % (with fewer than six values: the smallest and the
   * largest, which is all that can be said).
   *
   * <p>The k-th smallest and the k-th largest of n values miss the median when fewer than k of them
   * fall on one side of it, which is a binomial chance with p = 1/2.
   */
  static Spread medianInterval(double... values) {
    Spread spread = spread(values);
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    double binomial = Math.pow(0.5, n);
    double below = 0;
    int k = 0;
    while (k < n / 2) {
      below += binomial;
      if (2 * below > 0.05) {
        break;
      }
      binomial = binomial * (n - k) / (k + 1);
      k++;
    }
    int rank = Math.max(k, 1);
    return new Spread(spread.median(), sorted[rank - 1], sorted[n - rank]);
  }

  /**
   * The ratios of values within the rounds that both were measured in, as {@link #medianInterval};
   * null if there is no such round.
   */
  static Spread ratioInterval(Map<Integer, Double> numerators, Map<Integer, Double> denominators) {
    return pairedInterval(numerators, denominators, (one, other) -> one / other);
  }

  /** The same of differences. */
  static Spread differenceInterval(Map<Integer, Double> values, Map<Integer, Double> others) {
    return pairedInterval(values, others, (one, other) -> one - other);
  }

  private static Spread pairedInterval(
      Map<Integer, Double> ones, Map<Integer, Double> others, DoubleBinaryOperator operator) {
    double[] both =
        ones.keySet().stream()
            .filter(others::containsKey)
            .mapToDouble(round -> operator.applyAsDouble(ones.get(round), others.get(round)))
            .toArray();
    return both.length == 0 ? null : medianInterval(both);
  }

  /** Divides two rows of values that were measured in the same rounds, round by round. */
  static double[] ratios(double[] numerators, double[] denominators) {
    if (numerators.length != denominators.length) {
      throw new IllegalArgumentException(
          numerators.length + " values cannot be paired with " + denominators.length);
    }
    double[] ratios = new double[numerators.length];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = numerators[i] / denominators[i];
    }
    return ratios;
  }
}

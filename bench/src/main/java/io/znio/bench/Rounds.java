// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * How the rows of all chapters are measured: each is warmed up until its code is compiled; then in
 * every round each row of a group runs once, in an order that is drawn anew, so that whatever else
 * the machine does falls on all of them alike. Ratios are taken within a round.
 */
final class Rounds {
  /**
   * A step that is this much faster than all before shows that the code is not yet what it will be.
   */
  private static final double FASTER = 0.95;

  /** So many steps without one that is faster: compiled. */
  private static final int STEADY_STEPS = 4;

  /** One measurement of one row. */
  interface Measure<R> {
    /**
     * Does an amount of work.
     *
     * @param round 0: a warm-up, which counts for nothing
     * @return the nanoseconds it took, 0 if the row did not run
     */
    long run(R row, long amount, int round) throws InterruptedException;
  }

  /** What is to be done with a row whose turn it is. */
  interface Turn<R> {
    void take(R row, int round) throws InterruptedException;
  }

  /** What goes before the first round of a row. */
  interface Preparation<R> {
    void take(R row) throws InterruptedException;
  }

  private Rounds() {}

  /** Warms every open row of a group up, and then gives each its turns. */
  static <R extends Outcome> void run(
      List<R> group,
      Session session,
      Random random,
      Stopwatch watch,
      Preparation<R> warmUp,
      Turn<R> turn)
      throws InterruptedException {
    for (R row : group) {
      if (row.isOpen()) {
        warmUp.take(row);
      }
      session.progress().step();
    }
    watch.lap("warm_up");
    run(group, 1, session, random, turn);
    watch.lap("rounds");
  }

  /** Gives every open row of a group its turn in each of the rounds, {@code first} to the last. */
  static <R extends Outcome> void run(
      List<R> group, int first, Session session, Random random, Turn<R> turn)
      throws InterruptedException {
    run(group, first, session.settings().rounds(), session, random, turn);
  }

  /** The same with a last round of its own. */
  static <R extends Outcome> void run(
      List<R> group, int first, int last, Session session, Random random, Turn<R> turn)
      throws InterruptedException {
    List<R> order = new ArrayList<>(group);
    for (int round = first; round <= last; round++) {
      Collections.shuffle(order, random);
      for (R row : order) {
        if (row.isOpen()) {
          turn.take(row, round);
        }
        session.progress().step();
      }
    }
  }

  /**
   * How much work a measurement is, and how it grows.
   *
   * @param first amount to begin with
   * @param batch every amount is a multiple of this
   * @param cap the largest amount, but at least one batch
   */
  record Amount(long first, long batch, long cap) {}

  /**
   * How long a row is warmed up: for the least of all, and then until it is no more getting faster.
   *
   * @param leastAmount of work, for code that is compiled after so many calls
   * @param mostNanos the end, whatever else
   * @param steps at most
   */
  record Patience(long leastNanos, long leastAmount, long mostNanos, int steps) {
    private boolean isOver(long nanos, long amount, int step, int steadySteps) {
      return step >= steps
          || nanos >= mostNanos
          || nanos >= leastNanos && amount >= leastAmount && steadySteps >= STEADY_STEPS;
    }
  }

  /**
   * Runs a row untimed, with growing amounts.
   *
   * @return the amount that takes about {@code wantedNanos}; 0 if the row did not run
   */
  static <R extends Outcome> long warmUp(
      R row, Amount amount, Patience patience, long wantedNanos, Measure<R> measure)
      throws InterruptedException {
    long largest = Math.max(amount.batch, amount.cap / amount.batch * amount.batch);
    long next = amount.first;
    long tried = next;
    long spent = 0;
    long done = 0;
    long nanos = 0;
    double best = Double.MAX_VALUE;
    int steady = 0;
    for (int step = 0; !patience.isOver(spent, done, step, steady); step++) {
      nanos = measure.run(row, next, 0);
      if (!row.isOpen()) {
        return 0;
      }
      spent += nanos;
      done += next;
      double each = (double) nanos / next;
      steady = each < FASTER * best ? 0 : steady + 1;
      best = Math.min(best, each);
      tried = next;
      long left = Math.max(patience.leastNanos - spent, wantedNanos);
      next = scale(next, nanos, Math.min(left, 4 * wantedNanos), amount.batch);
      next = Math.min(next, largest);
    }
    return Math.min(scale(tried, nanos, wantedNanos, amount.batch), largest);
  }

  /**
   * Returns how much work takes at least that long at the speed seen, never many times more than
   * was just tried. It is a number of batches with three significant bits, so that rows of about
   * the same speed share the hashes that peers keep.
   */
  static long scale(long tried, long nanos, long wantedNanos, long batch) {
    double batches = (double) tried / batch * wantedNanos / Math.max(1, nanos);
    double limited = Math.min(batches, 64.0 * tried / batch);
    long step = 1;
    while (8 * step < limited && step < Long.MAX_VALUE / 64 / batch) {
      step *= 2;
    }
    return (long) Math.max(1, Math.ceil(limited / step)) * step * batch;
  }
}

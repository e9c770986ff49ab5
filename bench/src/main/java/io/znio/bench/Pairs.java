// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Puts each figure of znio beside those of the peers on the same work. */
final class Pairs {
  /** Of fewer rounds even the smallest and the largest ratio are no interval of 95 %. */
  static final int ROUNDS_LEAST = 6;

  /** From so many JVMs on, what differs between JVMs is in the interval. */
  static final int FORKS_LEAST = 3;

  private Pairs() {}

  static List<Pair> of(List<Figure> figures) {
    Map<Figure.Place, List<Figure>> places = new LinkedHashMap<>();
    for (Figure figure : merged(figures)) {
      places.computeIfAbsent(figure.place(), place -> new ArrayList<>()).add(figure);
    }
    List<Pair> pairs = new ArrayList<>();
    for (List<Figure> place : places.values()) {
      for (Figure znio : place) {
        for (Figure peer : place) {
          if (znio.isZnio() && !peer.isZnio() && comparable(znio, peer, place)) {
            add(pairs, znio, peer);
          }
        }
      }
    }
    return pairs;
  }

  /** What several files have of the same thing is one figure. */
  private static List<Figure> merged(List<Figure> figures) {
    Map<Figure.Identity, Figure> merged = new LinkedHashMap<>();
    figures.forEach(figure -> merged.merge(figure.identity(), figure, Pairs::merge));
    return List.copyOf(merged.values());
  }

  private static Figure merge(Figure one, Figure other) {
    Map<Integer, Double> rounds = new HashMap<>(one.rounds());
    rounds.putAll(other.rounds());
    List<double[]> forks = new ArrayList<>(one.forks());
    forks.addAll(other.forks());
    return one.with(rounds, forks);
  }

  /** Memory that is not zeroed is compared with zeroed of those who give no other. */
  private static boolean comparable(Figure znio, Figure peer, List<Figure> place) {
    if (peer.jdk() != null && znio.jdk() != null && !peer.jdk().equals(znio.jdk())) {
      return false;
    }
    boolean any = Figure.ANY.equals(znio.like()) && peer.jdk() != null;
    if (peer.like() != null && !any && !peer.like().equals(znio.variant())) {
      return false;
    }
    if (znio.fill() == null || peer.fill() == null || znio.fill().equals(peer.fill())) {
      return true;
    }
    return !znio.fill()
        && place.stream()
            .noneMatch(
                other ->
                    other.who().equals(peer.who())
                        && Objects.equals(other.jdk(), peer.jdk())
                        && Boolean.FALSE.equals(other.fill()));
  }

  private static void add(List<Pair> pairs, Figure znio, Figure peer) {
    Figure above = znio.more() ? znio : peer;
    Figure below = znio.more() ? peer : znio;
    if (!znio.rounds().isEmpty()) {
      Statistics.Spread ratio = Statistics.ratioInterval(above.rounds(), below.rounds());
      if (ratio != null) {
        long rounds = znio.rounds().keySet().stream().filter(peer.rounds()::containsKey).count();
        pairs.add(new Pair(znio, peer, ratio, count(rounds, "round"), rounds >= ROUNDS_LEAST));
      }
    } else if (!znio.forks().isEmpty() && !peer.forks().isEmpty()) {
      boolean byFork = Math.min(znio.forks().size(), peer.forks().size()) >= FORKS_LEAST;
      double[] ones = values(above, byFork);
      double[] others = values(below, byFork);
      int least = Math.min(ones.length, others.length);
      pairs.add(
          new Pair(
              znio,
              peer,
              LogRatio.interval(ones, others),
              count(least, byFork ? "fork" : "iteration"),
              least >= LogRatio.VALUES_LEAST));
    }
  }

  private static String count(long count, String what) {
    return count + " " + what + (count == 1 ? "" : "s");
  }

  /** The mean of each fork; of few forks what JMH's own error is of: all iterations. */
  private static double[] values(Figure figure, boolean byFork) {
    return byFork
        ? figure.forks().stream().mapToDouble(LogRatio::mean).toArray()
        : figure.forks().stream().flatMapToDouble(java.util.Arrays::stream).toArray();
  }
}

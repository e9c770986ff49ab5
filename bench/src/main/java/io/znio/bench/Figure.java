// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.List;
import java.util.Map;

/**
 * What somebody was measured to take for a piece of work: the one form that results of {@code
 * bench/compare} and of JMH have in {@code bench/report}.
 *
 * @param source the chapter or "JMH": "compare: memory"
 * @param work what was done, in the words of a heading: "ring, 64 B"
 * @param jdk the version of the JVM; null where there is none
 * @param who a name of {@link PeerFacts}
 * @param variant what tells two figures of one peer from one another: "checked, not zeroed"
 * @param fill whether memory came zeroed; null where the question makes no sense
 * @param like of a path its name: znio's is compared with those of the same name, and {@link #ANY}
 *     also with all of the JDK; null where the variant does not matter
 * @param use what {@link PeerFacts} has on its safety: memory or a mapping; null where neither is
 *     freed
 * @param unit of the figure
 * @param more whether more is better
 * @param rounds by the number of a round that figures of the same work share; empty of JMH
 * @param forks what each JVM of JMH has measured; empty of {@code bench/compare}
 */
record Figure(
    String source,
    String work,
    String jdk,
    String who,
    String variant,
    Boolean fill,
    String like,
    String use,
    String unit,
    boolean more,
    Map<Integer, Double> rounds,
    List<double[]> forks) {
  /** What the library chooses, which is compared with all that the JDK has. */
  static final String ANY = "*";

  static final String ZNIO = "znio";

  boolean isZnio() {
    return who.equals(ZNIO);
  }

  /** Figures of one place are compared with one another; C has no JDK, so that is not in it. */
  Place place() {
    return new Place(source, work, unit);
  }

  /** The same was measured once more if this is the same. */
  Identity identity() {
    return new Identity(place(), jdk, who, variant);
  }

  /** What figures that are compared have in common. */
  record Place(String source, String work, String unit) {}

  /** What all measurements of one thing have in common. */
  record Identity(Place place, String jdk, String who, String variant) {}

  Figure with(Map<Integer, Double> newRounds, List<double[]> newForks) {
    return new Figure(
        source, work, jdk, who, variant, fill, like, use, unit, more, newRounds, newForks);
  }

  /** The median of what was measured. */
  double typical() {
    return Statistics.median(
        rounds.isEmpty()
            ? forks.stream().flatMapToDouble(java.util.Arrays::stream).toArray()
            : rounds.values().stream().mapToDouble(figure -> figure).toArray());
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.Locale;

/**
 * Znio beside one peer on the same work.
 *
 * @param ratio how many times better znio is, with the ends of its interval
 * @param basis of what the interval is: "9 rounds"
 * @param enough whether that is enough for an interval of 95 %
 */
record Pair(Figure znio, Figure peer, Statistics.Spread ratio, String basis, boolean enough) {
  /** Where znio stands. */
  enum Standing {
    AHEAD,
    EVEN,
    BEHIND,
    /** Measured too seldom to say. */
    TOO_FEW;

    String word() {
      return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
  }

  /** Ahead or behind only if the interval leaves out 1. */
  Standing standing() {
    if (!enough) {
      return Standing.TOO_FEW;
    }
    return ratio.min() > 1 ? Standing.AHEAD : ratio.max() < 1 ? Standing.BEHIND : Standing.EVEN;
  }

  String jdk() {
    return znio.jdk() == null ? peer.jdk() : znio.jdk();
  }

  /** The end of the interval that is nearer to 1: what can be relied on. */
  double reliable() {
    return standing() == Standing.AHEAD ? ratio.min() : ratio.max();
  }

  /** "ring, 64 B, checked, zeroed, JDK 25". */
  String title() {
    return znio.work()
        + (znio.variant().isEmpty() ? "" : ", " + znio.variant())
        + (jdk() == null ? "" : ", JDK " + feature());
  }

  /** "JDK transferTo": with what of it znio is compared, where that is not the same. */
  String peerTitle() {
    String name = PeerFacts.get().name(peer.who());
    boolean same =
        peer.fill() != null || peer.variant().isEmpty() || peer.variant().equals(znio.variant());
    return name + (same ? "" : " " + peer.variant());
  }

  /** "25" of "25.0.3". */
  String feature() {
    return jdk() == null ? "" : jdk().split("[.+-]")[0];
  }

  /** "1.52 (1.40–1.61)". */
  String figures() {
    return number(ratio.median())
        + (enough ? " (" + number(ratio.min()) + "–" + number(ratio.max()) + ")" : " (?)");
  }

  private static String number(double ratio) {
    String form = ratio >= 99.5 ? "%.0f" : ratio >= 9.95 ? "%.1f" : ratio >= 0.1 ? "%.2f" : "%.3f";
    return String.format(Locale.ROOT, form, ratio);
  }
}

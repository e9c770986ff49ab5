// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Leaks that were found: the last ones are kept, and the first of each place is told by a log. */
final class LeakLog {
  private static final int KEPT = 1024;

  private static final ArrayDeque<Ledger.Leak> LAST = new ArrayDeque<>();
  private static final Set<Integer> TOLD = new HashSet<>();

  private LeakLog() {}

  /** Takes note of something that was found dropped. */
  static void add(Ledger.Kind kind, long address, long size, int site) {
    Ledger.Leak leak = new Ledger.Leak(kind, address, size, Sites.text(site));
    boolean first;
    synchronized (LAST) {
      if (LAST.size() == KEPT) {
        LAST.removeFirst();
      }
      LAST.addLast(leak);
      first = TOLD.add(site);
    }
    if (first) {
      Settings.warn(
          "Leak: a "
              + kind.name().toLowerCase(java.util.Locale.ROOT)
              + " of "
              + size
              + " bytes was dropped without being "
              + (kind == Ledger.Kind.MAPPING ? "closed" : "freed")
              + "; znio has done that now. More of the same place are not logged. It was made at\n"
              + leak.site());
    }
  }

  static List<Ledger.Leak> all() {
    synchronized (LAST) {
      return new ArrayList<>(LAST);
    }
  }
}

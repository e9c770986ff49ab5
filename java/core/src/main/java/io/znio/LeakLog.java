// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Leaks that were found: the last ones are kept, all are counted by place of birth, and the first
 * of each place is told by a log.
 */
final class LeakLog {
  private static final int KEPT = 1024;

  private static final ArrayDeque<Ledger.Leak> LAST = new ArrayDeque<>();

  /** By number of the site, of which there are 65,535 at most. Guarded by LAST, as that is. */
  private static final Map<Integer, Sum> SUMS = new HashMap<>();

  private LeakLog() {}

  private static final class Sum {
    private long items;
    private long bytes;
  }

  /**
   * Takes note of something that was found dropped.
   *
   * @param record the handle of its record, which is live
   */
  static void add(Ledger.Kind kind, long address, long size, long record) {
    int site = Blocks.site(record);
    long birth = Blocks.birth(record);
    long thread = birth >>> Layout.BIRTH_THREAD_SHIFT;
    Ledger.Leak leak =
        new Ledger.Leak(kind, address, size, thread, Ledger.ageMillis(birth), Sites.text(site));
    boolean first;
    synchronized (LAST) {
      if (LAST.size() == KEPT) {
        LAST.removeFirst();
      }
      LAST.addLast(leak);
      Sum sum = SUMS.computeIfAbsent(site, number -> new Sum());
      first = sum.items == 0;
      sum.items++;
      sum.bytes += size;
    }
    if (first) {
      tell(leak);
    }
  }

  private static void tell(Ledger.Leak leak) {
    Settings.warn(
        "Leak: a "
            + leak.kind().name().toLowerCase(java.util.Locale.ROOT)
            + " of "
            + leak.size()
            + " bytes was dropped without being "
            + (leak.kind() == Ledger.Kind.REGION ? "freed" : "closed")
            + "; znio has done that now. More of the same place are not logged. It was made at\n"
            + leak.site());
  }

  static List<Ledger.Leak> all() {
    synchronized (LAST) {
      return new ArrayList<>(LAST);
    }
  }

  /** All that were ever found, by place of birth. */
  static List<Ledger.Place> places() {
    List<Ledger.Place> places = new ArrayList<>();
    synchronized (LAST) {
      SUMS.forEach(
          (site, sum) -> places.add(new Ledger.Place(Sites.text(site), sum.items, sum.bytes)));
    }
    places.sort(Comparator.comparingLong(Ledger.Place::bytes).reversed());
    return places;
  }
}

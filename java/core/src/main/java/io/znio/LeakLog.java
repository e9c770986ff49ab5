// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Leaks that were found: the last ones are kept, all are counted by place of birth, and the first
 * of each place is told by a log.
 */
final class LeakLog {
  private static final int KEPT = 1024;

  private static final ArrayDeque<Ledger.Leak> LAST = new ArrayDeque<>();

  /** All. There are 65,535 sites at most. Guarded by LAST, as that is. */
  private static final Groups GROUPS = new Groups();

  private LeakLog() {}

  /**
   * Takes note of something that was found dropped.
   *
   * @param record the handle of its record, which is live
   */
  static void add(Ledger.Kind kind, long address, long size, long record) {
    add(kind, address, size, record, false);
  }

  /**
   * The same.
   *
   * @param stays it is not ended
   */
  static void add(Ledger.Kind kind, long address, long size, long record, boolean stays) {
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
      first = GROUPS.add(kind, leak.site(), size, leak.ageMillis());
    }
    Jfr.leak(leak);
    if (first) {
      tell(leak, stays);
    }
  }

  private static void tell(Ledger.Leak leak, boolean stays) {
    Settings.warn(
        "Leak: a "
            + leak.kind().name().toLowerCase(java.util.Locale.ROOT)
            + " of "
            + leak.size()
            + " bytes was dropped without being "
            + (leak.kind() == Ledger.Kind.REGION ? "freed" : "closed")
            + (stays ? "; its memory stays" : "; znio has done that now")
            + ". More of the same place are not logged. It was made at\n"
            + leak.site());
  }

  static List<Ledger.Leak> all() {
    synchronized (LAST) {
      return new ArrayList<>(LAST);
    }
  }

  /** All that were ever found, by kind and place of birth. */
  static List<Groups.Group> groups() {
    synchronized (LAST) {
      return GROUPS.largestFirst();
    }
  }
}

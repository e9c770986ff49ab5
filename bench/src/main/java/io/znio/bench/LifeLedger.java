// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.znio.Ledger;
import io.znio.Ledger.Kind;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/** What znio's ledger says of the items of a life: how they ended, and where they were made. */
final class LifeLedger {
  private static final String BIRTH = LifePicture.class.getName() + ".makeAll(";

  private final Kind kind;
  private final boolean sampled;
  private final boolean many;
  private final Ledger.Counts before;

  private LifeLedger(Wire wire) {
    kind = wire.need("op").equals("mappings") ? Kind.MAPPING : Kind.REGION;
    many = wire.need("op").equals("many");
    sampled = "sampled".equals(wire.get("leaks"));
    before = Ledger.counts(kind);
  }

  /** The ledger as it is now; null where the memory is the JDK's. */
  static LifeLedger of(Wire wire) {
    return wire.need("impl").equals("znio") ? new LifeLedger(wire) : null;
  }

  private static boolean isKnown(String site) {
    return site.contains(BIRTH);
  }

  private List<Ledger.Leak> leaks() {
    return Ledger.leaks().stream().filter(leak -> isKnown(leak.site())).toList();
  }

  /** Items that live on because nobody looks for those whose place of birth was not sampled. */
  long unsampled() {
    return sampled
        ? Ledger.live().stream()
            .filter(entry -> entry.kind() == kind && !isKnown(entry.site()))
            .count()
        : 0;
  }

  /** Whether nothing of the kind lives. */
  boolean isEmpty() {
    return Ledger.counts(kind).liveItems() == 0;
  }

  /** Waits for as many deaths: the ledger learns of one a moment after the memory has gone. */
  void settle(long ended, long nanos) {
    long end = System.nanoTime() + nanos;
    while (Ledger.counts(kind).diedItems() - before.diedItems() < ended
        && System.nanoTime() - end < 0) {
      LockSupport.parkNanos(1_000_000);
    }
  }

  /** Adds what does not fit: {@code ended} items were dropped or closed since. */
  void check(boolean dropped, long ended, List<String> wrong) {
    Ledger.Counts now = Ledger.counts(kind);
    long died = now.diedItems() - before.diedItems();
    long leaked = now.leaked() - before.leaked();
    if (died != ended) {
      wrong.add("the ledger counts " + died + " deaths where " + ended + " items ended");
    }
    if (leaked != (dropped ? ended : 0)) {
      wrong.add("the ledger counts " + leaked + " leaks of " + ended + " ended items");
    }
    long told = leaks().size();
    if (dropped && !many && told != ended) {
      wrong.add(told + " of " + ended + " leaks were reported with their place of birth");
    }
  }

  /** Says where dropped items were made. */
  void report(ObjectNode answer) {
    List<Ledger.Leak> leaks = leaks();
    answer.put("births_known", leaks.size());
    answer.put(
        "birth",
        leaks.isEmpty()
            ? null
            : leaks.get(0).site().lines().filter(LifeLedger::isKnown).findFirst().orElse(null));
  }
}

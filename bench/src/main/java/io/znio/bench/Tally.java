// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import io.znio.Ledger;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.util.function.LongSupplier;

/**
 * What an implementation itself counts: after the work as many must have been made as the loop has
 * made, and none may live. Whatever else lives in this JVM is there before, and after.
 */
final class Tally {
  private final String of;
  private final LongSupplier live;
  private final LongSupplier born;
  private final long liveBefore;
  private final long bornBefore;

  private Tally(String of, LongSupplier live, LongSupplier born) {
    this.of = of;
    this.live = live;
    this.born = born;
    this.liveBefore = live == null ? 0 : live.getAsLong();
    this.bornBefore = born == null ? 0 : born.getAsLong();
  }

  /** Begins to count, where the implementation has counters. */
  static Tally of(MemoryPlan plan) {
    if (plan.isZnio()) {
      Ledger.Kind kind = plan.isMap() ? Ledger.Kind.MAPPING : Ledger.Kind.REGION;
      return new Tally(
          "the ledger",
          () -> Ledger.counts(kind).liveItems(),
          () -> Ledger.counts(kind).bornItems());
    }
    if (plan.impl().equals("jdk-clean")) {
      BufferPoolMXBean pool = pool(plan.isMap() ? "mapped" : "direct");
      return new Tally("the JDK's buffer pool", pool::getCount, null);
    }
    return new Tally(null, null, null);
  }

  private static BufferPoolMXBean pool(String name) {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals(name))
        .findFirst()
        .orElseThrow();
  }

  /**
   * One sentence if the counts are wrong, else null.
   *
   * @param made allocations since the start
   * @param held of them, how many are still held
   */
  String problem(long made, long held) {
    long more = live == null ? held : live.getAsLong() - liveBefore;
    // Of the JDK's, some that were dropped before may have been collected meanwhile.
    if (born == null ? more > held : more != held) {
      return of + " counts " + more + " live ones more than before, not " + held;
    }
    long counted = born == null ? made : born.getAsLong() - bornBefore;
    return counted == made ? null : of + " counts " + counted + " allocations, not " + made;
  }
}

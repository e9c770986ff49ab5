// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The rows of the chapter "memory", as data: everything that is compared is listed here. */
final class MemoryRows {
  static final String ALLOCATE_FREE = "allocate-free";
  static final String RING = "ring";
  static final String CROSS_THREAD = "cross-thread";
  static final String MAP = "map";
  static final String LIVE = "live-buffers";
  static final Set<String> OPS = Set.of(ALLOCATE_FREE, RING, CROSS_THREAD, MAP, LIVE);

  /** Other libraries that {@code --peers} can add. */
  static final Set<String> PEERS = Set.of(MemoryRow.PEER);

  private static final List<String> LEVELS = List.of("checked", "tracked", "unchecked");
  private static final int ARENAS_SINCE = 22;

  /**
   * An operation with its sizes.
   *
   * @param quick the sizes of a quick run
   * @param cap the largest size that makes sense
   */
  private record Work(String op, int threads, List<Long> sizes, List<Long> quick, long cap) {}

  private static final List<Work> WORKS =
      List.of(
          new Work(
              ALLOCATE_FREE,
              1,
              List.of(64L, 4 * Sizes.KIB, 64 * Sizes.KIB, Sizes.MIB, 16 * Sizes.MIB),
              List.of(64L, 4 * Sizes.KIB, Sizes.MIB),
              256 * Sizes.MIB),
          new Work(ALLOCATE_FREE, 2, small(), List.of(64L), Sizes.MIB),
          // All live buffers of a ring or of four batches must have room.
          new Work(RING, 1, small(), List.of(64L), 256 * Sizes.KIB),
          new Work(CROSS_THREAD, 1, small(), List.of(64L), 16 * Sizes.MIB),
          new Work(
              MAP,
              1,
              List.of(4 * Sizes.KIB, Sizes.MIB, Sizes.GIB),
              List.of(4 * Sizes.KIB),
              Sizes.GIB),
          new Work(LIVE, 1, List.of(64L), List.of(64L), Sizes.KIB));

  private MemoryRows() {}

  private static List<Long> small() {
    return List.of(64L, 4 * Sizes.KIB, 64 * Sizes.KIB);
  }

  /** Lists what is to be measured, in the order of the report. */
  static List<MemoryRow> measured(Settings settings, List<String> jdks) {
    List<MemoryRow> rows = new ArrayList<>();
    if (!settings.wantsTarget("memory")) {
      return rows;
    }
    for (Work work : WORKS) {
      if (settings.wantsPath(work.op)) {
        for (long size : sizes(work, settings)) {
          jdks.forEach(jdk -> add(rows, work, size, jdk, settings));
        }
      }
    }
    return rows;
  }

  private static List<Long> sizes(Work work, Settings settings) {
    if (settings.sizesGiven()) {
      return settings.sizes().stream().filter(size -> size <= work.cap).toList();
    }
    return settings.quick() ? work.quick : work.sizes;
  }

  private static void add(
      List<MemoryRow> rows, Work work, long size, String jdk, Settings settings) {
    boolean map = work.op.equals(MAP);
    Boolean zeroed = map ? null : true;
    boolean both = !map && !work.op.equals(LIVE);
    // A quick run shows what zeroing costs where one thread only allocates and frees.
    boolean first = !both || !settings.quick() || work.equals(WORKS.get(0));
    for (String level : LEVELS) {
      if (first) {
        rows.add(row(work, "znio", jdk, level, size, zeroed));
      }
      if (both) {
        rows.add(row(work, "znio", jdk, level, size, false));
      }
    }
    rows.add(row(work, MemoryRow.BASELINE, jdk, null, size, zeroed));
    if (both) {
      rows.add(row(work, "jdk-gc", jdk, null, size, zeroed));
    }
    if (Runtime.Version.parse(jdk).feature() >= ARENAS_SINCE) {
      if (!work.op.equals(CROSS_THREAD)) { // another thread may not close a confined arena
        rows.add(row(work, "arena-confined", jdk, null, size, zeroed));
      }
      rows.add(row(work, "arena-shared", jdk, null, size, zeroed));
    }
    if (!map && settings.peers().contains(MemoryRow.PEER)) {
      rows.add(row(work, MemoryRow.PEER, jdk, null, size, true));
      if (both) {
        rows.add(row(work, MemoryRow.PEER, jdk, null, size, false));
      }
    }
  }

  private static MemoryRow row(
      Work work, String impl, String jdk, String level, long size, Boolean zeroed) {
    return new MemoryRow(work.op, impl, jdk, level, size, zeroed, work.threads);
  }
}

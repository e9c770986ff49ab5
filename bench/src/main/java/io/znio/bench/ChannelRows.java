// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** The rows of the chapter "channel", as data: everything that is compared is listed here. */
final class ChannelRows {
  static final String READ = "read";
  static final String READ_AT = "read-at";
  static final String WRITE = "write";
  static final String WRITE_AT = "write-at";
  static final String MAP_CLEAN = "map-clean";
  static final String MAP_COLLECT = "map-collect";
  static final String TRANSFER_TO = "transferTo";
  static final String TRANSFER_FROM = "transferFrom";
  static final Set<String> OPS =
      Set.of(READ, READ_AT, WRITE, WRITE_AT, MAP_CLEAN, MAP_COLLECT, TRANSFER_TO, TRANSFER_FROM);

  private static final List<String> IMPLS = List.of("znio", ChannelRow.BASELINE);
  private static final List<String> BUFFERS = List.of(ChannelPlan.HEAP, ChannelPlan.DIRECT);
  private static final List<String> PEERS = List.of("tcp", "unix", "pipe", "file");
  private static final List<String> NONE = Arrays.asList((String) null);

  /**
   * An operation with what it is done with.
   *
   * @param quick the sizes of a quick run
   */
  private record Work(
      String op,
      int threads,
      List<String> buffers,
      List<String> peers,
      List<Long> sizes,
      List<Long> quick) {}

  private static final List<Work> WORKS =
      List.of(
          moves(READ),
          moves(READ_AT),
          new Work(READ_AT, 2, BUFFERS, NONE, List.of(4 * Sizes.KIB), List.of(4 * Sizes.KIB)),
          moves(WRITE),
          moves(WRITE_AT),
          maps(MAP_CLEAN),
          maps(MAP_COLLECT),
          transfers(TRANSFER_TO),
          transfers(TRANSFER_FROM));

  private ChannelRows() {}

  private static Work moves(String op) {
    List<Long> sizes = List.of(1L, 64L, 4 * Sizes.KIB, 64 * Sizes.KIB, Sizes.MIB);
    return new Work(op, 1, BUFFERS, NONE, sizes, List.of(4 * Sizes.KIB));
  }

  private static Work maps(String op) {
    List<Long> sizes = List.of(4 * Sizes.KIB, 64 * Sizes.KIB, Sizes.MIB);
    return new Work(op, 1, NONE, NONE, sizes, List.of(64 * Sizes.KIB));
  }

  private static Work transfers(String op) {
    List<Long> sizes = List.of(64L, 4 * Sizes.KIB, 64 * Sizes.KIB, Sizes.MIB);
    return new Work(op, 1, NONE, PEERS, sizes, List.of(64 * Sizes.KIB));
  }

  /** Lists what is to be measured, in the order of the report. */
  static List<ChannelRow> measured(Settings settings, List<String> jdks) {
    List<ChannelRow> rows = new ArrayList<>();
    for (Work work : WORKS) {
      if (settings.wantsPath(work.op)) {
        for (long size : sizes(work, settings)) {
          add(rows, work, size, settings, jdks);
        }
      }
    }
    return rows;
  }

  private static void add(
      List<ChannelRow> rows, Work work, long size, Settings settings, List<String> jdks) {
    for (String buffer : work.buffers) {
      for (String peer : work.peers) {
        if (settings.wantsTarget(peer == null ? "memory" : peer)) {
          for (String jdk : jdks) {
            for (String impl : IMPLS) {
              rows.add(new ChannelRow(work.op, impl, jdk, buffer, peer, size, work.threads));
            }
          }
        }
      }
    }
  }

  private static List<Long> sizes(Work work, Settings settings) {
    if (settings.sizesGiven()) {
      return settings.sizes().stream().filter(size -> size <= ChannelPlan.SIZE_MAX).toList();
    }
    return settings.quick() ? work.quick : work.sizes;
  }
}

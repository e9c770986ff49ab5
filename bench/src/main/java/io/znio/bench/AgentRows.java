// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** The rows of the chapter "agent", as data: everything that is compared is listed here. */
final class AgentRows {
  static final String START_UP = "start-up";
  static final String ALLOCATE = MemoryRows.ALLOCATE_FREE;

  /** The same without stacks: what counting alone costs. */
  static final String COUNTED = "allocate-free-counted";

  /** Into what allocateDirect gives. */
  static final String READ = ChannelRows.READ;

  static final String TRANSFER_TO = ChannelRows.TRANSFER_TO;
  static final String TRANSFER_FROM = ChannelRows.TRANSFER_FROM;
  static final String KAFKA = "kafka";
  static final Set<String> OPS =
      Set.of(START_UP, ALLOCATE, COUNTED, READ, TRANSFER_TO, TRANSFER_FROM, KAFKA);

  static final String OBSERVE = "observe";
  static final String IO = "io";
  static final String UNSAFE = "io+unsafe";
  static final String FAST = "io+fast";

  private static final List<String> NONE = Arrays.asList((String) null);

  /**
   * What the design asks of a row; one of the two is not null.
   *
   * @param ratioLeast so many times as fast as stock
   * @param extraMost so many nanoseconds more than stock
   */
  record Aim(Double ratioLeast, Double extraMost) {}

  private record Work(
      String op, List<String> modes, List<String> peers, List<Long> sizes, List<Long> quick) {}

  private static final List<Work> WORKS =
      List.of(
          work(START_UP, List.of(OBSERVE, IO, UNSAFE, FAST), 0),
          work(ALLOCATE, List.of(OBSERVE, UNSAFE), 64),
          work(COUNTED, List.of(OBSERVE), 64),
          work(READ, List.of(IO, UNSAFE), Sizes.MIB),
          new Work(
              TRANSFER_TO,
              List.of(OBSERVE, IO),
              List.of("tcp"),
              List.of(4 * Sizes.KIB),
              List.of(4 * Sizes.KIB)),
          new Work(
              TRANSFER_FROM,
              List.of(FAST),
              List.of("tcp", "unix", "pipe"),
              List.of(64 * Sizes.KIB, Sizes.MIB, 64 * Sizes.MIB),
              List.of(64 * Sizes.KIB)),
          work(KAFKA, List.of(OBSERVE, IO, UNSAFE), 1000));

  private AgentRows() {}

  private static Work work(String op, List<String> modes, long size) {
    return new Work(op, modes, NONE, List.of(size), List.of(size));
  }

  /** Lists what is to be measured, in the order of the report. */
  static List<AgentRow> measured(Settings settings, List<String> jdks) {
    List<AgentRow> rows = new ArrayList<>();
    for (Work work : WORKS) {
      if (settings.wantsPath(work.op)) {
        add(rows, work, settings, jdks);
      }
    }
    return rows;
  }

  private static void add(List<AgentRow> rows, Work work, Settings settings, List<String> jdks) {
    for (long size : settings.quick() ? work.quick : work.sizes) {
      for (String peer : work.peers) {
        if (settings.wantsTarget(peer == null ? "memory" : peer)) {
          for (String jdk : jdks) {
            rows.add(new AgentRow(work.op, AgentRow.STOCK, jdk, peer, size));
            work.modes.forEach(mode -> rows.add(new AgentRow(work.op, mode, jdk, peer, size)));
          }
        }
      }
    }
  }

  /** What the design asks of a row; null if nothing. */
  static Aim aim(AgentRow row) {
    if (row.mode().equals(OBSERVE)) {
      return switch (row.op()) {
        case START_UP -> new Aim(null, 15e6);
        case ALLOCATE -> new Aim(null, 70.0);
        case COUNTED -> new Aim(null, 15.0);
        case KAFKA -> new Aim(0.98, null);
        default -> null;
      };
    }
    if (row.mode().equals(FAST) && row.op().equals(TRANSFER_FROM)) {
      return new Aim(row.peer().equals("pipe") ? 2 : 1.8, null);
    }
    return null;
  }
}

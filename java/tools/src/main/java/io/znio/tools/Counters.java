// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The agent's counters at one time.
 *
 * @param columns what is counted, as "calls"
 * @param rows the natives that are counted
 * @param unseen threads whose counts come when they end
 */
record Counters(List<String> columns, List<Row> rows, int unseen) {
  /** What a row counts of lives: {@code zn_meter_role}. */
  enum Role {
    NO_LIFE,
    BIRTH,
    DEATH,
    REBIRTH
  }

  /**
   * One native.
   *
   * @param kind of memory whose lives it counts; empty: of none
   * @param cells a count for each column
   */
  record Row(String name, String kind, Role role, long[] cells) {}

  /** What was born since the agent looks, and has not died. */
  record Live(String kind, long items, long bytes) {}

  /** Columns that lives are summed up from. */
  private static final String CALLS = "calls";

  private static final String FAILED = "failed";
  private static final String UNKNOWN = "unknown";
  private static final String BYTES = "bytes";
  private static final String RELEASED = "released";

  /** A count, or 0 if there is no such column. */
  long of(Row row, String column) {
    int index = columns.indexOf(column);
    return index < 0 ? 0 : row.cells()[index];
  }

  /** By kind of memory, as a report has it. */
  List<Live> live() {
    Set<String> kinds = new LinkedHashSet<>();
    rows.forEach(row -> kinds.add(row.kind()));
    kinds.remove("");
    List<Live> result = new ArrayList<>();
    for (String kind : kinds) {
      List<Row> of = rows.stream().filter(row -> row.kind().equals(kind)).toList();
      long items = of.stream().mapToLong(this::items).sum();
      long bytes = of.stream().mapToLong(row -> of(row, BYTES) - of(row, RELEASED)).sum();
      result.add(new Live(kind, items, bytes));
    }
    return result;
  }

  private long items(Row row) {
    long succeeded = of(row, CALLS) - of(row, FAILED);
    return switch (row.role()) {
      case NO_LIFE -> 0;
      case BIRTH -> succeeded;
      case DEATH -> of(row, UNKNOWN) - succeeded;
      case REBIRTH -> of(row, UNKNOWN);
    };
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.Objects;

/**
 * One row of the chapter "memory".
 *
 * @param op a name of {@link MemoryRows}
 * @param impl who gives the memory
 * @param jdk the version of the JVM
 * @param level znio's safety level; null for the others
 * @param size bytes of a buffer or mapping
 * @param zeroed whether the memory comes zeroed; null for mappings
 * @param threads that do the same at the same time
 */
record MemoryRow(
    String op, String impl, String jdk, String level, long size, Boolean zeroed, int threads) {
  static final String BASELINE = "jdk-clean";
  static final String PEER = "lwjgl";

  /** Rows with the same group are compared with one another, so their rounds are interleaved. */
  record Group(String op, long size, int threads) {
    /** Returns a heading: "allocate-free, 4 KiB, 2 threads". */
    String title() {
      return op + ", " + Sizes.text(size) + (threads > 1 ? ", " + threads + " threads" : "");
    }
  }

  Group group() {
    return new Group(op, size, threads);
  }

  /** The JVM that runs it: one for each way to get memory, so that none spoils another's code. */
  String worker() {
    return "java " + jdk + " " + (level == null ? impl : level) + (isLive() ? " live" : "");
  }

  boolean isLive() {
    return op.equals(MemoryRows.LIVE);
  }

  /** Whether the rows of these are ratios' denominators: of zeroed ones and others alike. */
  boolean isBaselineOf(MemoryRow row) {
    return isLike(row, BASELINE);
  }

  /** Whether the other library does the same: zeroed or not, as the row. */
  boolean isPeerOf(MemoryRow row) {
    return isLike(row, PEER) && Objects.equals(zeroed, row.zeroed);
  }

  private boolean isLike(MemoryRow row, String wanted) {
    return impl.equals(wanted) && jdk.equals(row.jdk) && group().equals(row.group());
  }

  /** What a use after the end does, in the words of a table; the chapter "faults" measures it. */
  String staleUse() {
    return switch (impl) {
      case "znio" ->
          switch (level) {
            case "checked" -> "exception";
            case "tracked" -> op.equals(MemoryRows.MAP) ? "error" : "exception, views silent";
            default -> op.equals(MemoryRows.MAP) ? "crash" : "silent";
          };
      case "jdk-gc" -> "cannot be";
      case "arena-confined", "arena-shared" -> "exception";
      default -> op.equals(MemoryRows.MAP) ? "crash" : "silent";
    };
  }
}

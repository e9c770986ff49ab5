// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.OptionalInt;

/**
 * How often the CPU copied, and what that rests on.
 *
 * @param value copies on the measured side, or null if nothing is known
 * @param how "measured" where the probe or the kernel's own report decides, else "derived" from how
 *     the path is built
 */
record Copies(Integer value, String how) {

  /** Judges a row by what was seen first, and by the path's construction where nothing was. */
  static Copies of(RowResult result) {
    Row row = result.row;
    OptionalInt built = built(result);
    if ("shared".equals(result.probe)) {
      return new Copies(0, "measured");
    }
    if (Boolean.TRUE.equals(result.kernelCopied)) {
      // The kernel's completions said so; what the program itself copied before is derived.
      int before = built.orElse(0);
      return new Copies(before + 1, before == 0 ? "measured" : "derived");
    }
    if ("copied".equals(result.probe) && built.orElse(0) == 0) {
      return new Copies(1, "measured");
    }
    return built.isPresent()
        ? new Copies(built.getAsInt(), "derived")
        : new Copies(null, "derived");
  }

  /** The row's own path, or the one that AUTO chose. */
  private static OptionalInt built(RowResult result) {
    Row row = result.row;
    String path = row.path();
    boolean chosen = path.equals("auto") || path.equals("regions");
    if (chosen && PathFacts.get().all().containsKey(result.pathRan)) {
      path = result.pathRan;
    }
    return PathFacts.get().cpuCopies(path, row.source(), row.target(), row.fs());
  }

  /**
   * Zero-copy in the strict sense (no CPU copy), in the broad one (fewer than read + write), or not
   * at all; null if unknown.
   */
  String zeroCopy(Row row) {
    if (value == null) {
      return null;
    }
    int baseline =
        PathFacts.get().cpuCopies("read-write", row.source(), row.target(), row.fs()).orElse(2);
    return value == 0 ? "strict" : value < baseline ? "broad" : "none";
  }
}

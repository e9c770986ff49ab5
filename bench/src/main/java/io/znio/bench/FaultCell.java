// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * One question of the matrix, which one child JVM answers.
 *
 * @param situation the word of a {@link FaultSituation}, or {@link #MISUSE}
 * @param operation the word of a {@link FaultOperation}, or of a {@link FaultMisuse}
 */
record FaultCell(String situation, String operation, FaultImpl impl, FaultMode mode) {
  static final String MISUSE = "misuse";

  @Override
  public String toString() {
    return impl.word + " " + situation + " " + operation + " " + mode.word();
  }

  /** The report's name of it. */
  String caseName() {
    return situation + "/" + operation;
  }

  /** Null: a misuse. */
  FaultSituation fault() {
    return situation.equals(MISUSE) ? null : FaultSituation.valueOf(constant(situation));
  }

  FaultOperation access() {
    return FaultOperation.valueOf(constant(operation));
  }

  FaultMisuse misuse() {
    return FaultMisuse.valueOf(constant(operation));
  }

  private static String constant(String word) {
    return word.toUpperCase(Locale.ROOT).replace('-', '_');
  }

  /**
   * The cells of one owner of memory.
   *
   * @param feature release of the JDK
   * @param operations those wanted; misuses are always
   */
  static List<FaultCell> of(
      FaultImpl impl, int feature, List<FaultMode> modes, Set<FaultOperation> operations) {
    List<FaultCell> cells = new ArrayList<>();
    for (FaultSituation situation : FaultSituation.values()) {
      for (FaultOperation operation : situation.operations(impl, feature)) {
        if (operations.contains(operation)) {
          add(cells, situation.word(), operation.word(), impl, modes);
        }
      }
    }
    for (FaultMisuse misuse : FaultMisuse.values()) {
      if (misuse.isPossible(impl)) {
        add(cells, MISUSE, misuse.word(), impl, modes);
      }
    }
    return cells;
  }

  private static void add(
      List<FaultCell> cells,
      String situation,
      String operation,
      FaultImpl impl,
      List<FaultMode> modes) {
    for (FaultMode mode : modes) {
      cells.add(new FaultCell(situation, operation, impl, mode));
    }
  }
}

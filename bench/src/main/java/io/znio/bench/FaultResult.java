// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

/**
 * The answer to a cell.
 *
 * @param verdict null if there is none: then one of the others says why
 * @param skipped why this machine cannot ask, one sentence, or null
 * @param failed why the case proves nothing, one sentence, or null
 */
record FaultResult(FaultCell cell, FaultVerdict verdict, String skipped, String failed) {
  static FaultResult of(FaultCell cell, FaultVerdict verdict) {
    return new FaultResult(cell, verdict, null, null);
  }

  static FaultResult skipped(FaultCell cell, String why) {
    return new FaultResult(cell, null, why, null);
  }

  static FaultResult failed(FaultCell cell, String why) {
    return new FaultResult(cell, null, null, why);
  }

  /** The outcome's word, or what stands for it. */
  String word() {
    return verdict != null ? verdict.outcome().word() : skipped != null ? "skipped" : "failed";
  }
}

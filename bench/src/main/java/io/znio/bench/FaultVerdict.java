// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

/** What came of a fault, and one sentence about it. */
record FaultVerdict(FaultOutcome outcome, String detail) {
  /** Of something that was thrown. */
  static FaultVerdict of(Throwable t, String before) {
    return new FaultVerdict(
        t instanceof Error ? FaultOutcome.ERROR : FaultOutcome.EXCEPTION,
        before
            + t.getClass().getSimpleName()
            + (t.getMessage() == null ? "" : ": " + t.getMessage()));
  }
}

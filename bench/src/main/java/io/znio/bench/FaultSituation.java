// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import io.znio.bench.FaultOperation.Needs;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What has happened to the memory before it is accessed. */
enum FaultSituation {
  /** A direct buffer was freed, and its memory belongs to somebody else by now. */
  STALE("a direct buffer is freed, its memory given to a new owner, and the old view used"),
  /** A mapping was ended. */
  UNMAPPED("a mapping is ended, and a view of it used"),
  /** The same, and the addresses show another file by now. */
  REMAPPED("a mapping is ended, another file mapped, and the old view used"),
  /** Another process has cut the mapped file short. */
  TRUNCATED("another process cuts a mapped file short, and a lost page is used"),
  /** A hole of a mapped file gets no block. */
  FULL_DISK("a hole of a mapped file is used when its disk is full");

  /** One clause for reports. */
  final String text;

  FaultSituation(String text) {
    this.text = text;
  }

  String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  boolean isMapped() {
    return this != STALE;
  }

  /** Whether there is such a case for an owner, on a JDK of this feature release. */
  private boolean has(FaultOperation operation, FaultImpl impl, int feature) {
    if (operation.needs(Needs.ZNIO) && !impl.isZnio()
        || operation.needs(Needs.MAPPED) && !isMapped()
        || operation.needs(Needs.SEGMENTS) && feature < FaultSegments.SINCE) {
      return false;
    }
    return switch (this) {
      case STALE, UNMAPPED -> true;
      case REMAPPED -> FaultOperation.SAMPLE.contains(operation);
      case TRUNCATED -> operation != FaultOperation.IS_LOADED; // it asks, and gets the truth
      case FULL_DISK -> FaultOperation.ON_A_FULL_DISK.contains(operation);
    };
  }

  List<FaultOperation> operations(FaultImpl impl, int feature) {
    return Arrays.stream(FaultOperation.values())
        .filter(operation -> has(operation, impl, feature))
        .toList();
  }
}

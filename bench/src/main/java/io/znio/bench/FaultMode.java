// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.List;
import java.util.Locale;

/** What executes the access: the child JVM's options, and how often it is repeated before. */
enum FaultMode {
  INT(0, 3, "-Xint"),
  C1(1, 1_500, "-Xbatch", "-XX:TieredStopAtLevel=1"),
  C2(4, 12_000, "-Xbatch");

  /** The tier that HotSpot must have compiled the access with, 0 for none. */
  final int level;

  /** Harmless runs of the access before the fault. */
  final int warmUps;

  /** For the child. {@code -Xbatch}: compiled code is there before the next call. */
  final List<String> options;

  FaultMode(int level, int warmUps, String... options) {
    this.level = level;
    this.warmUps = warmUps;
    this.options = List.of(options);
  }

  String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}

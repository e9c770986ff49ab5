// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.SafetyLevel;
import io.znio.Znio;
import io.znio.bench.SkippedException;
import java.util.Locale;

/** znio's safety level, which a row names and its JVM must have: "znio-checked". */
final class Levels {
  private static final String PREFIX = "znio-";

  private Levels() {}

  static boolean isZnio(String by) {
    return by.startsWith(PREFIX);
  }

  /**
   * Chooses the level that the row names, before anything of znio is used in this JVM.
   *
   * @throws SkippedException if this JVM has another level and cannot have this one
   */
  static void choose(String by) throws SkippedException {
    String level = by.substring(PREFIX.length());
    System.setProperty("io.znio.safety", level);
    Znio.Capabilities can = Znio.capabilities();
    if (can.safety() != SafetyLevel.valueOf(level.toUpperCase(Locale.ROOT))) {
      throw new SkippedException(
          "this JVM has znio's level "
              + can.safety()
              + ", not "
              + level
              + ": every row needs a fork");
    }
  }
}

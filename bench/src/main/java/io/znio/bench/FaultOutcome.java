// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.Locale;

/** How a fault ends for the program that made it. */
enum FaultOutcome {
  /** A Java exception. */
  EXCEPTION,
  /** A Java error, such as InternalError; the message may come some statements late. */
  ERROR,
  /** The access went on with zeros, and the owner of the memory tells file and offset. */
  RESCUED,
  /** The access went on, with whatever bytes, and nobody says a word. */
  SILENT,
  /** The JVM is dead. */
  CRASH;

  String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  static FaultOutcome of(String word) {
    return valueOf(word.toUpperCase(Locale.ROOT));
  }
}

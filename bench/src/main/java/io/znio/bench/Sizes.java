// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Numbers of bytes as people write and read them: 4096, 4k, 4KiB, 64 MiB. */
final class Sizes {
  static final long KIB = 1024;
  static final long MIB = 1024 * KIB;
  static final long GIB = 1024 * MIB;

  private static final Pattern FORM = Pattern.compile("(\\d{1,18})\\s*(?:([kmg])(?:i?b)?|b)?");

  private Sizes() {}

  /** Parses a size in bytes, at least 1. Units are binary: 1k is 1024. */
  static long parse(String text) {
    Matcher matcher = FORM.matcher(text.strip().toLowerCase(Locale.ROOT));
    if (!matcher.matches()) {
      throw new IllegalArgumentException("'" + text + "' is not a size; write 4KiB, 1MiB or 4096");
    }
    long unit =
        switch (matcher.group(2) == null ? "" : matcher.group(2)) {
          case "k" -> KIB;
          case "m" -> MIB;
          case "g" -> GIB;
          default -> 1;
        };
    long count = Long.parseLong(matcher.group(1));
    if (count == 0 || count > Long.MAX_VALUE / unit) {
      throw new IllegalArgumentException("'" + text + "' is out of range; write 1 to 8EiB - 1");
    }
    return count * unit;
  }

  /** Returns the shortest exact form: "4 KiB", "64 MiB", "5000 B". */
  static String text(long bytes) {
    if (bytes >= GIB && bytes % GIB == 0) {
      return bytes / GIB + " GiB";
    }
    if (bytes >= MIB && bytes % MIB == 0) {
      return bytes / MIB + " MiB";
    }
    if (bytes >= KIB && bytes % KIB == 0) {
      return bytes / KIB + " KiB";
    }
    return bytes + " B";
  }
}

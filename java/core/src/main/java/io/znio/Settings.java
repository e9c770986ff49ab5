// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * The system properties of znio. A value that makes no sense is told by a warning of {@code
 * System.Logger} "io.znio", and the default is taken: a typing error must not keep a program from
 * starting.
 */
final class Settings {
  /** What {@link #bytes} gives for "none". */
  static final long NONE = Long.MAX_VALUE;

  /** A step of the coarse clock that births and lifetimes are measured with. */
  static final int TICK_MILLIS = number("io.znio.tickMillis", 10, 1);

  private Settings() {}

  /** One of some words; the first is the default. */
  static String text(String property, String... words) {
    String value = System.getProperty(property);
    List<String> known = Arrays.asList(words);
    if (value == null || value.isEmpty()) {
      return words[0];
    }
    String word = value.toLowerCase(Locale.ROOT);
    if (known.contains(word)) {
      return word;
    }
    warn(property, value, "one of " + known, words[0]);
    return words[0];
  }

  /** A number of bytes, with k, m, g or t behind it, or "none". */
  static long bytes(String property, long otherwise) {
    String value = System.getProperty(property);
    if (value == null || value.isEmpty()) {
      return otherwise;
    }
    String text = value.toLowerCase(Locale.ROOT);
    if (text.equals("none")) {
      return NONE;
    }
    try {
      int unit = "kmgt".indexOf(text.charAt(text.length() - 1)) + 1;
      long number = Long.parseLong(unit == 0 ? text : text.substring(0, text.length() - 1));
      if (number < 0) {
        throw new NumberFormatException("negative");
      }
      return Math.multiplyExact(number, 1L << 10 * unit);
    } catch (NumberFormatException | ArithmeticException e) {
      String usual = otherwise == NONE ? "none" : otherwise + " bytes";
      warn(property, value, "a number of bytes such as 512m, or none", usual);
      return otherwise;
    }
  }

  /** A whole number from {@code least} on. */
  static int number(String property, int otherwise, int least) {
    String value = System.getProperty(property);
    if (value == null || value.isEmpty()) {
      return otherwise;
    }
    try {
      int number = Integer.parseInt(value);
      if (number >= least) {
        return number;
      }
    } catch (NumberFormatException e) {
      // told below
    }
    warn(property, value, "a whole number from " + least + " on", Integer.toString(otherwise));
    return otherwise;
  }

  private static void warn(String property, String value, String wanted, String taken) {
    warn("-D" + property + "=" + value + " is not " + wanted + "; " + taken + " is taken");
  }

  static void warn(String message) {
    System.getLogger("io.znio").log(System.Logger.Level.WARNING, message);
  }
}

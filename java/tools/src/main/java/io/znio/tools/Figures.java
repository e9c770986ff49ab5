// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import java.util.Locale;

/** Figures for people. */
final class Figures {
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

  private Figures() {}

  /** Bytes with three digits, such as {@code 1.50 MiB}; with a sign if they are below 0. */
  static String bytes(long bytes) {
    double size = bytes;
    int unit = 0;
    // 1023.5 would be shown as 1024.
    while (Math.abs(size) >= 1023.5 && unit < UNITS.length - 1) {
      size /= 1024;
      unit++;
    }
    return decimal(size, unit == 0 ? 0 : places(size)) + " " + UNITS[unit];
  }

  /** The same for a difference: with a sign, whatever it is, but for 0. */
  static String bytesChange(long bytes) {
    return (bytes > 0 ? "+" : "") + bytes(bytes);
  }

  static String count(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }

  static String countChange(long count) {
    return (count > 0 ? "+" : "") + count(count);
  }

  /** Milliseconds as seconds with three digits, or as minutes. */
  static String time(double ms) {
    double seconds = ms / 1000;
    return seconds < 60
        ? decimal(seconds, places(seconds)) + " s"
        : String.format(Locale.ROOT, "%d min %02d s", (long) seconds / 60, (long) seconds % 60);
  }

  private static int places(double value) {
    double size = Math.abs(value);
    return size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
  }

  private static String decimal(double value, int places) {
    return String.format(Locale.ROOT, "%." + places + "f", value);
  }
}

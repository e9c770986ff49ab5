// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Counters as a table. */
final class CountersText {
  private static final String[] UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  private static final double KIBI = 1024;

  private CountersText() {}

  /** Every count, as a plain number: for scripts. */
  static String plain(Counters counters) {
    List<List<String>> live = new ArrayList<>();
    live.add(List.of("live", "items", "bytes"));
    for (Counters.Live kind : counters.live()) {
      live.add(List.of(kind.kind(), Long.toString(kind.items()), Long.toString(kind.bytes())));
    }
    List<List<String>> natives = new ArrayList<>();
    List<String> head = new ArrayList<>(counters.columns());
    head.add(0, "native");
    natives.add(head);
    for (Counters.Row row : counters.rows()) {
      List<String> line = new ArrayList<>(List.of(row.name()));
      for (long cell : row.cells()) {
        line.add(Long.toString(cell));
      }
      natives.add(line);
    }
    return table(live) + "\n" + table(natives) + unseen(counters);
  }

  /**
   * What has been called, and how fast.
   *
   * @param before the counters some time ago
   * @param seconds how long ago
   */
  static String withRates(Counters before, Counters now, double seconds) {
    List<List<String>> live = new ArrayList<>();
    live.add(List.of("live", "items", "items/s", "bytes", "bytes/s"));
    for (int i = 0; i < now.live().size(); i++) {
      Counters.Live was = before.live().get(i);
      Counters.Live is = now.live().get(i);
      live.add(
          List.of(
              is.kind(),
              count(is.items()),
              rate(is.items() - was.items(), seconds),
              bytes(is.bytes()),
              bytes((is.bytes() - was.bytes()) / seconds)));
    }
    List<List<String>> natives = new ArrayList<>();
    natives.add(List.of("native", "calls", "calls/s", "bytes", "bytes/s", "short", "failed"));
    for (int i = 0; i < now.rows().size(); i++) {
      Counters.Row row = now.rows().get(i);
      if (now.of(row, "calls") > 0) {
        natives.add(line(before, before.rows().get(i), now, row, seconds));
      }
    }
    return table(live) + "\n" + table(natives) + unseen(now);
  }

  private static List<String> line(
      Counters before, Counters.Row was, Counters now, Counters.Row is, double seconds) {
    return List.of(
        is.name(),
        count(now.of(is, "calls")),
        rate(now.of(is, "calls") - before.of(was, "calls"), seconds),
        bytes(now.of(is, "bytes")),
        bytes((now.of(is, "bytes") - before.of(was, "bytes")) / seconds),
        count(now.of(is, "short")),
        count(now.of(is, "failed")));
  }

  private static String unseen(Counters counters) {
    return counters.unseen() == 0
        ? ""
        : String.format(
            "%nCounts of %d threads are missing until they end: there are more threads than have"
                + " room.%n",
            counters.unseen());
  }

  private static String count(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  private static String rate(long more, double seconds) {
    return String.format(Locale.ROOT, "%,.0f", more / seconds);
  }

  /** In the unit that leaves less than 1024 of it. */
  static String bytes(double bytes) {
    double number = bytes;
    int unit = 0;
    while (Math.abs(number) >= KIBI && unit < UNITS.length - 1) {
      number /= KIBI;
      unit++;
    }
    return String.format(Locale.ROOT, unit == 0 ? "%.0f %s" : "%.1f %s", number, UNITS[unit]);
  }

  /** The first column to the left, the others to the right. */
  private static String table(List<List<String>> lines) {
    StringBuilder text = new StringBuilder();
    for (List<String> line : lines) {
      for (int column = 0; column < line.size(); column++) {
        int index = column;
        int width = lines.stream().mapToInt(other -> other.get(index).length()).max().orElse(1);
        String format = column == 0 ? "%-" + width + "s" : "  %" + width + "s";
        text.append(String.format(format, line.get(column)));
      }
      text.append(System.lineSeparator());
    }
    return text.toString();
  }
}

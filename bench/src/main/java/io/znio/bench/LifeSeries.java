// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;
import java.util.Locale;

/**
 * Counters over time, kept where one of them changed. Written by one thread; read by others when
 * that has ended.
 */
final class LifeSeries {
  /** What is counted. Bytes may be {@link LifeSubject#NONE}. */
  enum Column {
    LIVE_ITEMS,
    RESIDENT_BYTES,
    WAITING_BYTES,
    ALLOCATOR_BYTES
  }

  private static final Column[] COLUMNS = Column.values();
  private static final int FIRST_ROWS = 4096;

  /** Smaller changes of bytes are other things that the JVM does. */
  private static final long NOISE_BYTES = 32 * Sizes.KIB;

  /** Points of a curve that are worth a reader's while. */
  private static final int POINTS_MAX = 160;

  private long[] times = new long[FIRST_ROWS];
  private final long[][] values = new long[COLUMNS.length][FIRST_ROWS];
  private int rows;
  private long samples;
  private long begin;
  private long end;

  /** Adds the counters at a time, which never goes back; one value for each column. */
  void add(long nanos, long... now) {
    if (samples++ == 0) {
      begin = nanos;
    }
    end = nanos;
    if (rows > 0 && !hasChanged(now)) {
      return;
    }
    if (rows == times.length) {
      times = Arrays.copyOf(times, 2 * rows);
      for (int i = 0; i < values.length; i++) {
        values[i] = Arrays.copyOf(values[i], 2 * rows);
      }
    }
    times[rows] = nanos;
    for (int i = 0; i < values.length; i++) {
      values[i][rows] = now[i];
    }
    rows++;
  }

  private boolean hasChanged(long[] now) {
    for (int i = 0; i < values.length; i++) {
      long noise = i == 0 ? 0 : NOISE_BYTES;
      if (Math.abs(now[i] - values[i][rows - 1]) > noise) {
        return true;
      }
    }
    return false;
  }

  long last(Column column) {
    return values[column.ordinal()][rows - 1];
  }

  /** The value at a time: that of the last row up to it. */
  long at(long nanos, Column column) {
    int row = 0;
    while (row + 1 < rows && times[row + 1] <= nanos) {
      row++;
    }
    return values[column.ordinal()][row];
  }

  /**
   * When a counter fell, from {@code from} on, to {@code level} or below, to stay there to the end;
   * -1 if it did not.
   */
  long fell(Column column, long from, long level) {
    return fell(new Column[] {column}, from, level);
  }

  /** The same of the sum of columns. */
  long fell(Column[] columns, long from, long level) {
    long found = -1;
    for (int row = rows - 1; row >= 0 && times[row] >= from; row--) {
      long sum = 0;
      for (Column column : columns) {
        sum += values[column.ordinal()][row];
      }
      if (sum > level) {
        break;
      }
      found = times[row];
    }
    return found;
  }

  /** Mean time between two samples in microseconds. */
  double sampleMicros() {
    return samples < 2 ? 0 : (end - begin) / 1e3 / (samples - 1);
  }

  /** Parallel arrays, times in milliseconds after {@code zero}, from {@code from} on. */
  ObjectNode json(long zero, long from) {
    int first = 0;
    while (first < rows - 1 && times[first] < from) {
      first++;
    }
    int count = rows - first;
    int points = Math.min(count, POINTS_MAX);
    ObjectNode node = Json.object();
    ArrayNode ms = node.putArray("ms");
    for (int i = 0; i < points; i++) {
      ms.add(millis(times[row(first, count, points, i)] - zero));
    }
    ms.add(millis(end - zero)); // the last values held until here
    for (Column column : COLUMNS) {
      if (last(column) == LifeSubject.NONE) {
        continue;
      }
      ArrayNode array = node.putArray(column.name().toLowerCase(Locale.ROOT));
      for (int i = 0; i < points; i++) {
        array.add(values[column.ordinal()][row(first, count, points, i)]);
      }
      array.add(last(column));
    }
    return node;
  }

  private static int row(int first, int count, int points, int i) {
    return points < 2 ? first : first + (int) ((long) i * (count - 1) / (points - 1));
  }

  /** Milliseconds with three digits behind the point. */
  static double millis(long nanos) {
    return Math.round(nanos / 1e3) / 1e3;
  }
}

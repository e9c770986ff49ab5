// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * One row of the chapter "lifecycle". Each of its measurements has a JVM of its own.
 *
 * @param op "buffers" (a picture over time), "many" (the cost of cleaning), "mappings", "limit"
 * @param impl "jdk" or "znio"
 * @param jdk version of the JVM
 * @param level znio's level of safety; null for the JDK
 * @param by how the memory ends: "free" (by its owner's call) or "gc" (dropped); null for limit
 * @param leaks the value of io.znio.leaks; null where it does not matter
 * @param content what fills the memory of op limit: "live" or "garbage"; else null
 * @param collect the value of io.znio.collectAtLimit; null where it does not matter
 * @param count items; 0 for limit
 * @param size bytes of an item
 */
record LifeRow(
    String op,
    String impl,
    String jdk,
    String level,
    String by,
    String leaks,
    String content,
    String collect,
    int count,
    int size) {

  private static final long LIMIT = 64 * Sizes.MIB;
  private static final long NO_LIMIT = Sizes.GIB;
  private static final int HOLD_MILLIS = 30;
  private static final int ATTEMPTS = 2;
  private static final int BUFFERS = 32;
  private static final int BUFFER_BYTES = 4 * (int) Sizes.MIB;
  private static final int MAPPINGS = 32;
  private static final int SMALL_BYTES = 64;
  private static final List<String> LEVELS = List.of("checked", "tracked");

  /** "jdk 17, dropped" and the like, unique in its op and count. */
  String label() {
    List<String> words = new ArrayList<>();
    words.add(impl + " " + jdk.split("[.+]")[0] + (level == null ? "" : " " + level));
    if (by != null) {
      words.add(by.equals("gc") ? "dropped" : impl.equals("jdk") ? "invokeCleaner" : "closed");
    }
    if (leaks != null) {
      words.add("leaks=" + leaks);
    }
    if (content != null) {
      words.add(content);
    }
    if ("on".equals(collect)) {
      words.add("collectAtLimit");
    }
    return String.join(", ", words);
  }

  /** Options of the JVM: a small heap whose pages are all there, so that it does not grow. */
  List<String> jvmOptions() {
    long limit = op.equals("limit") ? LIMIT : NO_LIMIT;
    String heap = op.equals("many") ? "128m" : "64m";
    List<String> options =
        new ArrayList<>(
            List.of(
                "-Xms" + heap,
                "-Xmx" + heap,
                "-XX:+AlwaysPreTouch",
                "-XX:MaxDirectMemorySize=" + limit,
                "-Dio.znio.maxBytes=" + limit));
    add(options, "safety", level);
    add(options, "leaks", leaks);
    add(options, "sites", "full".equals(leaks) && !op.equals("many") ? "1" : null);
    add(options, "collectAtLimit", collect);
    return options;
  }

  private static void add(List<String> options, String property, String value) {
    if (value != null) {
      options.add("-Dio.znio." + property + "=" + value);
    }
  }

  /** The command for one measurement, without the words that only the session knows. */
  Wire command(boolean quick) {
    Wire wire =
        new Wire("lifecycle")
            .with("op", op)
            .with("impl", impl)
            .with("level", level)
            .with("size", size);
    if (op.equals("limit")) {
      return wire.with("content", content).with("limit", LIMIT).with("attempts", ATTEMPTS);
    }
    return wire.with("by", by)
        .with("leaks", leaks)
        .with("count", count)
        .with("hold", HOLD_MILLIS)
        .with("watch", quick ? 250 : 3000);
  }

  /** All rows of a run; where time is short, the level that is the default stands for both. */
  static List<LifeRow> all(List<String> jdks, boolean quick) {
    List<LifeRow> rows = new ArrayList<>();
    List<String> levels = quick ? List.of("checked") : LEVELS;
    for (String jdk : jdks) {
      addLives(rows, jdk, "buffers", LEVELS, BUFFERS, BUFFER_BYTES);
      if (!quick) {
        rows.add(znio("buffers", jdk, "checked", "gc", "sampled", BUFFERS, BUFFER_BYTES));
      }
      for (int count : quick ? new int[] {100_000} : new int[] {1000, 10_000, 100_000}) {
        rows.add(jdk("many", jdk, "gc", count, SMALL_BYTES));
        for (String level : levels) {
          rows.add(znio("many", jdk, level, "gc", "full", count, SMALL_BYTES));
        }
        if (!quick) {
          rows.add(znio("many", jdk, "checked", "gc", "sampled", count, SMALL_BYTES));
        }
      }
      addLives(rows, jdk, "mappings", levels, MAPPINGS, (int) Sizes.MIB);
      addLimits(rows, jdk, levels);
    }
    return rows;
  }

  private static LifeRow jdk(String op, String jdk, String by, int count, int size) {
    return new LifeRow(op, "jdk", jdk, null, by, null, null, null, count, size);
  }

  private static LifeRow znio(
      String op, String jdk, String level, String by, String leaks, int count, int size) {
    return new LifeRow(op, "znio", jdk, level, by, leaks, null, null, count, size);
  }

  private static void addLives(
      List<LifeRow> rows, String jdk, String op, List<String> levels, int count, int size) {
    for (String by : List.of("gc", "free")) {
      rows.add(jdk(op, jdk, by, count, size));
      // Mappings are all watched, buffers when that is asked for.
      String leaks = by.equals("gc") && op.equals("buffers") ? "full" : null;
      for (String level : levels) {
        rows.add(znio(op, jdk, level, by, leaks, count, size));
      }
    }
  }

  private static void addLimits(List<LifeRow> rows, String jdk, List<String> levels) {
    int size = (int) Sizes.MIB;
    for (String content : List.of("live", "garbage")) {
      // Without it, of what was dropped only that is ever freed whose place of birth was sampled.
      String leaks = content.equals("garbage") ? "full" : null;
      rows.add(new LifeRow("limit", "jdk", jdk, null, null, null, content, null, 0, size));
      for (String level : levels) {
        rows.add(new LifeRow("limit", "znio", jdk, level, null, leaks, content, "off", 0, size));
      }
      rows.add(new LifeRow("limit", "znio", jdk, "checked", null, leaks, content, "on", 0, size));
    }
  }
}

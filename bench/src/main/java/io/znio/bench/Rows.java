// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The rows of the chapter "paths", as data: everything that is compared is listed here. */
final class Rows {
  /**
   * The paths between two kinds of ends.
   *
   * @param baseline the JDK path that the ratios are taken to
   * @param paths what impl c and znio run
   * @param jdk what impl jdk runs
   * @param sizes which of the sizes make sense; an empty list means all
   */
  private record Pair(
      String source,
      String target,
      Row.Place place,
      String baseline,
      List<String> paths,
      List<String> jdk,
      List<Long> sizes) {
    Pair paths(String... more) {
      return paths(List.of(more));
    }

    Pair paths(List<String> more) {
      return new Pair(source, target, place, baseline, concat(paths, more), jdk, sizes);
    }

    Pair jdk(List<String> more) {
      return new Pair(source, target, place, baseline, paths, concat(jdk, more), sizes);
    }

    Pair sizes(Long... only) {
      return new Pair(source, target, place, baseline, paths, jdk, List.of(only));
    }
  }

  private static final List<String> LOOPS = List.of("map-write", "heap-loop", "direct-loop");
  private static final List<String> JDK_SENDS = concat(List.of("transferTo"), LOOPS);
  private static final List<String> JDK_RECEIVES =
      List.of("transferFrom", "heap-loop", "direct-loop");
  private static final List<String> RECEIVES = List.of("read-write", "splice", "auto");

  private static final List<Pair> PAIRS =
      List.of(
          pair("file", "tcp", null, "transferTo")
              .paths("read-write", "mmap-write", "sendfile", "splice", "vmsplice", "tee")
              .paths("msg-zerocopy", "direct-uring", "uring-registered", "uring-send-zc")
              .paths("private-map", "auto")
              .jdk(JDK_SENDS),
          pair("file", "unix", null, "transferTo")
              .paths("read-write", "mmap-write", "sendfile", "splice", "vmsplice", "tee")
              .paths("direct-uring", "uring-registered", "private-map", "memfd", "auto")
              .jdk(JDK_SENDS),
          pair("file", "pipe", null, "transferTo")
              .paths("read-write", "mmap-write", "sendfile", "splice", "vmsplice", "tee")
              .paths("direct-uring", "uring-registered", "private-map", "auto")
              .jdk(JDK_SENDS),
          pair("file", "file", null, "transferTo")
              .paths("read-write", "mmap-write", "sendfile", "splice", "copy-file-range")
              .paths("reflink", "direct-uring", "uring-registered", "auto")
              .jdk(concat(JDK_SENDS, List.of("transferFrom"))),
          pair("file", "file", Row.Place.XFS, "transferTo")
              .paths("read-write", "sendfile", "copy-file-range", "reflink", "direct-uring", "auto")
              .jdk(List.of("transferTo", "transferFrom")),
          pair("file", "memory", null, "direct-loop")
              .paths("read-write", "private-map", "direct-uring", "uring-registered")
              .jdk(List.of("heap-loop", "direct-loop")),
          pair("memory", "tcp", null, "map-write")
              .paths("read-write", "vmsplice", "msg-zerocopy", "uring-send-zc")
              .jdk(List.of("map-write")),
          pair("memory", "unix", null, "map-write")
              .paths("read-write", "vmsplice", "memfd")
              .jdk(List.of("map-write")),
          pair("memory", "pipe", null, "map-write")
              .paths("read-write", "vmsplice")
              .jdk(List.of("map-write")),
          pair("tcp", "file", null, "transferFrom").paths(RECEIVES).jdk(JDK_RECEIVES),
          pair("unix", "file", null, "transferFrom").paths(RECEIVES).jdk(JDK_RECEIVES),
          pair("pipe", "file", null, "transferFrom").paths(RECEIVES).jdk(JDK_RECEIVES),
          pair("file", "tcp", null, "transferTo-loop")
              .paths("regions")
              .jdk(List.of("transferTo-loop", "mapped-writev"))
              .sizes(4 * Sizes.KIB, 64 * Sizes.KIB),
          pair("file", "unix", null, "transferTo-loop")
              .paths("regions")
              .jdk(List.of("transferTo-loop", "mapped-writev"))
              .sizes(4 * Sizes.KIB, 64 * Sizes.KIB),
          pair("file", "tcp", Row.Place.VETH, "transferTo")
              .paths("read-write", "sendfile")
              .jdk(List.of("transferTo")),
          pair("file", "tcp", Row.Place.VETH_NO_GATHER, "transferTo").paths("sendfile-nogather"));

  /** Rows from file to tcp that --quick measures with the file's own size too. */
  private static final Set<String> QUICK_WITH_OWN_SIZE =
      Set.of("read-write", "sendfile", "transferTo", "auto");

  private Rows() {}

  /** The sizes of a full run, the file's own left out. */
  static List<Long> sizes(boolean quick) {
    List<Long> sizes = new ArrayList<>(List.of(4 * Sizes.KIB, 64 * Sizes.KIB, Sizes.MIB));
    if (!quick) {
      sizes.add(64 * Sizes.MIB);
    }
    return sizes;
  }

  /**
   * Lists what is to be measured, in the order of the report.
   *
   * @param jdks versions of the JVMs that run impl znio and jdk; the first serves impl c's ratios
   */
  static List<Row> measured(Settings settings, List<String> jdks) {
    List<Row> rows = new ArrayList<>();
    for (Pair pair : PAIRS) {
      for (long size : sizesOf(pair, settings)) {
        add(rows, pair, size, settings, jdks);
      }
    }
    return rows;
  }

  /** Lists the rows that can only be explained. */
  static List<Row> explained(Settings settings) {
    List<Row> rows = new ArrayList<>();
    for (String path : PathFacts.get().all().keySet()) {
      if (PathFacts.get().isExplainedOnly(path) && settings.wantsPath(path)) {
        rows.add(new Row(path, null, null, "file", "memory", 0, null, null));
      }
    }
    return rows;
  }

  private static Set<Long> sizesOf(Pair pair, Settings settings) {
    Set<Long> sizes = new LinkedHashSet<>();
    for (long size : settings.sizes()) {
      if (pair.sizes.isEmpty() || pair.sizes.contains(size)) {
        sizes.add(size);
      }
    }
    boolean whole =
        !settings.quick()
            || pair.place == null && pair.source.equals("file") && pair.target.equals("tcp");
    if (settings.ownSize() && pair.sizes.isEmpty() && whole) {
      sizes.add(settings.fileSize());
    }
    if (settings.quick() && pair.sizes.size() > 1) {
      // A batch of 1,000 regions of the larger size is 64 MiB, in every round of every row.
      sizes.removeAll(pair.sizes.subList(1, pair.sizes.size()));
    }
    return sizes;
  }

  private static void add(
      List<Row> rows, Pair pair, long size, Settings settings, List<String> jdks) {
    if (!settings.wantsTarget(pair.target)) {
      return;
    }
    List<Row> wanted = new ArrayList<>();
    for (String path : pair.paths) {
      if (settings.wantsPath(path) && wantsSize(path, size, settings)) {
        wanted.add(row(pair, path, "c", null, size));
        jdks.forEach(jdk -> wanted.add(row(pair, path, "znio", jdk, size)));
      }
    }
    // The pair of cards that gathers has the baseline of the one that does not.
    boolean beside = pair.place == Row.Place.VETH && settings.wantsPath("sendfile-nogather");
    boolean compared = !wanted.isEmpty() || beside;
    for (String path : pair.jdk) {
      boolean asked = settings.wantsPath(path) && wantsSize(path, size, settings);
      if (asked || compared && path.equals(pair.baseline)) {
        jdks.forEach(jdk -> wanted.add(row(pair, path, "jdk", jdk, size)));
      }
    }
    rows.addAll(wanted);
  }

  private static boolean wantsSize(String path, long size, Settings settings) {
    boolean own = settings.ownSize() && size == settings.fileSize();
    return !settings.quick()
        || settings.sizes().contains(size)
        || own && QUICK_WITH_OWN_SIZE.contains(path);
  }

  private static Row row(Pair pair, String path, String impl, String jdk, long size) {
    return new Row(path, impl, jdk, pair.source, pair.target, size, pair.place, pair.baseline);
  }

  private static Pair pair(String source, String target, Row.Place place, String baseline) {
    return new Pair(source, target, place, baseline, List.of(), List.of(), List.of());
  }

  private static List<String> concat(List<String> first, List<String> second) {
    List<String> all = new ArrayList<>(first);
    all.addAll(second);
    return List.copyOf(all);
  }
}

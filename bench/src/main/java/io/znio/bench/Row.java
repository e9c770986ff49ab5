// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

/**
 * One row of the chapter "paths": what is done, by whom, between which ends, in which size.
 *
 * @param path a name of {@code paths.json}
 * @param impl "c", "znio" or "jdk"; null for rows that are only explained
 * @param jdk the version of the JVM that runs the row; null for impl c
 * @param source kind of end: file, tcp, unix, pipe or memory
 * @param target kind of end
 * @param size bytes of one transfer; with region lists, of one region
 * @param place where the row runs when that is not the plain machine, or null
 * @param baseline the JDK path that the ratio is taken to, or null
 */
record Row(
    String path,
    String impl,
    String jdk,
    String source,
    String target,
    long size,
    Place place,
    String baseline) {

  /** Somewhere that was set up for some rows. */
  enum Place {
    /** A veth pair, the peer in a network namespace of its own. */
    VETH,
    /** The same pair with scatter-gather switched off. */
    VETH_NO_GATHER,
    /** A scratch file system image: XFS with reflink. */
    XFS
  }

  boolean isBaseline() {
    return path.equals(baseline) && "jdk".equals(impl);
  }

  /** The file system that the row is about, if it brings its own. */
  String fs() {
    return place == Place.XFS ? "xfs" : null;
  }

  /** The network that the row is about, if it brings its own. */
  String network() {
    return place == Place.VETH || place == Place.VETH_NO_GATHER ? "veth" : null;
  }

  /** Rows with the same group are compared with one another, so their rounds are interleaved. */
  Group group() {
    return new Group(source, target, size, fs(), network(), baseline);
  }

  /** What rows that are compared have in common. */
  record Group(
      String source, String target, long size, String fs, String network, String baseline) {
    /** Returns a heading: "file → tcp (veth), 4 KiB". */
    String title() {
      String where = fs != null ? " (" + fs + ")" : network != null ? " (" + network + ")" : "";
      String lists = "transferTo-loop".equals(baseline) ? ", lists of 1,000 regions" : "";
      return source + " → " + target + where + lists + ", " + Sizes.text(size);
    }
  }

  /** The worker that can run it: "c", or "java " and the JDK. */
  String worker() {
    return "c".equals(impl) ? "c" : "java " + jdk;
  }

  @Override
  public String toString() {
    return path + " (" + impl + (jdk == null ? "" : " " + jdk) + "), " + group().title();
  }
}

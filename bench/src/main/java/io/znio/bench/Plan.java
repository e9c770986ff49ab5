// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.nio.file.Path;

/**
 * What a worker was told to do: the words of a command {@code run} or {@code probe}, checked.
 *
 * @param file the source file; null for probes
 * @param peer the command that starts the peer, its words separated by blanks
 * @param address where the peer listens, or null for loopback
 * @param mark identifier for a trace, or null
 */
record Plan(
    String impl,
    String path,
    String source,
    String target,
    Path file,
    Path scratch,
    long size,
    long bytes,
    int depth,
    String ipv,
    String address,
    String peer,
    boolean flip,
    String mark) {

  static Plan of(Wire wire) {
    return new Plan(
        wire.need("impl"),
        wire.has("path") ? wire.get("path") : "auto",
        wire.has("source") ? wire.get("source") : "file",
        wire.need("target"),
        wire.has("file") ? Path.of(wire.get("file")) : null,
        Path.of(wire.need("scratch")),
        wire.has("size") ? wire.needLong("size") : 0,
        wire.has("bytes") ? wire.needLong("bytes") : 0,
        wire.has("depth") ? (int) wire.needLong("depth") : 0,
        wire.get("ipv"),
        wire.get("address"),
        peerOf(wire),
        "1".equals(wire.get("flip")),
        wire.get("mark"));
  }

  static String peerOf(Wire wire) {
    if (wire.has("peer")) {
      return wire.get("peer");
    }
    String directory = System.getProperty("znio.bench.c");
    if (directory == null) {
      throw new IllegalArgumentException("peer= is missing, and -Dznio.bench.c=DIR too");
    }
    return directory + "/znio-bench-peer";
  }

  /** The same plan about another file, for probes, which transfer all of it once. */
  Plan about(Path other, long count) {
    return new Plan(
        impl, path, source, target, other, scratch, count, count, depth, ipv, address, peer, flip,
        mark);
  }

  /** Whether the path takes lists of regions. */
  boolean isList() {
    return path.equals("regions") || path.equals("transferTo-loop") || path.equals("mapped-writev");
  }

  /** Whether the peer sends and this side receives. */
  boolean peerSends() {
    return isStream(source);
  }

  boolean peerReceives() {
    return isStream(target);
  }

  private static boolean isStream(String kind) {
    return kind.equals("tcp") || kind.equals("unix") || kind.equals("pipe");
  }

  /** "sendfile from file to tcp" */
  String label() {
    return path + " from " + source + " to " + target;
  }
}

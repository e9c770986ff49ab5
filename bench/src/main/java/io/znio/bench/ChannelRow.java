// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One row of the chapter "channel".
 *
 * @param op a name of {@link ChannelRows}
 * @param impl whose channel it is: {@code znio}'s or the {@code jdk}'s
 * @param jdk the version of the JVM
 * @param buffer {@code heap} or {@code direct}; null where no buffer is given
 * @param peer the other end of a transfer; null for the other operations
 * @param size bytes of one operation
 * @param threads that do the same on one channel at the same time
 */
record ChannelRow(
    String op, String impl, String jdk, String buffer, String peer, long size, int threads) {
  static final String BASELINE = "jdk";

  /** Rows with the same group are compared with one another, so their rounds are interleaved. */
  record Group(String op, String buffer, String peer, long size, int threads) {
    /** Returns a heading: "read-at, heap, 4 KiB, 2 threads". */
    String title() {
      return Stream.of(
              op, buffer, peer, Sizes.text(size), threads > 1 ? threads + " threads" : null)
          .filter(word -> word != null)
          .collect(Collectors.joining(", "));
    }
  }

  Group group() {
    return new Group(op, buffer, peer, size, threads);
  }

  /** The JVM that runs it: one for each channel, so that none spoils the other's code. */
  String worker() {
    return "java " + jdk + " channel " + impl;
  }

  boolean isTransfer() {
    return peer != null;
  }

  /** Whether this is the row of the JDK's channel that does the same. */
  boolean isBaselineOf(ChannelRow row) {
    return impl.equals(BASELINE) && jdk.equals(row.jdk) && group().equals(row.group());
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * What the user asked for, checked. Immutable.
 *
 * @param file the file that is measured; readable and not empty
 * @param fileSize its size in bytes
 * @param quick short measurements of fewer sizes
 * @param only path names; empty means all
 * @param sizes transfer sizes in bytes, without the file's own
 * @param ownSize whether rows with the file's own size are wanted
 * @param targets kinds of targets; empty means all
 * @param rounds measurements of each row
 * @param flip whether the peer shall flip a bit, to show that verification works
 * @param seed of the order of rows in each round
 * @param jdks java launchers beside the one that runs this program
 * @param runner the C runner's program
 * @param peer the peer's program
 * @param sizesGiven whether the user has chosen the sizes
 * @param peers other libraries that are measured too
 * @param scratch an empty directory for files of the measurements
 */
record Settings(
    Path file,
    long fileSize,
    boolean quick,
    Set<String> only,
    List<Long> sizes,
    boolean ownSize,
    Set<String> targets,
    int rounds,
    boolean flip,
    long seed,
    List<Path> jdks,
    Path runner,
    Path peer,
    boolean sizesGiven,
    Set<String> peers,
    Path scratch) {

  boolean wantsPath(String path) {
    return only.isEmpty() || only.contains(path);
  }

  boolean wantsTarget(String target) {
    return targets.isEmpty() || targets.contains(target);
  }

  /** Nanoseconds that one measurement should take at least. */
  long measurementNanos() {
    return quick ? 5_000_000 : 25_000_000;
  }

  /** Nanoseconds of work after which a JVM is taken to have compiled a path. */
  long warmUpNanos() {
    return quick ? 80_000_000 : 300_000_000;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import io.znio.bench.Shell.ShellException;
import java.nio.file.Path;
import java.util.List;

/** Asks the file system whether a file's blocks belong to another file as well. */
final class Extents {
  private Extents() {}

  /** True if every extent is shared; null if nobody can say (no filefrag, no FIEMAP). */
  static Boolean areShared(Path file) throws InterruptedException {
    try {
      // -s: what is still in memory only gets its blocks first.
      return allShared(Shell.run("filefrag", "-s", "-v", file.toString()));
    } catch (ShellException e) {
      return null;
    }
  }

  /** Reads filefrag's table: one line for each extent, numbered, with its flags at the end. */
  static Boolean allShared(String table) {
    List<String> extents = table.lines().filter(line -> line.matches("\\s*\\d+:.*")).toList();
    if (extents.isEmpty()) {
      return null;
    }
    return extents.stream().allMatch(line -> line.contains("shared"));
  }
}

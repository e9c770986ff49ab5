// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import io.znio.bench.Places.Site;
import io.znio.bench.Shell.ShellException;
import java.util.Set;

/** What a row may take of the machine, and why it cannot run where it cannot. */
final class Feasible {
  /** Regions that one call of a list takes. */
  static final int REGIONS = 1000;

  private static final Set<String> LISTS = Set.of("regions", "transferTo-loop", "mapped-writev");
  private static final long QUICK_SIZE_MAX = 256 * Sizes.MIB;

  private Feasible() {}

  static int regionsPerCall(Row row) {
    return LISTS.contains(row.path()) ? REGIONS : 1;
  }

  /** The most bytes that one measurement moves, where a single transfer is not larger still. */
  static long bytesMax(Row row, boolean quick) {
    return switch (row.target()) {
      // All of it is put aside and hashed after the clock has stopped.
      case "memory" -> (quick ? 16 : 64) * Sizes.MIB;
      case "file" -> (quick ? 32 : row.place() == Row.Place.XFS ? 128 : 256) * Sizes.MIB;
      default -> Sizes.GIB;
    };
  }

  /** Returns the sentence that says why a row cannot run here, or null. */
  static String whyNot(Row row, Settings settings, Places places) throws InterruptedException {
    Site site;
    try {
      site = places.of(row.place());
    } catch (ShellException e) {
      return e.getMessage();
    }
    if (row.size() > site.fileSize()) {
      return site.fileSize() < settings.fileSize()
          ? "the scratch file system holds only the file's first " + Sizes.text(site.fileSize())
          : "the file has only " + Sizes.text(site.fileSize());
    }
    if (settings.quick() && row.size() > QUICK_SIZE_MAX) {
      return "--quick leaves out transfers over " + Sizes.text(QUICK_SIZE_MAX);
    }
    if (row.target().equals("memory") && row.size() > Sizes.GIB) {
      return "a transfer into memory of over 1 GiB is not measured";
    }
    if (row.target().equals("file")) {
      return whyNoSpace(Math.max(row.size(), bytesMax(row, settings.quick())), site);
    }
    return null;
  }

  private static String whyNoSpace(long bytes, Site site) {
    long free = FileSystemFacts.usableBytes(site.scratch());
    return bytes < free
        ? null
        : "the scratch directory has "
            + free / Sizes.MIB
            + " MiB free, and "
            + bytes / Sizes.MIB
            + " MiB are needed";
  }
}

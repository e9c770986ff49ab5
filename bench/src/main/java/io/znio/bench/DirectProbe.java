// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.znio.Mapping;
import io.znio.Transfer;
import io.znio.TransferException;
import io.znio.TransferPath;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/**
 * The probe of O_DIRECT: pages of a file that were not in the page cache before a transfer, and are
 * not there afterwards, did not pass through it.
 *
 * <p>Java cannot drop a file from the cache. A file that was itself written by O_DIRECT never was
 * in it, so the probe's file is copied that way first.
 */
final class DirectProbe {
  /** On others the absence of pages proves nothing. */
  private static final Set<String> FILE_SYSTEMS = Set.of("ext4", "xfs");

  private static final int PAGE = 4096;

  private DirectProbe() {}

  static ObjectNode run(Plan plan, Ends ends, Path file) throws IOException, SkippedException {
    Path fresh = Files.createTempFile(plan.scratch(), "znio-direct-", ".bin");
    Path copy = Files.createTempFile(plan.scratch(), "znio-direct-", ".copy");
    try (FileChannel source = Run.openForBoth(fresh);
        FileChannel target = Run.openForBoth(copy)) {
      move(Transfer.from(ends.file, 0).to(source, 0));
      source.force(true);
      long before = resident(source);
      if (before != 0 || !FILE_SYSTEMS.contains(FileSystemFacts.type(file))) {
        return answer(
            "not-applicable",
            "This file system keeps or shows pages in memory in its own way, so that their absence"
                + " proves nothing (ext4 and XFS can be asked).");
      }
      boolean toFile = plan.target().equals("file");
      // Aligned: a direct buffer of the JDK need not be.
      ByteBuffer memory = ByteBuffer.allocateDirect(Probe.BYTES + PAGE).alignedSlice(PAGE);
      Transfer transfer = Transfer.from(source, 0);
      move(toFile ? transfer.to(target, 0) : transfer.to(memory.limit(Probe.BYTES)));
      long after = resident(source) + (toFile ? resident(target) : 0);
      return answer(
          after == 0 ? "shared" : "copied",
          "After the transfer "
              + after
              + " pages of the source"
              + (toFile ? " and the target" : "")
              + " were in the page cache: "
              + (after == 0
                  ? "the device wrote to and read from the program's memory itself."
                  : "those bytes were copied through it."));
    } finally {
      Files.deleteIfExists(fresh);
      Files.deleteIfExists(copy);
    }
  }

  private static void move(Transfer transfer) throws IOException, SkippedException {
    try {
      long moved = transfer.via(TransferPath.DIRECT_URING).count(Probe.BYTES).transfer();
      if (moved != Probe.BYTES) {
        Mover.ended(Probe.BYTES - moved);
      }
    } catch (TransferException | IllegalArgumentException e) {
      throw ZnioMovers.refusal(e);
    }
  }

  private static long resident(FileChannel file) throws IOException {
    try (Mapping mapping = Mapping.map(file, Mapping.Mode.READ_ONLY, 0, Probe.BYTES)) {
      return mapping.residentPages();
    }
  }

  private static ObjectNode answer(String verdict, String how) {
    return Json.object().put("ok", true).put("probe", verdict).put("how", how);
  }
}

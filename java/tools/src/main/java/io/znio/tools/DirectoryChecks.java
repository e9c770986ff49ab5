// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import io.znio.Transfer;
import io.znio.TransferPath;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * What the file system of a directory can do, found by doing it with files that are removed again.
 *
 * @param directory where data lies
 */
record DirectoryChecks(Path directory) {
  private static final int BYTES = 1 << 20; // whole blocks of every file system

  List<Finding> all() {
    List<Finding> findings = new ArrayList<>();
    Path source = null;
    try {
      String type = Files.getFileStore(directory).type();
      source = Files.createTempFile(directory, "znio-doctor-", ".source");
      Files.write(source, new byte[BYTES]);
      findings.add(Finding.ok("file system", type + ", " + directory));
      findings.add(
          trial(
              source,
              TransferPath.REFLINK,
              "reflink",
              type + " cannot share extents, so copies of files are copies: XFS and Btrfs can"));
      findings.add(
          trial(
              source,
              TransferPath.DIRECT_URING,
              "O_DIRECT, io_uring",
              "the path direct-uring is not to be had here: "
                  + type
                  + " may lack O_DIRECT; io_uring may be switched off (kernel.io_uring_disabled) or"
                  + " refused by seccomp"));
      findings.add(
          trial(
              source,
              TransferPath.URING_REGISTERED,
              "registered buffers",
              "the path uring-registered is not to be had here: raise the limit of locked memory"
                  + " (ulimit -l), or let io_uring through (kernel.io_uring_disabled, seccomp)"));
    } catch (IOException e) {
      findings.add(
          Finding.limit(
              "file system",
              directory + ": " + e,
              "name a directory that you can write, or make room in this one"));
    } finally {
      remove(source);
    }
    return findings;
  }

  /** One transfer by this path and no other. */
  private Finding trial(Path source, TransferPath path, String subject, String fix)
      throws IOException {
    Path target = Files.createTempFile(directory, "znio-doctor-", ".target");
    try (FileChannel from = FileChannel.open(source, StandardOpenOption.READ);
        FileChannel to =
            FileChannel.open(target, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      long moved = Transfer.from(from, 0).to(to, 0).via(path).count(BYTES).transfer();
      return moved == BYTES
          ? Finding.ok(subject, "works in " + directory)
          : Finding.limit(subject, "moved " + moved + " of " + BYTES + " bytes", fix);
    } catch (IOException | UnsupportedOperationException e) {
      return Finding.limit(subject, String.valueOf(e.getMessage()), fix);
    } finally {
      remove(target);
    }
  }

  private static void remove(Path file) {
    try {
      if (file != null) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      file.toFile().deleteOnExit();
    }
  }
}

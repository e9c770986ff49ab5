// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/**
 * What a {@link TransferSeries} moves: pieces of a file, to or from the peer, or to another file.
 *
 * @param source {@code file}, or where the peer sends: {@code tcp}, {@code unix}, {@code pipe}
 * @param target {@code file}, or where the peer receives: {@code tcp}, {@code unix}, {@code pipe}
 * @param file its pieces are sent, over and over; in the page cache once they were
 * @param scratch a directory for target files
 * @param size bytes of a transfer
 * @param flip true makes the peer flip a bit of what it gets: the verification must then fail
 */
public record TransferWork(
    String source, String target, Path file, Path scratch, long size, boolean flip) {
  /** Never reached, but for its size fit for sums: 4 EiB. */
  private static final long BYTES = 1L << 62;

  private static final Set<String> KINDS = Set.of("file", "tcp", "unix", "pipe");

  /** Checks the words. */
  public TransferWork {
    for (String kind : new String[] {source, target}) {
      if (!KINDS.contains(kind)) {
        throw new IllegalArgumentException("'" + kind + "' is none of " + KINDS);
      }
    }
    if (!source.equals("file") && !target.equals("file")) {
      throw new IllegalArgumentException(source + " to " + target + ": one end is a file");
    }
    if (size < 1) {
      throw new IllegalArgumentException("a transfer of " + size + " bytes moves nothing");
    }
  }

  /**
   * The file of 64 MiB that bench/compare makes, and $TMPDIR, else /var/tmp; with {@code
   * -Dznio.bench.flip=true} what arrives is not what was sent.
   */
  public static TransferWork of(String source, String target, long size) throws IOException {
    Path file = SampleFile.make();
    boolean flip = Boolean.getBoolean("znio.bench.flip");
    return new TransferWork(source, target, file, Scratch.choose(file), size, flip);
  }

  /** The same for other bytes. */
  TransferWork about(Path other, long piece) {
    return new TransferWork(source, target, other, scratch, piece, flip);
  }

  boolean isToPeer() {
    return !target.equals("file");
  }

  boolean isFromPeer() {
    return !source.equals("file");
  }

  /** How many pieces the file has. */
  long slots() throws IOException, SkippedException {
    long slots = Files.size(file) / size;
    long least = isToPeer() ? 1 : 2;
    if (slots < least) {
      throw new SkippedException(
          file + " has not the " + least + " pieces of " + size + " bytes that this needs");
    }
    return slots;
  }

  Plan plan(String impl, String path) {
    return new Plan(
        impl, path, source, target, file, scratch, size, BYTES, 0, null, null, null, flip, null);
  }
}

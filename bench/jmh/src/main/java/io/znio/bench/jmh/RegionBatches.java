// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.bench.TransferWork;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Random;

/**
 * Batches of 1,000 regions of a file with headers, and a file that holds the bytes as they must
 * arrive. The same ones every time.
 */
final class RegionBatches {
  static final int REGIONS = 1000;
  static final int HEADER_BYTES = 16;

  /** Some 64 MiB in all, so that they are no more in a processor's cache than the files are. */
  private static final int BATCHES = 16;

  private static final long SEED = 3;

  private final TransferWork source;
  private final int size;
  private final boolean isEach;
  private final long[][] offsets = new long[BATCHES][REGIONS];
  private final ByteBuffer[][] headers = new ByteBuffer[BATCHES][];
  private final Path expected;
  private final Path headerFile;

  /**
   * Draws the regions and writes the files.
   *
   * @param source whose file has the regions
   * @param each a header before each region, else one before each batch
   */
  RegionBatches(TransferWork source, boolean each) throws IOException {
    this.source = source;
    this.size = (int) source.size();
    this.isEach = each;
    this.expected = Files.createTempFile(source.scratch(), "znio-regions-", ".bin");
    this.headerFile = Files.createTempFile(source.scratch(), "znio-headers-", ".bin");
    expected.toFile().deleteOnExit(); // JMH tears nothing down after a failure
    headerFile.toFile().deleteOnExit();
    Random random = new Random(SEED);
    long slots = Files.size(source.file()) / size;
    for (int batch = 0; batch < BATCHES; batch++) {
      headers[batch] = new ByteBuffer[each ? REGIONS : 1];
      for (int i = 0; i < REGIONS; i++) {
        offsets[batch][i] = random.nextInt((int) slots) * (long) size;
      }
      for (int i = 0; i < headers[batch].length; i++) {
        headers[batch][i] = ByteBuffer.allocateDirect(HEADER_BYTES);
        headers[batch][i].putLong(0, random.nextLong()).putLong(8, batch * (long) REGIONS + i);
      }
    }
    write();
  }

  private void write() throws IOException {
    try (FileChannel in = FileChannel.open(source.file());
        FileChannel heads = FileChannel.open(headerFile, StandardOpenOption.WRITE);
        FileChannel out = FileChannel.open(expected, StandardOpenOption.WRITE)) {
      for (int batch = 0; batch < BATCHES; batch++) {
        for (int i = 0; i < REGIONS; i++) {
          if (i < headers[batch].length) {
            out.write(headers[batch][i].duplicate());
            heads.write(headers[batch][i].duplicate());
          }
          if (in.transferTo(offsets[batch][i], size, out) != size) {
            throw new IOException(source.file() + " has become shorter");
          }
        }
      }
    }
  }

  /** A series of batches to the peer. */
  TransferWork work() {
    return new TransferWork(
        "file", source.target(), expected, source.scratch(), bytes(), source.flip());
  }

  private int bytes() {
    return REGIONS * size + (isEach ? REGIONS : 1) * HEADER_BYTES;
  }

  boolean isEach() {
    return isEach;
  }

  /** Bytes of a region. */
  int size() {
    return size;
  }

  /** Where the regions of a batch begin. */
  long[] offsets(int batch) {
    return offsets[batch];
  }

  /** Its headers, 1 or as many as regions. Not to be changed: use duplicates. */
  ByteBuffer[] headers(int batch) {
    return headers[batch];
  }

  /** Which batch lies at that place of the file of {@link #work}. */
  int batch(long from) {
    return (int) (from / bytes());
  }

  /** The file with the regions. */
  FileChannel open() throws IOException {
    return FileChannel.open(source.file());
  }

  /** A file with all headers, one after the other. */
  FileChannel openHeaders() throws IOException {
    return FileChannel.open(headerFile);
  }

  long headerOffset(int batch, int region) {
    return (batch * (long) headers[batch].length + region) * HEADER_BYTES;
  }

  void delete() throws IOException {
    Files.deleteIfExists(expected);
    Files.deleteIfExists(headerFile);
  }
}

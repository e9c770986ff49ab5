// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file that a {@link TransferSeries} writes over and over: one piece less than its source. */
final class TargetFile {
  private TargetFile() {}

  static Path make(TransferWork work) throws IOException {
    Path made = Files.createTempFile(work.scratch(), "znio-series-", ".bin");
    made.toFile().deleteOnExit(); // JMH tears nothing down after a failure
    return made;
  }

  /** Turns over one bit of the first piece. */
  static void spoil(Path made, long size) throws IOException {
    try (FileChannel file = Run.openForBoth(made)) {
      ByteBuffer one = ByteBuffer.allocate(1);
      if (file.read(one, size / 2) == 1) {
        one.put(0, (byte) (one.get(0) ^ 1));
        file.write(one.flip(), size / 2);
      }
    }
  }

  /** Compares every byte. Returns what is wrong, or null. */
  static String problem(TransferWork work, Path made, long moved)
      throws IOException, SkippedException {
    long slots = work.slots();
    long kept = Math.min(moved, slots - 1);
    long size = work.size();
    if (Files.size(made) != kept * size) {
      return made + " has " + Files.size(made) + " bytes, and not " + kept * size;
    }
    if (kept == 0) {
      return null;
    }
    try (FileChannel source = FileChannel.open(work.file(), StandardOpenOption.READ);
        FileChannel target = FileChannel.open(made, StandardOpenOption.READ)) {
      MappedByteBuffer right = source.map(FileChannel.MapMode.READ_ONLY, 0, slots * size);
      MappedByteBuffer written = target.map(FileChannel.MapMode.READ_ONLY, 0, kept * size);
      try {
        return compare(right, written, work, moved);
      } finally {
        JdkUnsafe.free(right);
        JdkUnsafe.free(written);
      }
    }
  }

  private static String compare(ByteBuffer right, ByteBuffer written, TransferWork work, long moved)
      throws IOException, SkippedException {
    long slots = work.slots();
    long kept = Math.min(moved, slots - 1);
    int size = (int) work.size();
    for (long slot = 0; slot < kept; slot++) {
      // The last transfer that went here.
      long last = moved - 1 - Math.floorMod(moved - 1 - slot, slots - 1);
      ByteBuffer is = written.slice((int) slot * size, size);
      int at = is.mismatch(right.slice((int) (last % slots) * size, size));
      if (at >= 0) {
        return "byte "
            + (slot * size + at)
            + " of the target is not what transfer "
            + last
            + " has moved there";
      }
    }
    return null;
  }
}

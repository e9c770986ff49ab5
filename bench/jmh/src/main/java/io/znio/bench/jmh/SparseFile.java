// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A file that is mapped: of holes, but for its first and its last byte. It lies where {@code
 * -Djava.io.tmpdir} says, by default in {@code /tmp}.
 */
record SparseFile(Path path, int size) {
  static final byte FIRST = 0x5a;
  static final byte LAST = 0x3c;

  static SparseFile create(int size) throws IOException {
    Path path = Files.createTempFile("znio-jmh-", ".map");
    path.toFile().deleteOnExit();
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.write(FIRST);
      file.seek(size - 1L);
      file.write(LAST);
    }
    return new SparseFile(path, size);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;

/** Content for tests: every run the same, no two blocks alike. */
final class TestFiles {
  private TestFiles() {}

  /** Pseudo-random bytes. */
  static byte[] bytes(int size) {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return bytes;
  }

  /** A new file that holds these bytes. */
  static Path of(Path directory, byte[] content) throws IOException {
    return Files.write(Files.createTempFile(directory, "source", ".bin"), content);
  }
}

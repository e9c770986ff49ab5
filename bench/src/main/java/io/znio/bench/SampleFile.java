// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Random;

/** The file that is measured when none is given: 64 MiB that no compression can shorten. */
final class SampleFile {
  static final long BYTES = 64 * Sizes.MIB;

  /** Every machine gets the same bytes. */
  private static final long SEED = 0x7a6e696f;

  private SampleFile() {}

  /** Makes it in the user's cache directory, or returns the one that an earlier run made. */
  static Path make() throws IOException {
    String cache = System.getenv("XDG_CACHE_HOME");
    Path directory =
        (cache == null || !cache.startsWith("/")
                ? Path.of(System.getProperty("user.home"), ".cache")
                : Path.of(cache))
            .resolve("znio");
    Files.createDirectories(directory);
    Path file = directory.resolve("compare-64MiB.bin");
    if (!Files.isRegularFile(file) || Files.size(file) != BYTES) {
      Path fresh = Files.createTempFile(directory, "compare", ".tmp");
      try {
        fill(fresh);
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
      } finally {
        Files.deleteIfExists(fresh);
      }
    }
    return file;
  }

  private static void fill(Path file) throws IOException {
    Random random = new Random(SEED);
    byte[] block = new byte[(int) Sizes.MIB];
    try (OutputStream out = Files.newOutputStream(file)) {
      for (long done = 0; done < BYTES; done += block.length) {
        random.nextBytes(block);
        out.write(block);
      }
    }
  }
}

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
    Path directory = cache();
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

  /** $XDG_CACHE_HOME, else ~/.cache; a user without a home gets the directory for scratch files. */
  private static Path cache() throws IOException {
    String variable = System.getenv("XDG_CACHE_HOME");
    String home = System.getenv("HOME");
    boolean hasHome = home != null && Files.isWritable(Path.of(home));
    Path cache = Path.of(System.getProperty("java.io.tmpdir"));
    if (variable != null && variable.startsWith("/")) {
      cache = Path.of(variable);
    } else if (hasHome) {
      cache = Path.of(home, ".cache");
    }
    return Files.createDirectories(cache.resolve("znio"));
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

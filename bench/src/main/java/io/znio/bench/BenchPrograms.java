// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;

/** Where the C programs of bench lie. */
final class BenchPrograms {
  private static final Path BUILT = Path.of("java/core/target/native/bin");

  private BenchPrograms() {}

  /**
   * In {@code -Dznio.bench.c=DIR}, else in the tree that these classes, or their jar, were built
   * in.
   *
   * @throws IOException which says what to do
   */
  static Path find(String name) throws IOException {
    String directory = System.getProperty("znio.bench.c");
    Path program = directory == null ? built(name) : Path.of(directory, name);
    if (program == null || !Files.isExecutable(program)) {
      throw new IOException(
          (program == null ? name : program)
              + " is missing: build it (cmake, or mvn package), and name its directory by"
              + " -Dznio.bench.c=DIR");
    }
    return program.toAbsolutePath();
  }

  private static Path built(String name) {
    CodeSource source = BenchPrograms.class.getProtectionDomain().getCodeSource();
    try {
      Path at = source == null ? null : Path.of(source.getLocation().toURI());
      for (; at != null; at = at.getParent()) {
        Path program = at.resolve(BUILT).resolve(name);
        if (Files.isExecutable(program)) {
          return program;
        }
      }
    } catch (URISyntaxException e) {
      // No path of the file system: the property must say it.
    }
    return null;
  }
}

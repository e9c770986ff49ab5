// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/**
 * What tests of the agent start from: the library outside the jar, for child JVMs, and no report.
 */
abstract class AgentFixture {
  @TempDir static Path directory;

  Path library;
  Path json;

  @BeforeEach
  final void prepare() throws IOException {
    library = in(directory);
    json = directory.resolve("report.json");
    Files.deleteIfExists(json);
  }

  /** The library's file in a directory; put there by the first call. */
  private static Path in(Path directory) throws IOException {
    Path library = directory.resolve("libznio.so");
    if (!Files.exists(library)) {
      try (InputStream in = Platform.current().openLibrary()) {
        Files.copy(in, library);
      }
    }
    return library;
  }

  /** The JDK's, for programs that run in child JVMs. */
  static sun.misc.Unsafe unsafe() throws ReflectiveOperationException {
    Field field = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");
    field.setAccessible(true);
    return (sun.misc.Unsafe) field.get(null);
  }

  /** Runs a test's program in a child JVM. */
  static Child run(List<String> options, Class<?> program, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(options);
    if (Runtime.version().feature() >= 23) { // invokeCleaner would be warned of
      command.add("--sun-misc-unsafe-memory-access=allow");
    }
    command.addAll(List.of("-cp", Child.classPath(program), program.getName()));
    command.addAll(List.of(arguments));
    return Child.run(command);
  }
}

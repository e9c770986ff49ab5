// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** Dumps for tests: two of one process, of which the second has every member. */
final class Dumps {
  static final String EVIL = "</script><b id=evil>evil</b>";

  private Dumps() {}

  static Dump before() throws IOException {
    return read("before.json");
  }

  static Dump after() throws IOException {
    return read("after.json");
  }

  private static Dump read(String resource) throws IOException {
    return Dump.parse(resource, text(resource).getBytes(StandardCharsets.UTF_8));
  }

  static String text(String resource) throws IOException {
    try (InputStream in = Dumps.class.getResourceAsStream(resource)) {
      return new String(
          Objects.requireNonNull(in, resource).readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  static Path file(Path directory, String resource) throws IOException {
    return Files.writeString(directory.resolve(resource), text(resource));
  }

  /** A dump with these members and no others. */
  static Dump of(String members) throws DumpException {
    String json = "{\"znio\": \"0.1.0\", \"format\": 2" + (members.isEmpty() ? "" : ", ") + members;
    return Dump.parse("dump", (json + "}").getBytes(StandardCharsets.UTF_8));
  }
}

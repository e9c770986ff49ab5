// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The descriptors of this process, as the kernel lists them. */
final class Descriptors {
  private Descriptors() {}

  /** How many descriptors there are of each kind that a transfer may hold; no rings. */
  static Map<String, Integer> byKind() {
    Map<String, Integer> kinds = new TreeMap<>();
    for (String target : links()) {
      String kind = target.contains(":[") ? target.substring(0, target.indexOf(':')) : target;
      boolean ofTests = kind.startsWith(System.getProperty("java.io.tmpdir"));
      if (kind.equals("socket") || kind.equals("pipe") || kind.startsWith("/memfd") || ofTests) {
        kinds.merge(kind, 1, Integer::sum);
      }
    }
    return kinds;
  }

  private static List<String> links() {
    List<String> links = new ArrayList<>();
    try (DirectoryStream<Path> fds = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path fd : fds) {
        try {
          links.add(Files.readSymbolicLink(fd).toString());
        } catch (IOException e) {
          continue; // the directory stream's own, or closed meanwhile
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return links;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import io.znio.Platform;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Where {@code libznio.so} is put. */
final class LibraryOption {
  @Option(
      names = "--directory",
      paramLabel = "DIR",
      description = {
        "Where libznio.so is put, and stays (default: $ZNIO_CACHE, $XDG_CACHE_HOME/znio or",
        "~/.cache/znio, for JVMs of your own). A directory that is named may be read by others."
      })
  private Path directory;

  boolean isGiven() {
    return directory != null;
  }

  /** The file for JVMs of a platform, which is there when this returns. */
  Path put(Platform platform) {
    return AgentLibrary.put(
        isGiven() ? directory : AgentLibrary.defaultDirectory(), /* open= */ isGiven(), platform);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.provider;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Path;
import java.util.Iterator;

/** The entries of a directory, each wrapped. */
final class WrappedDirectory implements DirectoryStream<Path> {
  private final NativeFileSystem fileSystem;
  private final DirectoryStream<Path> entries;

  WrappedDirectory(NativeFileSystem fileSystem, DirectoryStream<Path> entries) {
    this.fileSystem = fileSystem;
    this.entries = entries;
  }

  @Override
  public Iterator<Path> iterator() {
    return fileSystem.wrapAll(entries.iterator());
  }

  @Override
  public void close() throws IOException {
    entries.close();
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.provider;

import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.Iterator;
import java.util.Objects;

/** A path of the JDK's, which belongs to {@link NativeFileSystem}. */
final class NativePath implements Path {
  private final NativeFileSystem fileSystem;
  private final Path jdk;

  NativePath(NativeFileSystem fileSystem, Path jdk) {
    this.fileSystem = fileSystem;
    this.jdk = jdk;
  }

  /**
   * The JDK's path.
   *
   * @throws ProviderMismatchException for a path of another file system
   */
  static Path unwrap(Path path) {
    if (Objects.requireNonNull(path) instanceof NativePath wrapped) {
      return wrapped.jdk;
    }
    throw new ProviderMismatchException();
  }

  private Path wrap(Path path) {
    return fileSystem.wrap(path);
  }

  @Override
  public FileSystem getFileSystem() {
    return fileSystem;
  }

  @Override
  public boolean isAbsolute() {
    return jdk.isAbsolute();
  }

  @Override
  public Path getRoot() {
    return wrap(jdk.getRoot());
  }

  @Override
  public Path getFileName() {
    return wrap(jdk.getFileName());
  }

  @Override
  public Path getParent() {
    return wrap(jdk.getParent());
  }

  @Override
  public int getNameCount() {
    return jdk.getNameCount();
  }

  @Override
  public Path getName(int index) {
    return wrap(jdk.getName(index));
  }

  @Override
  public Path subpath(int from, int to) {
    return wrap(jdk.subpath(from, to));
  }

  @Override
  public boolean startsWith(Path other) {
    return Objects.requireNonNull(other) instanceof NativePath && jdk.startsWith(unwrap(other));
  }

  @Override
  public boolean endsWith(Path other) {
    return Objects.requireNonNull(other) instanceof NativePath && jdk.endsWith(unwrap(other));
  }

  @Override
  public Path normalize() {
    return wrap(jdk.normalize());
  }

  @Override
  public Path resolve(Path other) {
    return wrap(jdk.resolve(unwrap(other)));
  }

  @Override
  public Path relativize(Path other) {
    return wrap(jdk.relativize(unwrap(other)));
  }

  @Override
  public URI toUri() {
    return jdk.toUri();
  }

  @Override
  public Path toAbsolutePath() {
    return wrap(jdk.toAbsolutePath());
  }

  @Override
  public Path toRealPath(LinkOption... options) throws IOException {
    return wrap(jdk.toRealPath(options));
  }

  @Override
  public WatchKey register(
      WatchService watcher, WatchEvent.Kind<?>[] events, WatchEvent.Modifier... modifiers)
      throws IOException {
    return jdk.register(watcher, events, modifiers);
  }

  @Override
  public Iterator<Path> iterator() {
    return fileSystem.wrapAll(jdk.iterator());
  }

  @Override
  public int compareTo(Path other) {
    return jdk.compareTo(((NativePath) other).jdk);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof NativePath path && jdk.equals(path.jdk);
  }

  @Override
  public int hashCode() {
    return jdk.hashCode();
  }

  @Override
  public String toString() {
    return jdk.toString();
  }
}

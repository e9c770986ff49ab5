// SPDX-License-Identifier: Apache-2.0
package io.znio.provider;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.WatchService;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.nio.file.spi.FileSystemProvider;
import java.util.Iterator;
import java.util.Set;

/** The JDK's file system, with paths that lead to {@link NativeFileSystemProvider}. */
final class NativeFileSystem extends FileSystem {
  private final NativeFileSystemProvider provider;
  private final FileSystem jdk;

  NativeFileSystem(NativeFileSystemProvider provider, FileSystem jdk) {
    this.provider = provider;
    this.jdk = jdk;
  }

  Path wrap(Path path) {
    return path == null ? null : new NativePath(this, path);
  }

  Iterator<Path> wrapAll(Iterator<Path> paths) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return paths.hasNext();
      }

      @Override
      public Path next() {
        return wrap(paths.next());
      }

      @Override
      public void remove() {
        paths.remove();
      }
    };
  }

  @Override
  public FileSystemProvider provider() {
    return provider;
  }

  @Override
  public void close() throws IOException {
    jdk.close(); // refuses
  }

  @Override
  public boolean isOpen() {
    return jdk.isOpen();
  }

  @Override
  public boolean isReadOnly() {
    return jdk.isReadOnly();
  }

  @Override
  public String getSeparator() {
    return jdk.getSeparator();
  }

  @Override
  public Iterable<Path> getRootDirectories() {
    return () -> wrapAll(jdk.getRootDirectories().iterator());
  }

  @Override
  public Iterable<FileStore> getFileStores() {
    return jdk.getFileStores();
  }

  @Override
  public Set<String> supportedFileAttributeViews() {
    return jdk.supportedFileAttributeViews();
  }

  @Override
  public Path getPath(String first, String... more) {
    return wrap(jdk.getPath(first, more));
  }

  @Override
  public PathMatcher getPathMatcher(String pattern) {
    PathMatcher matcher = jdk.getPathMatcher(pattern);
    return path -> matcher.matches(NativePath.unwrap(path));
  }

  @Override
  public UserPrincipalLookupService getUserPrincipalLookupService() {
    return jdk.getUserPrincipalLookupService();
  }

  @Override
  public WatchService newWatchService() throws IOException {
    return jdk.newWatchService();
  }
}

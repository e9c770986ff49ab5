// SPDX-License-Identifier: Apache-2.0
package io.znio.provider;

import io.znio.NativeFileChannel;
import java.io.IOException;
import java.net.URI;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.spi.FileSystemProvider;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;

/**
 * Makes {@link NativeFileChannel} the file channel of a whole JVM, for programs that know nothing
 * of it: the JDK's own tests. Given by {@code -Djava.nio.file.spi.DefaultFileSystemProvider}.
 *
 * <p>Channels of files, and the streams that {@code Files} puts on them, are ours and are counted
 * by {@link Opens}; all else is done by the JDK's provider. {@code FileChannel.open} asks the
 * provider of the path, so every path is wrapped and belongs to a file system of our own.
 */
public final class NativeFileSystemProvider extends FileSystemProvider {
  private final FileSystemProvider jdk;
  private final NativeFileSystem fileSystem;

  /** Called by {@code java.nio.file.FileSystems}, once. */
  public NativeFileSystemProvider(FileSystemProvider jdk) {
    this.jdk = jdk;
    this.fileSystem = new NativeFileSystem(this, jdk.getFileSystem(URI.create("file:///")));
  }

  // ---- what is ours

  @Override
  public FileChannel newFileChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    FileChannel channel = NativeFileChannel.open(NativePath.unwrap(path), options, attributes);
    Opens.count();
    return channel;
  }

  @Override
  public SeekableByteChannel newByteChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return newFileChannel(path, options, attributes);
  }

  // ---- what is the JDK's

  @Override
  public String getScheme() {
    return jdk.getScheme();
  }

  @Override
  public FileSystem newFileSystem(URI uri, Map<String, ?> environment) throws IOException {
    return jdk.newFileSystem(uri, environment); // refuses
  }

  @Override
  public FileSystem getFileSystem(URI uri) {
    jdk.getFileSystem(uri); // checks
    return fileSystem;
  }

  @Override
  public Path getPath(URI uri) {
    return fileSystem.wrap(jdk.getPath(uri));
  }

  @Override
  public AsynchronousFileChannel newAsynchronousFileChannel(
      Path path,
      Set<? extends OpenOption> options,
      ExecutorService executor,
      FileAttribute<?>... attributes)
      throws IOException {
    return jdk.newAsynchronousFileChannel(NativePath.unwrap(path), options, executor, attributes);
  }

  @Override
  public DirectoryStream<Path> newDirectoryStream(
      Path directory, DirectoryStream.Filter<? super Path> filter) throws IOException {
    DirectoryStream<Path> entries =
        jdk.newDirectoryStream(
            NativePath.unwrap(directory), entry -> filter.accept(fileSystem.wrap(entry)));
    return new WrappedDirectory(fileSystem, entries);
  }

  @Override
  public void createDirectory(Path directory, FileAttribute<?>... attributes) throws IOException {
    jdk.createDirectory(NativePath.unwrap(directory), attributes);
  }

  @Override
  public void createSymbolicLink(Path link, Path target, FileAttribute<?>... attributes)
      throws IOException {
    jdk.createSymbolicLink(NativePath.unwrap(link), NativePath.unwrap(target), attributes);
  }

  @Override
  public void createLink(Path link, Path existing) throws IOException {
    jdk.createLink(NativePath.unwrap(link), NativePath.unwrap(existing));
  }

  @Override
  public void delete(Path path) throws IOException {
    jdk.delete(NativePath.unwrap(path));
  }

  @Override
  public boolean deleteIfExists(Path path) throws IOException {
    return jdk.deleteIfExists(NativePath.unwrap(path));
  }

  @Override
  public Path readSymbolicLink(Path link) throws IOException {
    return fileSystem.wrap(jdk.readSymbolicLink(NativePath.unwrap(link)));
  }

  @Override
  public void copy(Path source, Path target, CopyOption... options) throws IOException {
    jdk.copy(NativePath.unwrap(source), NativePath.unwrap(target), options);
  }

  @Override
  public void move(Path source, Path target, CopyOption... options) throws IOException {
    jdk.move(NativePath.unwrap(source), NativePath.unwrap(target), options);
  }

  @Override
  public boolean isSameFile(Path path, Path other) throws IOException {
    return jdk.isSameFile(
        NativePath.unwrap(path), other instanceof NativePath ? NativePath.unwrap(other) : other);
  }

  @Override
  public boolean isHidden(Path path) throws IOException {
    return jdk.isHidden(NativePath.unwrap(path));
  }

  @Override
  public FileStore getFileStore(Path path) throws IOException {
    return jdk.getFileStore(NativePath.unwrap(path));
  }

  @Override
  public void checkAccess(Path path, AccessMode... modes) throws IOException {
    jdk.checkAccess(NativePath.unwrap(path), modes);
  }

  @Override
  public <V extends FileAttributeView> V getFileAttributeView(
      Path path, Class<V> type, LinkOption... options) {
    return jdk.getFileAttributeView(NativePath.unwrap(path), type, options);
  }

  @Override
  public <A extends BasicFileAttributes> A readAttributes(
      Path path, Class<A> type, LinkOption... options) throws IOException {
    return jdk.readAttributes(NativePath.unwrap(path), type, options);
  }

  @Override
  public Map<String, Object> readAttributes(Path path, String names, LinkOption... options)
      throws IOException {
    return jdk.readAttributes(NativePath.unwrap(path), names, options);
  }

  @Override
  public void setAttribute(Path path, String name, Object value, LinkOption... options)
      throws IOException {
    jdk.setAttribute(NativePath.unwrap(path), name, value, options);
  }
}

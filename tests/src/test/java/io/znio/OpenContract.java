// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.DELETE_ON_CLOSE;
import static java.nio.file.StandardOpenOption.DSYNC;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.SPARSE;
import static java.nio.file.StandardOpenOption.SYNC;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** How {@code FileChannel.open} understands its options. */
@ExtendWith(Leaks.class)
abstract class OpenContract {
  private static final byte[] CONTENT = "0123456789".getBytes(US_ASCII);

  private final FileChannels channels;

  @TempDir Path directory;

  private Path file;

  OpenContract(FileChannels channels) {
    this.channels = channels;
  }

  @BeforeEach
  void writeFile() throws IOException {
    file = TestFiles.of(directory, CONTENT);
  }

  private FileChannel open(OpenOption... options) throws IOException {
    return channels.open(file, options);
  }

  private void assertFails(Class<? extends Throwable> type, Path path, OpenOption... options) {
    assertThatThrownBy(() -> channels.open(path, options)).isExactlyInstanceOf(type);
  }

  static Stream<Arguments> access() {
    return Stream.of(
        Arguments.of(Set.of(), true, false),
        Arguments.of(Set.of(READ), true, false),
        Arguments.of(Set.of(WRITE), false, true),
        Arguments.of(Set.of(READ, WRITE), true, true),
        Arguments.of(Set.of(APPEND), false, true),
        Arguments.of(Set.of(APPEND, WRITE), false, true),
        Arguments.of(Set.of(CREATE), true, false),
        Arguments.of(Set.of(CREATE_NEW), true, false), // not looked at without WRITE
        Arguments.of(Set.of(TRUNCATE_EXISTING), true, false),
        Arguments.of(Set.of(SPARSE), true, false),
        Arguments.of(Set.of(WRITE, SYNC), false, true),
        Arguments.of(Set.of(WRITE, DSYNC), false, true),
        Arguments.of(Set.of(NOFOLLOW_LINKS), true, false));
  }

  @ParameterizedTest
  @MethodSource("access")
  void optionsGiveAccess(Set<OpenOption> options, boolean readable, boolean writable)
      throws IOException {
    try (FileChannel channel = channels.open(file, options)) {
      ByteBuffer buffer = ByteBuffer.allocate(1);
      if (readable) {
        assertThat(channel.read(buffer)).isEqualTo(1);
      } else {
        assertThatThrownBy(() -> channel.read(buffer))
            .isInstanceOf(NonReadableChannelException.class);
      }
      buffer.clear();
      if (writable) {
        assertThat(channel.write(buffer)).isEqualTo(1);
      } else {
        assertThatThrownBy(() -> channel.write(buffer))
            .isInstanceOf(NonWritableChannelException.class);
      }
    }
    assertThat(Files.size(file)).isGreaterThanOrEqualTo(CONTENT.length);
  }

  @Test
  void contradictionsAreRefused() {
    assertFails(IllegalArgumentException.class, file, READ, APPEND);
    assertFails(IllegalArgumentException.class, file, READ, WRITE, APPEND);
    assertFails(IllegalArgumentException.class, file, APPEND, TRUNCATE_EXISTING);
    assertFails(IllegalArgumentException.class, file, WRITE, APPEND, TRUNCATE_EXISTING);
  }

  @Test
  void nullsAreRefused() {
    assertFails(NullPointerException.class, file, READ, null);
    assertFails(NullPointerException.class, null, READ);
    assertFails(NullPointerException.class, file, (OpenOption[]) null);
    assertThatThrownBy(() -> channels.open(file, Set.of(READ), (FileAttribute<?>) null))
        .isExactlyInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> channels.open(file, (Set<OpenOption>) null))
        .isExactlyInstanceOf(NullPointerException.class);
  }

  private enum Foreign implements OpenOption {
    OPTION
  }

  @Test
  void unknownOptionsAreRefused() {
    assertFails(UnsupportedOperationException.class, file, READ, Foreign.OPTION);
    assertFails(
        UnsupportedOperationException.class,
        file,
        READ,
        com.sun.nio.file.ExtendedOpenOption.NOSHARE_READ);
  }

  @Test
  void creating() throws IOException {
    Path missing = directory.resolve("missing");
    assertFails(NoSuchFileException.class, missing);
    assertFails(NoSuchFileException.class, missing, WRITE);
    assertFails(NoSuchFileException.class, missing, READ, CREATE);
    assertFails(NoSuchFileException.class, missing, READ, CREATE_NEW);
    assertFails(NoSuchFileException.class, missing.resolve("below"), WRITE, CREATE);
    assertFails(FileAlreadyExistsException.class, file, WRITE, CREATE_NEW);
    assertFails(FileAlreadyExistsException.class, directory.resolve("."), WRITE, CREATE_NEW);
    assertFails(FileAlreadyExistsException.class, directory, WRITE, CREATE_NEW);
    channels.open(missing, WRITE, CREATE).close();
    channels.open(missing, WRITE, CREATE).close();
    assertThat(missing).isEmptyFile();
    Files.delete(missing);
    channels.open(missing, APPEND, CREATE_NEW).close();
    assertThat(missing).isEmptyFile();
  }

  @Test
  void aFileInThePlaceOfADirectory() {
    assertFails(FileSystemException.class, file.resolve("below"));
    assertFails(FileSystemException.class, directory, WRITE);
    assertFails(FileSystemException.class, directory.resolve("x".repeat(300)), WRITE, CREATE);
    assertFails(FileSystemException.class, Path.of("/" + "x/".repeat(3000)), READ);
  }

  @Test
  void aDirectoryOpensButDoesNotRead() throws IOException {
    try (FileChannel channel = channels.open(directory, READ)) {
      assertThatThrownBy(() -> channel.read(ByteBuffer.allocate(1)))
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void truncating() throws IOException {
    open(WRITE).close();
    open(READ, TRUNCATE_EXISTING).close();
    assertThat(file).hasBinaryContent(CONTENT);
    open(WRITE, TRUNCATE_EXISTING).close();
    assertThat(file).isEmptyFile();
  }

  @Test
  void symbolicLinks() throws IOException {
    Path link = Files.createSymbolicLink(directory.resolve("link"), file);
    channels.open(link, READ).close();
    assertFails(IOException.class, link, READ, NOFOLLOW_LINKS);
    assertFails(IOException.class, link, READ, DELETE_ON_CLOSE);
    assertFails(FileAlreadyExistsException.class, link, WRITE, CREATE_NEW);
    assertThat(link).exists();
    Path loop = directory.resolve("loop");
    Files.createSymbolicLink(loop, loop);
    assertFails(FileSystemException.class, loop, READ);
    Path dangling = Files.createSymbolicLink(directory.resolve("dangling"), Path.of("nowhere"));
    assertFails(NoSuchFileException.class, dangling, READ);
    channels.open(dangling, WRITE, CREATE).close();
    assertThat(directory.resolve("nowhere")).isEmptyFile();
  }

  @Test
  void deletedOnClose() throws IOException {
    try (FileChannel channel = open(READ, WRITE, DELETE_ON_CLOSE)) {
      assertThat(channel.write(ByteBuffer.allocate(3), 20)).isEqualTo(3);
      assertThat(channel.size()).isEqualTo(23);
    }
    assertThat(file).doesNotExist();
    Path made = directory.resolve("made");
    channels.open(made, WRITE, CREATE_NEW, DELETE_ON_CLOSE).close();
    assertThat(made).doesNotExist();
  }

  @Test
  void permissionsOfANewFile() throws IOException {
    Path made = directory.resolve("made");
    Set<PosixFilePermission> narrow = PosixFilePermissions.fromString("r-x--x---");
    channels
        .open(made, Set.of(WRITE, CREATE_NEW), PosixFilePermissions.asFileAttribute(narrow))
        .close();
    assertThat(Files.getPosixFilePermissions(made)).isEqualTo(narrow);
    Path other = directory.resolve("other");
    channels.open(other, WRITE, CREATE).close();
    assertThat(Files.getPosixFilePermissions(other))
        .contains(PosixFilePermission.OWNER_WRITE)
        .doesNotContain(PosixFilePermission.OWNER_EXECUTE);
    FileAttribute<String> foreign =
        new FileAttribute<>() {
          @Override
          public String name() {
            return "posix:group";
          }

          @Override
          public String value() {
            return "root";
          }
        };
    assertThatThrownBy(() -> channels.open(file, Set.of(READ), foreign))
        .isExactlyInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void namesOfManyBytes() throws IOException {
    Path made = directory.resolve("a b\u00e4\ud83d\ude00\n'\"");
    channels.open(made, WRITE, CREATE_NEW).close();
    assertThat(made).isEmptyFile();
    Path relative = Path.of("").toAbsolutePath().relativize(made);
    channels.open(relative, READ).close();
  }
}

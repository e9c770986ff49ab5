// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Position, size, truncate, force, append mode, and who refuses what in which order. */
@ExtendWith(Leaks.class)
@SuppressWarnings("try") // channels are closed in the middle of their blocks: that is the subject
abstract class ChannelContract {
  private static final int SIZE = 1000;

  private final FileChannels channels;
  private final byte[] content = TestFiles.bytes(SIZE);

  @TempDir Path directory;

  private Path file;

  ChannelContract(FileChannels channels) {
    this.channels = channels;
  }

  @BeforeEach
  void writeFile() throws IOException {
    file = TestFiles.of(directory, content);
  }

  private FileChannel open(OpenOption... options) throws IOException {
    return channels.open(file, options);
  }

  private byte[] range(int from, int to) {
    return Arrays.copyOfRange(content, from, to);
  }

  // ---- position and size

  @Test
  void relativeReadsMoveThePosition() throws IOException {
    try (FileChannel channel = open(READ)) {
      ByteBuffer buffer = ByteBuffer.allocate(300);
      assertThat(channel.position()).isZero();
      assertThat(channel.read(buffer)).isEqualTo(300);
      assertThat(channel.position()).isEqualTo(300);
      assertThat(buffer.array()).isEqualTo(range(0, 300));
      assertThat(channel.position(900)).isSameAs(channel);
      buffer.clear();
      assertThat(channel.read(buffer)).isEqualTo(100);
      assertThat(channel.read(buffer)).isEqualTo(-1);
      assertThat(channel.position()).isEqualTo(SIZE);
      assertThat(Arrays.copyOf(buffer.array(), 100)).isEqualTo(range(900, SIZE));
    }
  }

  @Test
  void positionalReadsDoNot() throws IOException {
    try (FileChannel channel = open(READ)) {
      channel.position(7);
      ByteBuffer buffer = ByteBuffer.allocate(10);
      assertThat(channel.read(buffer, 995)).isEqualTo(5);
      assertThat(channel.read(buffer, SIZE)).isEqualTo(-1);
      assertThat(channel.read(buffer, Long.MAX_VALUE - 20)).isEqualTo(-1);
      assertThat(buffer.position()).isEqualTo(5);
      assertThat(channel.position()).isEqualTo(7);
    }
  }

  @Test
  void writesPastTheEndLeaveAHole() throws IOException {
    try (FileChannel channel = open(READ, WRITE)) {
      assertThat(channel.position(SIZE + 50).position()).isEqualTo(SIZE + 50);
      assertThat(channel.size()).isEqualTo(SIZE);
      assertThat(channel.read(ByteBuffer.allocate(1))).isEqualTo(-1);
      assertThat(channel.write(ByteBuffer.wrap(new byte[] {1, 2}))).isEqualTo(2);
      assertThat(channel.size()).isEqualTo(SIZE + 52);
      assertThat(channel.write(ByteBuffer.wrap(new byte[] {3}), SIZE + 100)).isEqualTo(1);
      assertThat(channel.position()).isEqualTo(SIZE + 52);
      ByteBuffer hole = ByteBuffer.allocate(103);
      assertThat(channel.read(hole, SIZE)).isEqualTo(101);
      assertThat(hole.array()[50]).isEqualTo((byte) 1);
      assertThat(hole.array()[60]).isZero();
    }
  }

  @Test
  void truncating() throws IOException {
    try (FileChannel channel = open(READ, WRITE)) {
      channel.position(800);
      assertThat(channel.truncate(2000)).isSameAs(channel);
      assertThat(channel.size()).isEqualTo(SIZE);
      assertThat(channel.position()).isEqualTo(800);
      channel.truncate(500);
      assertThat(channel.size()).isEqualTo(500);
      assertThat(channel.position()).isEqualTo(500);
      channel.position(700).truncate(600); // the size stays, the position does not
      assertThat(channel.size()).isEqualTo(500);
      assertThat(channel.position()).isEqualTo(600);
      channel.truncate(0);
      assertThat(channel.size()).isZero();
    }
  }

  @Test
  void appending() throws IOException {
    try (FileChannel channel = open(APPEND)) {
      assertThat(channel.position()).isEqualTo(SIZE);
      channel.position(3);
      assertThat(channel.write(ByteBuffer.wrap(new byte[] {1, 2}))).isEqualTo(2);
      assertThat(channel.position()).isEqualTo(SIZE + 2);
      Files.write(file, new byte[10]);
      assertThat(channel.position()).isEqualTo(10);
      channel.truncate(4);
      assertThat(channel.write(ByteBuffer.wrap(new byte[] {5}))).isEqualTo(1);
      assertThat(channel.size()).isEqualTo(5);
    }
    assertThat(file).hasBinaryContent(new byte[] {0, 0, 0, 0, 5});
  }

  @Test
  void forcing() throws IOException {
    try (FileChannel writer = open(WRITE);
        FileChannel reader = open(READ)) {
      writer.write(ByteBuffer.allocate(1));
      writer.force(true);
      writer.force(false);
      reader.force(true);
      reader.force(false);
    }
  }

  @Test
  void twoChannelsHavePositionsOfTheirOwn() throws IOException {
    try (FileChannel one = open(READ);
        FileChannel other = open(READ)) {
      one.position(100);
      assertThat(other.position()).isZero();
    }
  }

  @Test
  void filesWithoutASize() throws IOException {
    try (FileChannel channel = channels.open(Path.of("/proc/self/status"))) {
      assertThat(channel.size()).isZero();
      ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
      assertThat(channel.read(buffer)).isPositive();
      assertThat(channel.position()).isEqualTo(buffer.position());
    }
    try (FileChannel zeros = channels.open(Path.of("/dev/zero"))) {
      ByteBuffer buffer = ByteBuffer.wrap(new byte[] {1, 2, 3});
      assertThat(zeros.read(buffer)).isEqualTo(3);
      assertThat(buffer.array()).containsOnly(0);
    }
    try (FileChannel full = channels.open(Path.of("/dev/full"), WRITE)) {
      ByteBuffer buffer = ByteBuffer.allocate(3);
      assertThatThrownBy(() -> full.write(buffer)).isExactlyInstanceOf(IOException.class);
      assertThat(buffer.position()).isZero();
    }
  }

  // ---- refusals

  /** One method of a channel. */
  interface Use {
    Object on(FileChannel channel) throws IOException;
  }

  private static final ByteBuffer[] NO_BUFFERS = {};

  static Stream<Use> reads() {
    return Stream.of(
        channel -> channel.read(ByteBuffer.allocate(1)),
        channel -> channel.read(ByteBuffer.allocate(1), 0),
        channel -> channel.read(ByteBuffer.allocate(0), 0),
        channel -> channel.read(new ByteBuffer[] {ByteBuffer.allocate(1)}),
        channel -> channel.read(NO_BUFFERS));
  }

  static Stream<Use> writes() {
    return Stream.of(
        channel -> channel.write(ByteBuffer.allocate(1)),
        channel -> channel.write(ByteBuffer.allocate(1), 0),
        channel -> channel.write(new ByteBuffer[] {ByteBuffer.allocate(1)}),
        channel -> channel.write(NO_BUFFERS),
        channel -> channel.truncate(1));
  }

  static Stream<Use> others() {
    return Stream.of(
        FileChannel::position,
        channel -> channel.position(1),
        FileChannel::size,
        channel -> {
          channel.force(true);
          return null;
        });
  }

  static Stream<Use> all() {
    return Stream.of(reads(), writes(), others()).flatMap(uses -> uses);
  }

  private static void assertRefuses(Class<? extends Throwable> type, FileChannel on, Use use) {
    assertThatThrownBy(() -> use.on(on)).isExactlyInstanceOf(type);
  }

  @ParameterizedTest
  @MethodSource("all")
  void aClosedChannelRefusesAll(Use use) throws IOException {
    FileChannel channel = open(READ, WRITE);
    channel.close();
    channel.close();
    assertThat(channel.isOpen()).isFalse();
    assertRefuses(ClosedChannelException.class, channel, use);
    FileChannel readOnly = open(READ);
    readOnly.close();
    assertRefuses(ClosedChannelException.class, readOnly, use);
  }

  @ParameterizedTest
  @MethodSource("reads")
  void aWriterDoesNotRead(Use use) throws IOException {
    try (FileChannel channel = open(WRITE)) {
      assertRefuses(NonReadableChannelException.class, channel, use);
    }
  }

  @ParameterizedTest
  @MethodSource("writes")
  void aReaderDoesNotWrite(Use use) throws IOException {
    try (FileChannel channel = open(READ)) {
      assertRefuses(NonWritableChannelException.class, channel, use);
    }
    assertThat(file).hasBinaryContent(content);
  }

  static Stream<Use> negatives() {
    return Stream.of(
        channel -> channel.position(-1),
        channel -> channel.truncate(-1),
        channel -> channel.read(ByteBuffer.allocate(1), -1),
        channel -> channel.write(ByteBuffer.allocate(1), -1),
        channel -> channel.read(ByteBuffer.allocate(1), Long.MIN_VALUE));
  }

  @ParameterizedTest
  @MethodSource("negatives")
  void negativeNumbersAreRefused(Use use) throws IOException {
    try (FileChannel channel = open(READ, WRITE)) {
      assertRefuses(IllegalArgumentException.class, channel, use);
    }
  }

  static Stream<Use> nulls() {
    return Stream.of(
        channel -> channel.read((ByteBuffer) null),
        channel -> channel.read((ByteBuffer) null, 0),
        channel -> channel.read((ByteBuffer[]) null),
        channel -> channel.read(new ByteBuffer[] {null}),
        channel -> channel.write((ByteBuffer) null),
        channel -> channel.write((ByteBuffer) null, 0),
        channel -> channel.write((ByteBuffer[]) null),
        channel -> channel.write(new ByteBuffer[] {null}));
  }

  @ParameterizedTest
  @MethodSource("nulls")
  void nullsAreRefused(Use use) throws IOException {
    try (FileChannel channel = open(READ, WRITE)) {
      assertRefuses(NullPointerException.class, channel, use);
      assertThat(channel.position()).isZero();
    }
  }

  @Test
  void theOrderOfRefusals() throws IOException {
    FileChannel closed = open(WRITE);
    closed.close();
    ByteBuffer none = null;
    ByteBuffer readOnly = ByteBuffer.allocate(1).asReadOnlyBuffer();
    assertRefuses(NullPointerException.class, closed, channel -> channel.read(none, -1));
    assertRefuses(IllegalArgumentException.class, closed, c -> c.read(ByteBuffer.allocate(1), -1));
    assertRefuses(ClosedChannelException.class, closed, channel -> channel.read(readOnly));
    assertRefuses(ClosedChannelException.class, closed, channel -> channel.truncate(-1));
    assertRefuses(ClosedChannelException.class, closed, channel -> channel.position(-1));
    try (FileChannel writer = open(WRITE);
        FileChannel reader = open(READ)) {
      assertRefuses(NonReadableChannelException.class, writer, channel -> channel.read(readOnly));
      assertRefuses(IllegalArgumentException.class, reader, channel -> channel.truncate(-1));
      assertRefuses(IllegalArgumentException.class, reader, channel -> channel.read(readOnly));
      List<ByteBuffer[]> vectors =
          List.of(
              new ByteBuffer[] {ByteBuffer.allocate(1), readOnly},
              new ByteBuffer[] {ByteBuffer.allocate(0).asReadOnlyBuffer()});
      for (ByteBuffer[] vector : vectors) {
        assertRefuses(IllegalArgumentException.class, reader, channel -> channel.read(vector));
      }
    }
  }

  @Test
  void rangesOfVectorsAreChecked() throws IOException {
    ByteBuffer[] two = {ByteBuffer.allocate(1), ByteBuffer.allocate(1)};
    int[][] ranges = {{-1, 1}, {0, 3}, {3, 0}, {1, 2}, {0, -1}, {1, Integer.MAX_VALUE}};
    try (FileChannel channel = open(READ, WRITE)) {
      for (int[] range : ranges) {
        assertRefuses(
            IndexOutOfBoundsException.class, channel, c -> c.read(two, range[0], range[1]));
        assertRefuses(
            IndexOutOfBoundsException.class, channel, c -> c.write(two, range[0], range[1]));
      }
      assertThat(channel.read(two, 2, 0)).isZero();
      assertThat(channel.position()).isZero();
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.Channels;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.FileChannel;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code transferTo} and {@code transferFrom} between a file and every kind of channel. */
@ExtendWith(Leaks.class)
@Timeout(60)
@SuppressWarnings("try") // channels are closed in the middle of their blocks: that is the subject
abstract class TransferContract {
  private static final int SIZE = 200_000;

  private final FileChannels channels;
  private final byte[] content = TestFiles.bytes(SIZE);

  @TempDir Path directory;

  private Path file;
  private Path other;

  TransferContract(FileChannels channels) {
    this.channels = channels;
  }

  @BeforeEach
  void writeFiles() throws IOException {
    file = TestFiles.of(directory, content);
    other = TestFiles.of(directory, new byte[0]);
  }

  private FileChannel reader() throws IOException {
    return channels.open(file, READ);
  }

  private FileChannel writer() throws IOException {
    return channels.open(other, WRITE);
  }

  private byte[] range(int from, int to) {
    return Arrays.copyOfRange(content, from, to);
  }

  // ---- files

  @ParameterizedTest
  @EnumSource(FileChannels.class)
  void fileToFile(FileChannels makers) throws IOException {
    for (int size : new int[] {1, 5000, 100_000, SIZE - 77}) {
      try (FileChannel source = reader();
          FileChannel target = makers.open(other, READ, WRITE)) {
        source.position(9);
        target.position(3);
        assertThat(source.transferTo(77, size, target)).isEqualTo(size);
        assertThat(source.position()).isEqualTo(9);
        assertThat(target.position()).isEqualTo(3 + size);
        ByteBuffer got = ByteBuffer.allocate(size);
        target.read(got, 3);
        assertThat(got.array()).isEqualTo(range(77, 77 + size));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(FileChannels.class)
  void fileFromFile(FileChannels makers) throws IOException {
    Files.write(other, new byte[3]);
    for (int size : new int[] {1, 5000, 100_000, SIZE - 77}) {
      try (FileChannel source = makers.open(file, READ);
          FileChannel target = channels.open(other, READ, WRITE)) {
        source.position(77);
        target.position(9);
        assertThat(target.transferFrom(source, 3, size)).isEqualTo(size);
        assertThat(source.position()).isEqualTo(77 + size);
        assertThat(target.position()).isEqualTo(9);
        ByteBuffer got = ByteBuffer.allocate(size);
        target.read(got, 3);
        assertThat(got.array()).isEqualTo(range(77, 77 + size));
      }
    }
  }

  @Test
  void theEndOfTheFileEndsIt() throws IOException {
    try (FileChannel source = reader();
        FileChannel target = writer()) {
      assertThat(source.transferTo(SIZE, 10, target)).isZero();
      assertThat(source.transferTo(SIZE + 1, 10, target)).isZero();
      assertThat(source.transferTo(Long.MAX_VALUE, 10, target)).isZero();
      assertThat(source.transferTo(0, 0, target)).isZero();
      assertThat(source.transferTo(SIZE - 7, Long.MAX_VALUE, target)).isEqualTo(7);
      source.position(SIZE - 5);
      assertThat(target.transferFrom(source, 7, Long.MAX_VALUE - 7)).isEqualTo(5);
      assertThat(target.transferFrom(source, 12, 10)).isZero();
      assertThat(target.transferFrom(source, 0, 0)).isZero();
    }
    assertThat(Files.size(other)).isEqualTo(12);
  }

  /** Until JDK 21 nothing was moved to a place past the end. */
  @Test
  void aPlacePastTheEndLeavesAHole() throws IOException {
    boolean hole = channels.isSince(21);
    try (FileChannel source = reader();
        FileChannel target = writer()) {
      assertThat(target.transferFrom(source, 100, 50)).isEqualTo(hole ? 50 : 0);
      try (ReadableByteChannel bytes = Channels.newChannel(new ByteArrayInputStream(content))) {
        assertThat(target.transferFrom(bytes, 1000, 50)).isEqualTo(hole ? 50 : 0);
      }
    }
    assertThat(Files.size(other)).isEqualTo(hole ? 1050 : 0);
  }

  /** What it has when the call begins, not what it gets by that. */
  @ParameterizedTest
  @ValueSource(longs = {500_000, Long.MAX_VALUE / 2})
  void aFileIntoItselfPastItsEnd(long count) throws IOException {
    assumeTrue(channels.isSince(21), "nothing was moved to a place past the end");
    try (FileChannel channel = channels.open(file, READ, WRITE);
        FileChannel second = channels.open(file, READ)) {
      channel.position(SIZE - 100);
      assertThat(channel.transferFrom(channel, SIZE + 50, count)).isEqualTo(100);
      assertThat(channel.size()).isEqualTo(SIZE + 150);
      second.position(SIZE);
      assertThat(channel.transferFrom(second, SIZE + 200, count)).isEqualTo(150);
      assertThat(second.position()).isEqualTo(SIZE + 150);
    }
  }

  /** Not 0: a caller that goes on until all is moved would never end. */
  @Test
  void aPlaceThatNoFileHas() throws IOException {
    assumeTrue(channels.isSince(21), "nothing was moved to a place past the end");
    try (FileChannel source = reader();
        FileChannel target = writer();
        ReadableByteChannel bytes = Channels.newChannel(new ByteArrayInputStream(content))) {
      for (ReadableByteChannel from : new ReadableByteChannel[] {source, bytes}) {
        assertThatThrownBy(() -> target.transferFrom(from, Long.MAX_VALUE, 10))
            .isInstanceOf(IOException.class)
            .isNotInstanceOf(ClosedChannelException.class);
      }
    }
    assertThat(Files.size(other)).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {1000, 100_000})
  void aTargetInAppendModeGetsAllAtItsEnd(int size) throws IOException {
    Files.write(other, new byte[] {1, 2, 3});
    try (FileChannel source = reader();
        FileChannel target = channels.open(other, APPEND)) {
      target.position(0);
      assertThat(source.transferTo(0, size, target)).isEqualTo(size);
      assertThat(target.transferFrom(source, 0, size)).isEqualTo(size);
    }
    byte[] expected = new byte[3 + 2 * size];
    System.arraycopy(new byte[] {1, 2, 3}, 0, expected, 0, 3);
    System.arraycopy(content, 0, expected, 3, size);
    System.arraycopy(content, 0, expected, 3 + size, size);
    assertThat(other).hasBinaryContent(expected);
  }

  /** Towards the end the JDK copies what it has just written; ours is as memmove. */
  @ParameterizedTest
  @ValueSource(ints = {500, 60_000, 90_000})
  void overlappingRangesOfOneFile(int target) throws IOException {
    int count = 100_000;
    try (FileChannel channel = channels.open(file, READ, WRITE)) {
      channel.position(target);
      assertThat(channel.transferTo(50_000, count, channel)).isEqualTo(count);
      assertThat(channel.position()).isEqualTo(target + count);
    }
    if (target < 50_000 || channels == FileChannels.ZNIO) {
      System.arraycopy(content, 50_000, content, target, count);
      assertThat(file).hasBinaryContent(content);
    }
  }

  /** Until JDK 21 such a file seemed empty. */
  @Test
  void filesWithoutASize() throws IOException {
    byte[] expected = Files.readAllBytes(Path.of("/proc/version"));
    boolean all = channels.isSince(21);
    try (FileChannel source = channels.open(Path.of("/proc/version"))) {
      try (FileChannel target = writer()) {
        long n = source.transferTo(0, Long.MAX_VALUE, target);
        assertThat(n).isEqualTo(all ? expected.length : 0);
        assertThat(source.transferTo(1, Long.MAX_VALUE, target)).isZero();
      }
      assertThat(other).hasBinaryContent(all ? expected : new byte[0]);
      try (Ends.Pair pair = Ends.TCP4.open()) {
        long n = source.transferTo(0, 1 << 20, pair.writer);
        assertThat(n).isEqualTo(all ? expected.length : 0);
      }
    }
    try (FileChannel source = channels.open(Path.of("/proc/version"));
        FileChannel target = writer()) {
      assertThat(target.transferFrom(source, 0, 1 << 20)).isEqualTo(all ? expected.length : 0);
    }
    assertThat(other).hasBinaryContent(all ? expected : new byte[0]);
  }

  // ---- streams

  @ParameterizedTest
  @EnumSource(Ends.class)
  void fileToStream(Ends ends) throws Exception {
    try (Ends.Pair pair = ends.open();
        FileChannel source = reader()) {
      Ends.Collector collector = pair.collect();
      for (long at = 0; at < SIZE; ) {
        at += source.transferTo(at, SIZE, pair.writer);
      }
      pair.writer.close();
      assertThat(collector.toEnd()).isEqualTo(content);
      assertThat(source.position()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(Ends.class)
  void streamToFile(Ends ends) throws Exception {
    try (Ends.Pair pair = ends.open();
        FileChannel target = writer()) {
      Thread sender = pair.send(content);
      assertThat(target.transferFrom(pair.reader, 0, 150_000)).isEqualTo(150_000);
      assertThat(target.transferFrom(pair.reader, 150_000, 1L << 40)).isEqualTo(SIZE - 150_000);
      assertThat(target.transferFrom(pair.reader, SIZE, 1)).isZero();
      assertThat(target.position()).isZero();
      Await.end(sender);
    }
    assertThat(other).hasBinaryContent(content);
  }

  @ParameterizedTest
  @EnumSource(Ends.class)
  void streamsInNonBlockingMode(Ends ends) throws Exception {
    try (Ends.Pair pair = ends.open();
        FileChannel source = reader();
        FileChannel target = writer()) {
      ((SelectableChannel) pair.reader).configureBlocking(false);
      assertThat(target.transferFrom(pair.reader, 0, 10)).isZero();
      pair.fill();
      ((SelectableChannel) pair.writer).configureBlocking(false);
      // TCP may find room after all.
      Await.until("the stream is full", () -> transferTo(source, pair.writer) == 0);
    }
  }

  private static long transferTo(FileChannel source, WritableByteChannel target) {
    try {
      return source.transferTo(0, SIZE, target);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Until JDK 25 the kernel's own refusal came through: an IOException. */
  @Test
  void aSocketThatIsNotConnected() throws IOException {
    try (FileChannel both = channels.open(file, READ, WRITE);
        SocketChannel socket = SocketChannel.open()) {
      assertThatThrownBy(() -> both.transferTo(0, 10, socket))
          .isExactlyInstanceOf(
              channels.isSince(25) ? NotYetConnectedException.class : IOException.class);
      assertThatThrownBy(() -> both.transferFrom(socket, 0, 10))
          .isExactlyInstanceOf(NotYetConnectedException.class);
      assertThat(both.isOpen()).isTrue();
    }
  }

  @Test
  void datagrams() throws IOException {
    try (FileChannel source = reader();
        FileChannel target = writer();
        DatagramChannel from = DatagramChannel.open();
        DatagramChannel to = DatagramChannel.open()) {
      to.bind(new InetSocketAddress("127.0.0.1", 0));
      from.bind(new InetSocketAddress("127.0.0.1", 0)).connect(to.getLocalAddress());
      to.connect(from.getLocalAddress());
      assertThat(source.transferTo(5, 1000, from)).isEqualTo(1000);
      assertThat(target.transferFrom(to, 0, 1000)).isEqualTo(1000);
    }
    assertThat(other).hasBinaryContent(range(5, 1005));
  }

  // ---- channels of anybody

  /** Takes at most some bytes at a time. */
  private static final class Sink implements WritableByteChannel {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final int most;
    private final int limit;

    Sink(int most, int limit) {
      this.most = most;
      this.limit = limit;
    }

    @Override
    public int write(ByteBuffer buffer) throws IOException {
      if (bytes.size() >= limit) {
        throw new IOException("full");
      }
      byte[] part = new byte[Math.min(buffer.remaining(), most)];
      buffer.get(part);
      bytes.writeBytes(part);
      return part.length;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  @Test
  void anyTarget() throws IOException {
    try (FileChannel source = reader()) {
      Sink all = new Sink(Integer.MAX_VALUE, Integer.MAX_VALUE);
      assertThat(source.transferTo(7, Long.MAX_VALUE, all)).isEqualTo(SIZE - 7);
      assertThat(all.bytes.toByteArray()).isEqualTo(range(7, SIZE));
      Sink slow = new Sink(100, Integer.MAX_VALUE);
      assertThat(source.transferTo(0, 1000, slow)).isEqualTo(100); // a short write ends it
      Sink full = new Sink(Integer.MAX_VALUE, 0);
      assertThatThrownBy(() -> source.transferTo(0, 10, full)).hasMessage("full");
      Sink fullLater = new Sink(Integer.MAX_VALUE, 100);
      assertThat(source.transferTo(0, SIZE, fullLater)).isEqualTo(fullLater.bytes.size());
      ByteArrayOutputStream stream = new ByteArrayOutputStream();
      assertThat(source.transferTo(0, SIZE, Channels.newChannel(stream))).isEqualTo(SIZE);
      assertThat(stream.toByteArray()).isEqualTo(content);
    }
  }

  @Test
  void anySource() throws IOException {
    try (FileChannel target = writer();
        ReadableByteChannel source = Channels.newChannel(new ByteArrayInputStream(content))) {
      assertThat(target.transferFrom(source, 0, 10)).isEqualTo(10);
      assertThat(target.transferFrom(source, 10, Long.MAX_VALUE - 10)).isEqualTo(SIZE - 10);
      assertThat(target.transferFrom(source, 0, 10)).isZero();
    }
    assertThat(other).hasBinaryContent(content);
  }

  // ---- refusals

  /** One transfer of a channel. */
  interface Use {
    long on(FileChannel channel, FileChannel second) throws IOException;
  }

  static Stream<Arguments> negatives() {
    return Stream.of(
        Arguments.of((Use) (c, second) -> c.transferTo(-1, 1, second)),
        Arguments.of((Use) (c, second) -> c.transferTo(0, -1, second)),
        Arguments.of((Use) (c, second) -> c.transferFrom(second, -1, 1)),
        Arguments.of((Use) (c, second) -> c.transferFrom(second, 0, -1)));
  }

  @ParameterizedTest
  @MethodSource("negatives")
  void negativeNumbersAreRefused(Use use) throws IOException {
    try (FileChannel one = channels.open(file, READ, WRITE);
        FileChannel second = channels.open(other, READ, WRITE)) {
      assertThatThrownBy(() -> use.on(one, second))
          .isExactlyInstanceOf(IllegalArgumentException.class);
      one.close();
      assertThatThrownBy(() -> use.on(one, second))
          .isExactlyInstanceOf(ClosedChannelException.class);
    }
  }

  @ParameterizedTest
  @EnumSource(FileChannels.class)
  void accessIsChecked(FileChannels makers) throws IOException {
    try (FileChannel reader = reader();
        FileChannel writer = writer();
        FileChannel otherReader = makers.open(file, READ);
        FileChannel otherWriter = makers.open(other, WRITE)) {
      assertThatThrownBy(() -> reader.transferTo(0, 1, otherReader))
          .isExactlyInstanceOf(NonWritableChannelException.class);
      assertThatThrownBy(() -> writer.transferTo(0, 1, otherWriter))
          .isExactlyInstanceOf(NonReadableChannelException.class);
      assertThatThrownBy(() -> reader.transferFrom(otherReader, 0, 1))
          .isExactlyInstanceOf(NonWritableChannelException.class);
      assertThatThrownBy(() -> writer.transferFrom(otherWriter, 0, 1))
          .isExactlyInstanceOf(NonReadableChannelException.class);
      otherReader.close();
      otherWriter.close();
      assertThatThrownBy(() -> reader.transferTo(0, 1, otherWriter))
          .isExactlyInstanceOf(ClosedChannelException.class);
      assertThatThrownBy(() -> writer.transferFrom(otherReader, 0, 1))
          .isExactlyInstanceOf(ClosedChannelException.class);
      assertThatThrownBy(() -> reader.transferTo(0, 1, null))
          .isExactlyInstanceOf(NullPointerException.class);
      assertThatThrownBy(() -> writer.transferFrom(null, 0, 1))
          .isExactlyInstanceOf(NullPointerException.class);
      assertThat(reader.isOpen() && writer.isOpen()).isTrue();
    }
  }

  /** Until JDK 25 only the channel in use was closed. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anInterruptedThreadClosesBoth(boolean to) throws IOException {
    try (FileChannel one = channels.open(file, READ, WRITE);
        FileChannel second = channels.open(other, READ, WRITE)) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(
              () -> {
                if (to) {
                  one.transferTo(0, 10, second);
                } else {
                  one.transferFrom(second, 0, 10);
                }
              })
          .isExactlyInstanceOf(ClosedByInterruptException.class);
      assertThat(Thread.interrupted()).isTrue();
      for (Channel channel : new Channel[] {one, second}) {
        if (channels.isSince(25)) {
          assertThat(channel.isOpen()).isFalse();
        }
      }
    } finally {
      Thread.interrupted();
    }
  }
}

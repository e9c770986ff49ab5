// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SelectableChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Lists of file regions, with and without a header in front, arrive whole and in order. */
@ExtendWith(Leaks.class)
class RegionsTest {
  private static final int SIZE = 1 << 20;
  private static final Set<TransferPath> PATHS =
      EnumSet.of(
          TransferPath.AUTO, TransferPath.READ_WRITE, TransferPath.SENDFILE, TransferPath.SPLICE);

  @TempDir Path directory;

  private final byte[][] contents = {TestFiles.bytes(SIZE), TestFiles.bytes(SIZE + 1)};
  private final FileChannel[] files = new FileChannel[2];

  @BeforeEach
  void writeSources() throws IOException {
    for (int i = 0; i < files.length; i++) {
      Path file = TestFiles.of(directory, contents[i]);
      // Opened and closed by each test, so that the leak check sees them go.
      files[i] = null;
      paths[i] = file;
    }
  }

  private final Path[] paths = new Path[2];

  private void open() throws IOException {
    for (int i = 0; i < files.length; i++) {
      files[i] = FileChannel.open(paths[i]);
    }
  }

  private void close() throws IOException {
    for (FileChannel file : files) {
      file.close();
    }
  }

  /** Random regions of both files, of all lengths from 0 on, and what they hold. */
  private FileRegion[] regions(int count, int maximum, ByteArrayOutputStream expected) {
    Random random = new Random(count);
    FileRegion[] regions = new FileRegion[count];
    for (int i = 0; i < count; i++) {
      int which = random.nextInt(2);
      int length = random.nextInt(maximum);
      int position = random.nextInt(SIZE - maximum);
      regions[i] = new FileRegion(files[which], position, length);
      expected.write(contents[which], position, length);
    }
    return regions;
  }

  static Stream<Arguments> cases() {
    return PATHS.stream()
        .flatMap(
            path ->
                Stream.of(Ends.values())
                    .filter(ends -> path != TransferPath.SPLICE || ends != Ends.PIPE)
                    .flatMap(
                        ends ->
                            Stream.of(
                                Arguments.of(path, ends, true), Arguments.of(path, ends, false))));
  }

  @ParameterizedTest(name = "{0} to {1}, blocking {2}")
  @MethodSource("cases")
  void allRegionsArriveInOrder(TransferPath path, Ends ends, boolean blocking) throws Exception {
    open();
    try (Ends.Pair pair = ends.open()) {
      ((SelectableChannel) pair.writer).configureBlocking(blocking);
      Ends.Collector collector = pair.collect();
      ByteArrayOutputStream expected = new ByteArrayOutputStream();
      for (boolean direct : new boolean[] {true, false}) {
        byte[] head = TestFiles.bytes(77);
        expected.write(head);
        ByteBuffer header = direct ? ByteBuffer.allocateDirect(80) : ByteBuffer.allocate(80);
        header.position(3).put(head).position(3);
        FileRegion[] regions = regions(300, 9000, expected);
        sendAll(path, regions, header, pair);
        assertThat(header.hasRemaining()).as("header is consumed").isFalse();
      }
      pair.writer.close();
      assertThat(collector.toEnd()).isEqualTo(expected.toByteArray());
    } finally {
      close();
    }
  }

  /** Sends, and goes on behind what was sent when the target is full. */
  private static void sendAll(
      TransferPath path, FileRegion[] regions, ByteBuffer header, Ends.Pair pair)
      throws IOException {
    FileRegion[] left = regions;
    while (left.length > 0 || header.hasRemaining()) {
      int before = header.remaining();
      Receipt receipt = Transfer.transferRegionsWithReceipt(left, header, pair.writer, path);
      long sent = receipt.bytes() - (before - header.remaining());
      int i = 0;
      while (i < left.length && sent >= left[i].count()) {
        sent -= left[i++].count();
      }
      left = Arrays.copyOfRange(left, i, left.length);
      if (left.length > 0 && sent > 0) {
        FileRegion first = left[0];
        left[0] = new FileRegion(first.file(), first.position() + sent, first.count() - sent);
      }
    }
  }

  @Test
  void aThousandRegionsGoInFewSystemCalls() throws Exception {
    open();
    try (Ends.Pair pair = Ends.TCP4.open()) {
      Ends.Collector collector = pair.collect();
      FileRegion[] regions = new FileRegion[1000];
      Arrays.setAll(regions, i -> new FileRegion(files[0], i * 1000L, 1000));
      Receipt receipt =
          Transfer.transferRegionsWithReceipt(regions, null, pair.writer, TransferPath.AUTO);
      assertThat(receipt.bytes()).isEqualTo(1_000_000);
      assertThat(receipt.systemCalls())
          .as("a loop of transferTo makes 1000 or more")
          .isLessThan(1100);
      pair.writer.close();
      assertThat(collector.toEnd()).isEqualTo(Arrays.copyOf(contents[0], 1_000_000));
    } finally {
      close();
    }
  }

  @ParameterizedTest(name = "{0}")
  @EnumSource(
      value = TransferPath.class,
      names = {"AUTO", "READ_WRITE", "SENDFILE", "SPLICE"})
  void aRegionPastTheEndSendsWhatIsThereAndEndsTheCall(TransferPath path) throws Exception {
    open();
    try (Ends.Pair pair = Ends.UNIX.open()) {
      Ends.Collector collector = pair.collect();
      FileRegion[] regions = {
        new FileRegion(files[0], 10, 100),
        new FileRegion(files[0], SIZE - 50, 100),
        new FileRegion(files[0], 0, 100)
      };
      Receipt receipt = Transfer.transferRegionsWithReceipt(regions, null, pair.writer, path);
      assertThat(receipt.bytes()).isEqualTo(150);
      assertThat(receipt.shortReason()).contains("ZN_ETRUNCATED");
      pair.writer.close();
      byte[] got = collector.toEnd();
      assertThat(Arrays.copyOf(got, 100)).isEqualTo(Arrays.copyOfRange(contents[0], 10, 110));
      assertThat(Arrays.copyOfRange(got, 100, 150))
          .isEqualTo(Arrays.copyOfRange(contents[0], SIZE - 50, SIZE));
      assertThat(got).hasSize(150);
    } finally {
      close();
    }
  }

  @Test
  void regionsGoToAFileToo() throws Exception {
    open();
    Path copy = directory.resolve("copy");
    ByteArrayOutputStream expected = new ByteArrayOutputStream();
    expected.write(new byte[] {9, 8, 7});
    try (FileChannel target =
        FileChannel.open(copy, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      FileRegion[] regions = regions(50, 3000, expected);
      ByteBuffer header = ByteBuffer.wrap(new byte[] {9, 8, 7});
      long moved = Transfer.transferRegions(regions, header, target);
      assertThat(moved).isEqualTo(expected.size());
      assertThat(target.position()).isEqualTo(expected.size());
    } finally {
      close();
    }
    assertThat(Files.readAllBytes(copy)).isEqualTo(expected.toByteArray());
  }

  @Test
  void aHeaderAloneIsSent() throws Exception {
    try (Ends.Pair pair = Ends.TCP6.open()) {
      ByteBuffer header = ByteBuffer.wrap(new byte[] {1, 2, 3});
      assertThat(Transfer.transferRegions(new FileRegion[0], header, pair.writer)).isEqualTo(3);
      pair.writer.close();
      assertThat(pair.collect().toEnd()).containsExactly(1, 2, 3);
    }
  }

  @Test
  void pathsThatCannotSendListsAreRefused() throws Exception {
    open();
    try (Ends.Pair pair = Ends.TCP4.open()) {
      FileRegion[] regions = {new FileRegion(files[0], 0, 10)};
      assertThatThrownBy(
              () ->
                  Transfer.transferRegionsWithReceipt(
                      regions, null, pair.writer, TransferPath.REFLINK))
          .isInstanceOf(TransferException.class)
          .hasMessageContaining("reflink from file to tcp")
          .hasMessageContaining("ZN_EPAIR");
      try (Ends.Pair pipe = Ends.PIPE.open()) {
        assertThatThrownBy(
                () ->
                    Transfer.transferRegionsWithReceipt(
                        regions, null, pipe.writer, TransferPath.SPLICE))
            .isInstanceOf(TransferException.class)
            .hasMessageContaining("splice from file to pipe");
      }
    } finally {
      close();
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Bad and odd input: the outcome is the JDK's, asked at the same time on a channel of its own, or a
 * documented better one; nothing is lost, doubled or leaked.
 */
@ExtendWith(Leaks.class)
@SuppressWarnings("try") // channels are closed in the middle of their blocks: that is the subject
class BadInputTest {
  private static final int SIZE = 100_000;
  private static final byte[] CONTENT = TestFiles.bytes(SIZE);

  @TempDir Path directory;

  private Path file;

  @BeforeEach
  void writeSource() throws IOException {
    file = TestFiles.of(directory, CONTENT);
  }

  private FileChannel read() throws IOException {
    return FileChannel.open(file, StandardOpenOption.READ);
  }

  private FileChannel write(String name) throws IOException {
    return FileChannel.open(
        directory.resolve(name),
        StandardOpenOption.CREATE,
        StandardOpenOption.READ,
        StandardOpenOption.WRITE);
  }

  @ParameterizedTest
  @ValueSource(longs = {SIZE, SIZE + 1, SIZE + 123456789L, Long.MAX_VALUE})
  void aPositionPastTheEndMovesNothing(long position) throws Exception {
    try (FileChannel source = read();
        Ends.Pair pair = Ends.TCP4.open();
        FileChannel target = write("target")) {
      assertThat(Transfer.transferTo(source, position, 10, pair.writer))
          .isEqualTo(source.transferTo(position, 10, pair.writer))
          .isZero();
      assertThat(Transfer.transferTo(source, position, 10, target)).isZero();
      assertThat(Transfer.from(source, position).to(target).transfer()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(Ends.class)
  void countsThatOverflowMoveWhatIsThere(Ends ends) throws Exception {
    try (FileChannel source = read();
        Ends.Pair pair = ends.open()) {
      Ends.Collector collector = pair.collect();
      long moved = 0;
      while (moved < SIZE - 5) {
        moved += Transfer.transferTo(source, 5 + moved, Long.MAX_VALUE, pair.writer);
      }
      pair.writer.close();
      assertThat(collector.toEnd()).isEqualTo(Arrays.copyOfRange(CONTENT, 5, SIZE));
    }
  }

  @Test
  void theEmptyFileAndTheEmptyCount() throws Exception {
    Path empty = Files.createFile(directory.resolve("empty"));
    try (FileChannel nothing = FileChannel.open(empty);
        FileChannel source = read();
        FileChannel target = write("target");
        Ends.Pair pair = Ends.UNIX.open()) {
      assertThat(Transfer.transferTo(nothing, 0, 10, pair.writer)).isZero();
      assertThat(Transfer.transferTo(nothing, 0, 10, target)).isZero();
      assertThat(Transfer.transferTo(source, 0, 0, pair.writer)).isZero();
      assertThat(Transfer.transferFrom(target, pair.reader, 0, 0)).isZero();
      assertThat(Transfer.transferFrom(target, nothing, 0, 5)).isZero();
      assertThat(Transfer.transferRegions(new FileRegion[0], null, pair.writer)).isZero();
      assertThat(target.size()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/proc/self/status", "/proc/version", "/proc/cpuinfo"})
  void procFilesTellNoSizeAndAreCopiedWhole(String name) throws Exception {
    Path proc = Path.of(name);
    try (FileChannel source = FileChannel.open(proc);
        FileChannel target = write("target");
        Ends.Pair pair = Ends.TCP4.open()) {
      assertThat(source.size()).isZero();
      long moved = Transfer.from(source, 0).to(target).transfer();
      assertThat(moved).isPositive();
      assertThat(firstLine(Files.readAllBytes(directory.resolve("target"))))
          .isEqualTo(firstLine(Files.readAllBytes(proc)));
      Ends.Collector collector = pair.collect();
      assertThat(Transfer.transferTo(source, 0, 1 << 20, pair.writer)).isPositive();
      pair.writer.close();
      assertThat(firstLine(collector.toEnd())).isEqualTo(firstLine(Files.readAllBytes(proc)));
    }
  }

  private static String firstLine(byte[] text) {
    return new String(text, java.nio.charset.StandardCharsets.UTF_8).lines().findFirst().orElse("");
  }

  @Test
  void offsetsPastFourGigabytesOfASparseFile() throws Exception {
    long far = (4L << 30) + 12345;
    try (FileChannel sparse = write("sparse");
        FileChannel target = write("target");
        Ends.Pair pair = Ends.TCP4.open()) {
      sparse.write(ByteBuffer.wrap(CONTENT), far);
      Ends.Collector collector = pair.collect();
      assertThat(Transfer.transferTo(sparse, far, SIZE, pair.writer)).isEqualTo(SIZE);
      pair.writer.close();
      assertThat(collector.toEnd()).isEqualTo(CONTENT);
      // Into an offset past 4 GiB, from a file and from a stream.
      assertThat(Transfer.from(sparse, far).to(target, far + 7).transfer()).isEqualTo(SIZE);
      assertThat(bytesOf(target, far + 7)).isEqualTo(CONTENT);
      try (Ends.Pair second = Ends.PIPE.open()) {
        second.send(CONTENT);
        long moved = Transfer.transferFrom(target, second.reader, far + (1L << 31), SIZE);
        assertThat(moved).isEqualTo(SIZE);
      }
      assertThat(bytesOf(target, far + (1L << 31))).isEqualTo(CONTENT);
    }
  }

  private static byte[] bytesOf(FileChannel channel, long position) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(SIZE);
    while (buffer.hasRemaining() && channel.read(buffer, position + buffer.position()) > 0) {
      // read on
    }
    return buffer.array();
  }

  @Test
  void moreThanTwoGigabytesGoInOneCall() throws Exception {
    long size = (2L << 30) + 4096 + 1;
    try (FileChannel sparse = write("sparse");
        FileChannel sink = FileChannel.open(Path.of("/dev/null"), StandardOpenOption.WRITE)) {
      sparse.write(ByteBuffer.wrap(new byte[] {42}), size - 1);
      Receipt receipt =
          Transfer.from(sparse, 0).to(sink).via(TransferPath.SENDFILE).transferWithReceipt();
      assertThat(receipt.bytes()).isEqualTo(size);
      assertThat(receipt.systemCalls()).as("more than one call of the kernel").isGreaterThan(1);
    }
  }

  @Test
  void anAppendTargetGetsAllBytesAtItsEnd() throws Exception {
    Path log = Files.write(directory.resolve("log"), new byte[] {1, 2, 3});
    try (FileChannel source = read();
        FileChannel append =
            FileChannel.open(log, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
        Ends.Pair pair = Ends.UNIX.open()) {
      long moved = 0;
      while (moved < SIZE) {
        moved += Transfer.transferTo(source, moved, SIZE - moved, append);
      }
      source.position(0);
      while (moved < 2 * SIZE) {
        moved += Transfer.transferFrom(append, source, 0, SIZE);
      }
      pair.send(CONTENT);
      assertThat(Transfer.transferFrom(append, pair.reader, 1, SIZE)).isEqualTo(SIZE);
    }
    byte[] all = Files.readAllBytes(log);
    assertThat(all).hasSize(3 + 3 * SIZE);
    assertThat(Arrays.copyOf(all, 3)).containsExactly(1, 2, 3);
    for (int i = 0; i < 3; i++) {
      assertThat(Arrays.copyOfRange(all, 3 + i * SIZE, 3 + (i + 1) * SIZE))
          .as("part " + i)
          .isEqualTo(CONTENT);
    }
  }

  @Test
  void anAppendTargetDoesNotSpoilLaterTransfers() throws Exception {
    anAppendTargetGetsAllBytesAtItsEnd();
    try (FileChannel source = read();
        FileChannel target = write("target")) {
      Receipt receipt = Transfer.from(source, 0).to(target, 0).transferWithReceipt();
      assertThat(receipt.path()).isEqualTo(TransferPath.COPY_FILE_RANGE);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {-20_000, -1, 0, 1, 20_000})
  void overlappingRangesOfOneFileAreCopiedAsIfThroughABuffer(long shift) throws Exception {
    long from = 40_000;
    int count = 30_000;
    byte[] expected = CONTENT.clone();
    System.arraycopy(CONTENT, (int) from, expected, (int) (from + shift), count);
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      assertThat(Transfer.from(channel, from).to(channel, from + shift).count(count).transfer())
          .isEqualTo(count);
    }
    assertThat(Files.readAllBytes(file)).isEqualTo(expected);
  }

  @Test
  void aHoleAppearsWhenTheTargetPositionIsPastTheEnd() throws Exception {
    try (FileChannel target = write("target");
        FileChannel source = read()) {
      assertThat(Transfer.transferFrom(target, source, 5000, SIZE)).isEqualTo(SIZE);
      assertThat(target.size()).isEqualTo(5000 + SIZE);
      assertThat(source.position()).isEqualTo(SIZE);
      assertThat(target.position()).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource(Ends.class)
  void aPeerThatClosesInTheMiddleEndsTheTransfer(Ends ends) throws Exception {
    try (FileChannel source = read();
        Ends.Pair pair = ends.open()) {
      pair.reader.close();
      Throwable failure =
          catchThrowable(
              () -> {
                while (true) {
                  Transfer.transferTo(source, 0, SIZE, pair.writer);
                }
              });
      assertThat(failure).isInstanceOf(TransferException.class);
      TransferException e = (TransferException) failure;
      assertThat(e.codeName()).isIn("EPIPE", "ECONNRESET");
      assertThat(e.errno()).isIn(32, 104);
      assertThat(e.isRefusal()).isFalse();
      assertThat(e.getMessage())
          .contains("from file to " + Errors.kindName(ends.kind))
          .contains("errno " + e.errno());
      assertThat(pair.writer.isOpen()).isTrue();
    }
  }

  @Test
  void aResetSaysSoAndTheJdkRemembersIt() throws Exception {
    try (FileChannel target = write("target");
        Ends.Pair pair = Ends.TCP4.open()) {
      ((SocketChannel) pair.writer).setOption(java.net.StandardSocketOptions.SO_LINGER, 0);
      pair.writer.close();
      Throwable failure = catchThrowable(() -> Transfer.transferFrom(target, pair.reader, 0, SIZE));
      assertThat(failure).isInstanceOf(TransferException.class).hasMessageContaining("ECONNRESET");
      assertThatThrownBy(() -> pair.reader.read(ByteBuffer.allocate(1)))
          .isInstanceOf(java.net.SocketException.class)
          .hasMessage("Connection reset");
    }
  }

  @ParameterizedTest
  @EnumSource(Ends.class)
  void aPeerThatEndsEarlyGivesWhatItSent(Ends ends) throws Exception {
    try (FileChannel target = write("target");
        Ends.Pair pair = ends.open()) {
      pair.send(Arrays.copyOf(CONTENT, 12345));
      assertThat(Transfer.transferFrom(target, pair.reader, 0, SIZE)).isEqualTo(12345);
      assertThat(Transfer.transferFrom(target, pair.reader, 12345, SIZE)).isZero();
    }
    assertThat(Files.readAllBytes(directory.resolve("target")))
        .isEqualTo(Arrays.copyOf(CONTENT, 12345));
  }

  @ParameterizedTest
  @EnumSource(
      value = TransferPath.class,
      names = {
        "AUTO",
        "READ_WRITE",
        "MMAP_WRITE",
        "SENDFILE",
        "SPLICE",
        "VMSPLICE",
        "PRIVATE_MAP",
        "URING_REGISTERED"
      })
  void aFileThatIsCutInTheMiddleGivesWhatIsThere(TransferPath path) throws Exception {
    byte[] large = TestFiles.bytes(16 << 20);
    Path growing = TestFiles.of(directory, large);
    try (FileChannel source = FileChannel.open(growing);
        FileChannel cutter = FileChannel.open(growing, StandardOpenOption.WRITE);
        Ends.Pair pair = Ends.UNIX.open()) {
      Threads.Started<Long> mover =
          Threads.call(
              "mover", () -> Transfer.from(source, 0).to(pair.writer).via(path).transfer());
      mover.awaitStalled();
      cutter.truncate(4096);
      Ends.Collector collector = pair.collect();
      Throwable failure = mover.failure();
      pair.writer.close();
      byte[] got = collector.toEnd();
      if (failure == null) {
        assertThat(mover.get()).as("bytes told").isEqualTo(got.length);
      } else {
        assertThat(failure).isInstanceOf(TransferException.class);
      }
      assertThat(got.length).isLessThan(large.length);
      // What arrived is the file's, up to pages that were already under way when it was cut.
      int sure = Math.min(4096, got.length);
      assertThat(Arrays.copyOf(got, sure)).isEqualTo(Arrays.copyOf(large, sure));
    }
  }

  @Test
  void aFullNonBlockingTargetAndAnEmptyNonBlockingSourceGiveZero() throws Exception {
    for (Ends ends : Ends.values()) {
      try (FileChannel source = read();
          FileChannel target = write("target");
          Ends.Pair pair = ends.open()) {
        ((SelectableChannel) pair.reader).configureBlocking(false);
        assertThat(Transfer.transferFrom(target, pair.reader, 0, SIZE)).isZero();
        Receipt receipt = Transfer.transferFromWithReceipt(target, pair.reader, 0, SIZE);
        assertThat(receipt.bytes()).isZero();
        assertThat(receipt.shortReason()).contains("EAGAIN");
        assertZeroWhenFull(pair, () -> Transfer.transferTo(source, 0, SIZE, pair.writer));
        assertZeroWhenFull(pair, () -> Transfer.from(source, 0).to(pair.writer).transfer());
        FileRegion[] regions = {new FileRegion(source, 0, 10)};
        assertZeroWhenFull(pair, () -> Transfer.transferRegions(regions, null, pair.writer));
      }
    }
  }

  /** TCP may find some room behind our back: then it is filled again. */
  private static void assertZeroWhenFull(Ends.Pair pair, Callable<Long> transfer) throws Exception {
    long moved = -1;
    for (int i = 0; i < 50 && moved != 0; i++) {
      pair.fill();
      ((SelectableChannel) pair.writer).configureBlocking(false);
      moved = transfer.call();
    }
    assertThat(moved).isZero();
  }
}

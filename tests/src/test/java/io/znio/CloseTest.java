// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channel;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A transfer that is stalled (its peer does not read, or does not write) ends when one of its
 * channels is closed or its thread interrupted, as the JDK's own transfer does. Where the JDK of
 * this run ends its own transfer too, both outcomes are compared; JDK 17 does not watch the target.
 */
@ExtendWith(Leaks.class)
@SuppressWarnings("try") // channels are closed in the middle of their blocks: that is the subject
class CloseTest {
  private static final int SIZE = 1 << 20;

  @TempDir Path directory;

  private Path file;

  @BeforeEach
  void writeSource() throws IOException {
    file = TestFiles.of(directory, TestFiles.bytes(SIZE));
  }

  /** Who is disturbed, and how. */
  enum Disturbance {
    CLOSE_SOURCE,
    CLOSE_TARGET,
    INTERRUPT
  }

  /** How a disturbed transfer ended. */
  private record Outcome(
      Class<?> exception, boolean sourceOpen, boolean targetOpen, boolean interrupted) {}

  /** A transfer from one channel to another. */
  private interface Move {
    long run() throws IOException;
  }

  static Stream<Arguments> cases() {
    List<Arguments> cases = new ArrayList<>();
    for (Ends ends : Ends.values()) {
      for (Disturbance disturbance : Disturbance.values()) {
        cases.add(Arguments.of(ends, disturbance));
      }
    }
    return cases.stream();
  }

  /** Starts the move, waits until it makes no progress, disturbs it, and says how it ended. */
  private static Outcome disturb(Move move, Channel source, Channel target, Disturbance disturbance)
      throws Exception {
    boolean[] interrupted = new boolean[1];
    Threads.Started<Long> mover =
        Threads.call(
            "mover",
            () -> {
              try {
                while (true) { // TCP may find room for some bytes after all, and tells them
                  move.run();
                }
              } finally {
                interrupted[0] = Thread.currentThread().isInterrupted();
              }
            });
    mover.awaitStalled();
    switch (disturbance) {
      case CLOSE_SOURCE -> source.close();
      case CLOSE_TARGET -> target.close();
      case INTERRUPT -> mover.thread().interrupt();
    }
    Throwable failure = mover.failure();
    Class<?> exception = failure == null ? null : failure.getClass();
    return new Outcome(exception, source.isOpen(), target.isOpen(), interrupted[0]);
  }

  /**
   * Compares outcomes. A stalled call ends with AsynchronousCloseException; where TCP had room for
   * some bytes the call tells them, and the next one finds the channel closed.
   */
  private static void assertOutcome(Outcome actual, Outcome expected, boolean tcp, String whose) {
    boolean told = tcp && actual.exception == ClosedChannelException.class;
    Outcome compared =
        told && expected.exception == AsynchronousCloseException.class
            ? new Outcome(
                expected.exception, actual.sourceOpen, actual.targetOpen, actual.interrupted)
            : actual;
    assertThat(compared).as(whose).isEqualTo(expected);
  }

  private static Outcome expected(Disturbance disturbance) {
    return switch (disturbance) {
      case CLOSE_SOURCE -> new Outcome(AsynchronousCloseException.class, false, true, false);
      case CLOSE_TARGET -> new Outcome(AsynchronousCloseException.class, true, false, false);
      case INTERRUPT -> new Outcome(ClosedByInterruptException.class, false, false, true);
    };
  }

  @ParameterizedTest(name = "{1} while {0} is full")
  @MethodSource("cases")
  void transferToAFullStream(Ends ends, Disturbance disturbance) throws Exception {
    Outcome znio;
    try (Ends.Pair pair = ends.open();
        FileChannel source = FileChannel.open(file)) {
      pair.fill();
      Move move = () -> Transfer.transferTo(source, 0, SIZE, pair.writer);
      znio = disturb(move, source, pair.writer, disturbance);
    }
    boolean tcp = ends.kind == Native.TCP;
    assertOutcome(znio, expected(disturbance), tcp, "znio");
    boolean oracle = Runtime.version().feature() >= 25 && ends != Ends.PIPE;
    if (oracle) {
      try (Ends.Pair pair = ends.open();
          FileChannel source = FileChannel.open(file)) {
        pair.fill();
        Move move = () -> source.transferTo(0, SIZE, pair.writer);
        Outcome jdk = disturb(move, source, pair.writer, disturbance);
        assertOutcome(jdk, expected(disturbance), tcp, "JDK");
      }
    }
  }

  @ParameterizedTest(name = "{1} while {0} is silent")
  @MethodSource("cases")
  void transferFromASilentStream(Ends ends, Disturbance disturbance) throws Exception {
    Outcome znio;
    try (Ends.Pair pair = ends.open();
        FileChannel target = openTarget()) {
      Move move = () -> Transfer.transferFrom(target, pair.reader, 0, SIZE);
      znio = disturb(move, pair.reader, target, disturbance);
    }
    assertThat(znio).isEqualTo(expected(disturbance));
    // Closing the file does not wake the JDK's own transferFrom.
    boolean oracle = Runtime.version().feature() >= 25 && disturbance != Disturbance.CLOSE_TARGET;
    if (oracle) {
      try (Ends.Pair pair = ends.open();
          FileChannel target = openTarget()) {
        Move move = () -> target.transferFrom(pair.reader, 0, SIZE);
        assertThat(disturb(move, pair.reader, target, disturbance)).as("JDK").isEqualTo(znio);
      }
    }
  }

  @ParameterizedTest(name = "{1} after some bytes of {0}")
  @MethodSource("cases")
  void bytesThatReachedTheFileAreTold(Ends ends, Disturbance disturbance) throws Exception {
    byte[] some = TestFiles.bytes(777);
    try (Ends.Pair pair = ends.open();
        FileChannel target = openTarget()) {
      pair.write(some);
      Threads.Started<Long> mover =
          Threads.call("mover", () -> Transfer.transferFrom(target, pair.reader, 0, SIZE));
      Await.until("the bytes are in the file", () -> sizeOf(target) == some.length);
      mover.awaitStalled();
      switch (disturbance) {
        case CLOSE_SOURCE -> pair.reader.close();
        case CLOSE_TARGET -> target.close();
        case INTERRUPT -> mover.thread().interrupt();
      }
      assertThat(mover.get()).isEqualTo(some.length);
    }
  }

  private static long sizeOf(FileChannel channel) {
    try {
      return channel.size();
    } catch (IOException e) {
      return -1;
    }
  }

  @ParameterizedTest(name = "{1} while {0} is full")
  @MethodSource("cases")
  void streamToAFullStream(Ends ends, Disturbance disturbance) throws Exception {
    byte[] some = TestFiles.bytes(5000);
    try (Ends.Pair from = Ends.UNIX.open();
        Ends.Pair to = ends.open()) {
      from.write(some);
      to.fill();
      Threads.Started<Long> mover =
          Threads.call("mover", () -> Transfer.from(from.reader).to(to.writer).transfer());
      mover.awaitStalled();
      switch (disturbance) {
        case CLOSE_SOURCE -> from.reader.close();
        case CLOSE_TARGET -> to.writer.close();
        case INTERRUPT -> mover.thread().interrupt();
      }
      // Bytes that left the source and did not reach the target are handed out, wherever they were.
      Throwable failure = mover.failure();
      if (failure == null) {
        assertThat(ends.kind).as("only TCP may find room after all").isEqualTo(Native.TCP);
        assertThat(mover.get()).isEqualTo(some.length);
        return;
      }
      Class<?> expected =
          disturbance == Disturbance.INTERRUPT
              ? ClosedByInterruptException.class
              : AsynchronousCloseException.class;
      assertThat(failure).isExactlyInstanceOf(expected);
      assertAllAccountedFor(failure, from, some);
    }
  }

  private static void assertAllAccountedFor(Throwable failure, Ends.Pair from, byte[] sent)
      throws IOException {
    ByteBuffer found = ByteBuffer.allocate(sent.length);
    for (Throwable suppressed : failure.getSuppressed()) {
      if (suppressed instanceof TransferException e) {
        found.put(e.stranded());
      }
    }
    if (from.reader.isOpen()) {
      ((SelectableChannel) from.reader).configureBlocking(false);
      from.reader.read(found);
    }
    if (from.reader.isOpen() || found.position() > 0) {
      assertThat(found.array()).isEqualTo(sent);
    }
  }

  @ParameterizedTest(name = "{0}")
  @EnumSource(Disturbance.class)
  void regionsToAFullSocket(Disturbance disturbance) throws Exception {
    try (Ends.Pair pair = Ends.TCP4.open();
        FileChannel source = FileChannel.open(file)) {
      pair.fill();
      FileRegion[] regions = {new FileRegion(source, 0, 4096), new FileRegion(source, 8192, 4096)};
      Move move = () -> Transfer.transferRegions(regions, null, pair.writer);
      Outcome outcome = disturb(move, source, pair.writer, disturbance);
      if (disturbance == Disturbance.INTERRUPT) {
        assertThat(outcome)
            .isEqualTo(new Outcome(ClosedByInterruptException.class, true, false, true));
      } else {
        assertOutcome(outcome, expected(disturbance), true, "znio");
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @EnumSource(
      value = TransferPath.class,
      names = {
        "READ_WRITE",
        "MMAP_WRITE",
        "SPLICE",
        "VMSPLICE",
        "URING_REGISTERED",
        "DIRECT_URING",
        "PRIVATE_MAP"
      })
  void everyPathIsWokenByAnInterrupt(TransferPath path) throws Exception {
    try (Ends.Pair pair = Ends.UNIX.open();
        FileChannel source = FileChannel.open(file)) {
      pair.fill();
      Move move = () -> Transfer.from(source, 0).to(pair.writer).via(path).transfer();
      Outcome outcome = disturb(move, source, pair.writer, Disturbance.INTERRUPT);
      assertThat(outcome).isEqualTo(expected(Disturbance.INTERRUPT));
    }
  }

  @ParameterizedTest(name = "{0}")
  @EnumSource(
      value = TransferPath.class,
      names = {"MSG_ZEROCOPY", "URING_SEND_ZC"})
  void lendingPathsAreWokenByAClose(TransferPath path) throws Exception {
    try (Ends.Pair pair = Ends.TCP4.open()) {
      pair.fill();
      ByteBuffer buffer = ByteBuffer.allocateDirect(SIZE);
      Threads.Started<Long> mover =
          Threads.call("mover", () -> Transfer.from(buffer).to(pair.writer).via(path).transfer());
      mover.awaitStalled();
      pair.writer.close();
      Throwable failure = mover.failure();
      assertThat(failure == null || failure instanceof AsynchronousCloseException)
          .as("ended by " + failure)
          .isTrue();
      pair.reader.close();
      Await.until("nothing is lent any more", () -> Transfer.pinned() == 0);
    }
  }

  @ParameterizedTest(name = "{0}")
  @EnumSource(Ends.class)
  void aThreadThatIsInterruptedBeforeClosesBothAtOnce(Ends ends) throws Exception {
    try (Ends.Pair pair = ends.open();
        FileChannel source = FileChannel.open(file)) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> Transfer.transferTo(source, 0, SIZE, pair.writer))
          .isExactlyInstanceOf(ClosedByInterruptException.class);
      assertThat(Thread.interrupted()).as("status kept").isTrue();
      assertThat(source.isOpen()).isFalse();
      assertThat(pair.writer.isOpen()).isFalse();
    }
  }

  @ParameterizedTest(name = "{0}")
  @EnumSource(Ends.class)
  void theChannelsServeTheJdkAfterwards(Ends ends) throws Exception {
    // Locks, hooks and recorded threads must be gone: the JDK's own calls still work and close.
    try (Ends.Pair pair = ends.open();
        FileChannel source = FileChannel.open(file)) {
      assertThat(Transfer.transferTo(source, 0, 1000, pair.writer)).isEqualTo(1000);
      pair.write(new byte[1000]);
      try (FileChannel target = openTarget()) {
        assertThat(Transfer.transferFrom(target, pair.reader, 0, 1500)).isEqualTo(1500);
      }
      assertThat(pair.reader.read(ByteBuffer.allocate(600))).isEqualTo(500);
      if (pair.writer instanceof SocketChannel socket) {
        socket.shutdownOutput();
        assertThat(pair.reader.read(ByteBuffer.allocate(600))).isEqualTo(-1);
        assertThatThrownBy(() -> Transfer.transferTo(source, 0, 1000, pair.writer))
            .isInstanceOf(ClosedChannelException.class);
      }
    }
  }

  /** A descriptor that is reused during a transfer would receive the file's bytes. */
  @RepeatedTest(30)
  void aClosedDescriptorIsNotReused() throws Exception {
    try (FileChannel source = FileChannel.open(file)) {
      Ends.Pair pair = Ends.UNIX.open();
      pair.fill();
      Threads.Started<Long> mover =
          Threads.call("mover", () -> Transfer.transferTo(source, 0, SIZE, pair.writer));
      mover.awaitIn("io.znio.Native");
      List<Ends.Pair> others = new ArrayList<>();
      try {
        pair.writer.close();
        for (int i = 0; i < 8; i++) {
          others.add(Ends.UNIX.open());
        }
        assertThat(mover.failure()).isInstanceOf(AsynchronousCloseException.class);
        for (Ends.Pair other : others) {
          assertThat(readNow(other.reader)).as("bytes in a stranger's socket").isZero();
          assertThat(readNow((SocketChannel) other.writer)).isZero();
        }
      } finally {
        for (Ends.Pair other : others) {
          other.close();
        }
        pair.close();
      }
    }
  }

  private static int readNow(ReadableByteChannel channel) throws IOException {
    ((SelectableChannel) channel).configureBlocking(false);
    return channel.read(ByteBuffer.allocate(16));
  }

  @Test
  void closeRacesWithTransfersForALongTime() throws Exception {
    for (int i = 0; i < 300; i++) {
      try (Ends.Pair pair = Ends.TCP4.open();
          FileChannel source = FileChannel.open(file)) {
        Ends.Collector collector = pair.collect();
        AtomicLong told = new AtomicLong();
        Threads.Started<Long> mover =
            Threads.call(
                "mover",
                () -> {
                  while (true) {
                    told.addAndGet(Transfer.transferTo(source, 0, 4096, pair.writer));
                  }
                });
        Await.until("bytes flow", () -> collector.size() > 0);
        if (i % 2 == 0) {
          pair.writer.close();
        } else {
          source.close();
        }
        assertThat(mover.failure()).isInstanceOf(ClosedChannelException.class);
        pair.writer.close();
        assertThat(collector.toEnd().length)
            .as("bytes told and bytes received")
            .isEqualTo(told.get());
      }
    }
  }

  private FileChannel openTarget() throws IOException {
    return FileChannel.open(
        directory.resolve("target"),
        StandardOpenOption.CREATE,
        StandardOpenOption.TRUNCATE_EXISTING,
        StandardOpenOption.WRITE);
  }
}

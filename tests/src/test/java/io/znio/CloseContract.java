// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channel;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Closing a channel, and interrupting a thread, while threads use it: who is blocked is woken, and
 * no descriptor is reused under anybody. A FIFO is a file whose reads and writes block.
 */
@ExtendWith(Leaks.class)
@Timeout(60)
@SuppressWarnings("try") // channels are closed in the middle of their blocks: that is the subject
abstract class CloseContract {
  private static final int SIZE = 64 << 10;

  private final FileChannels channels;

  @TempDir Path directory;

  private Path file;
  private Path fifo;

  CloseContract(FileChannels channels) {
    this.channels = channels;
  }

  @BeforeEach
  void makeFiles() throws Exception {
    file = TestFiles.of(directory, TestFiles.bytes(SIZE));
    fifo = directory.resolve("fifo");
    assertThat(Child.command(List.of("mkfifo", fifo.toString())).status()).isZero();
  }

  /** Something that blocks on a channel of an empty, or full, FIFO. */
  enum Wait {
    READ_ONE,
    READ_DIRECT,
    READ_MANY,
    WRITE_ONE,
    WRITE_MANY;

    Object on(FileChannel channel) throws IOException {
      ByteBuffer[] two = {ByteBuffer.allocate(10), ByteBuffer.allocateDirect(10)};
      return switch (this) {
        case READ_ONE -> channel.read(two[0]);
        case READ_DIRECT -> channel.read(two[1]);
        case READ_MANY -> channel.read(two);
        case WRITE_ONE -> channel.write(two[0]);
        case WRITE_MANY -> channel.write(two);
      };
    }
  }

  /** Opened for both, a FIFO waits for no other end. */
  private FileChannel openFifo(Wait wait) throws Exception {
    FileChannel channel = channels.open(fifo, READ, WRITE);
    if (wait == Wait.WRITE_ONE || wait == Wait.WRITE_MANY) {
      channel.write(ByteBuffer.allocate(64 << 10)); // the capacity of a FIFO
    }
    return channel;
  }

  @ParameterizedTest
  @EnumSource(Wait.class)
  void closingWakes(Wait wait) throws Exception {
    try (FileChannel channel = openFifo(wait)) {
      Threads.Started<Object> waiter = Threads.call("waiter", () -> wait.on(channel));
      waiter.awaitStalled();
      channel.close();
      assertThat(waiter.failure()).isExactlyInstanceOf(AsynchronousCloseException.class);
      assertThat(waiter.thread().isInterrupted()).isFalse();
    }
  }

  @ParameterizedTest
  @EnumSource(Wait.class)
  void interruptingWakesAndCloses(Wait wait) throws Exception {
    AtomicReference<Boolean> interrupted = new AtomicReference<>();
    try (FileChannel channel = openFifo(wait)) {
      Threads.Started<Object> waiter =
          Threads.call(
              "waiter",
              () -> {
                try {
                  return wait.on(channel);
                } finally {
                  interrupted.set(Thread.currentThread().isInterrupted());
                }
              });
      waiter.awaitStalled();
      waiter.thread().interrupt();
      assertThat(waiter.failure()).isExactlyInstanceOf(ClosedByInterruptException.class);
      assertThat(interrupted.get()).isTrue();
      assertThat(channel.isOpen()).isFalse();
    }
  }

  @Test
  void allThatWaitForThePositionAreWoken() throws Exception {
    try (FileChannel channel = openFifo(Wait.READ_ONE)) {
      List<Threads.Started<Object>> waiters = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        waiters.add(Threads.call("waiter", () -> Wait.READ_ONE.on(channel)));
      }
      Await.until(
          "one reads, the others wait for it",
          () -> waiters.stream().filter(CloseContract::isParked).count() == 4);
      channel.close();
      for (Threads.Started<Object> waiter : waiters) {
        assertThat(waiter.failure()).isExactlyInstanceOf(AsynchronousCloseException.class);
      }
    }
  }

  private static boolean isParked(Threads.Started<Object> waiter) {
    Thread.State state = waiter.thread().getState();
    return state == Thread.State.BLOCKED || state == Thread.State.WAITING;
  }

  @Test
  void whatArrivesInTimeIsRead() throws Exception {
    try (FileChannel channel = openFifo(Wait.READ_ONE)) {
      Threads.Started<Object> waiter = Threads.call("waiter", () -> Wait.READ_ONE.on(channel));
      waiter.awaitStalled();
      try (FileChannel writer = channels.open(fifo, WRITE)) {
        writer.write(ByteBuffer.allocate(3));
      }
      assertThat(waiter.get()).isEqualTo(3);
      assertThat(channel.isOpen()).isTrue();
    }
  }

  /** A method that an interrupted thread does not begin. */
  interface Use {
    Object on(FileChannel channel) throws IOException;
  }

  static Stream<Use> uses() {
    return Stream.of(
        channel -> channel.read(ByteBuffer.allocate(1)),
        channel -> channel.read(ByteBuffer.allocateDirect(1), 0),
        channel -> channel.read(ByteBuffer.allocate(0)),
        channel -> channel.read(new ByteBuffer[] {ByteBuffer.allocate(1)}),
        channel -> channel.write(ByteBuffer.allocate(1)),
        channel -> channel.write(ByteBuffer.allocate(1), 0),
        channel -> channel.write(new ByteBuffer[] {ByteBuffer.allocate(1)}),
        FileChannel::position,
        channel -> channel.position(1),
        FileChannel::size,
        channel -> channel.truncate(10),
        channel -> {
          channel.force(false);
          return null;
        });
  }

  @ParameterizedTest
  @MethodSource("uses")
  void anInterruptedThreadClosesTheChannel(Use use) throws IOException {
    try (FileChannel channel = channels.open(file, READ, WRITE)) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> use.on(channel))
          .isExactlyInstanceOf(ClosedByInterruptException.class);
      assertThat(Thread.currentThread().isInterrupted()).isTrue();
      assertThat(channel.isOpen()).isFalse();
      assertThatThrownBy(() -> use.on(channel)).isExactlyInstanceOf(ClosedChannelException.class);
      assertThat(Thread.currentThread().isInterrupted()).isTrue();
    } finally {
      Thread.interrupted();
    }
    assertThat(file).hasBinaryContent(TestFiles.bytes(SIZE));
  }

  // ---- beside busy threads

  /** Reads until the channel is closed; says what it met that is not this file's. */
  private static Threads.Started<String> startReader(FileChannel channel, byte mark) {
    return Threads.call(
        "reader",
        () -> {
          ByteBuffer direct = ByteBuffer.allocateDirect(100);
          ByteBuffer heap = ByteBuffer.allocate(100);
          try {
            for (int i = 0; true; i++) {
              ByteBuffer buffer = (i % 2 == 0 ? direct : heap).clear();
              int n = channel.read(buffer, i % 50);
              if (n != 100 || buffer.get(0) != mark || buffer.get(99) != mark) {
                return n + " bytes, the first is " + buffer.get(0) + ", not " + mark;
              }
            }
          } catch (ClosedChannelException e) {
            return null;
          }
        });
  }

  /** A descriptor that is closed too early is the next file's, whose bytes readers would meet. */
  @Test
  void noDescriptorIsReusedUnderAReader() throws Exception {
    List<Path> files = new ArrayList<>();
    for (byte mark = 1; mark <= 4; mark++) {
      byte[] bytes = new byte[150];
      Arrays.fill(bytes, mark);
      files.add(TestFiles.of(directory, bytes));
    }
    for (int round = 0; round < 200; round++) {
      byte mark = (byte) (1 + round % 4);
      FileChannel channel = channels.open(files.get(mark - 1), READ);
      List<Threads.Started<String>> readers =
          List.of(startReader(channel, mark), startReader(channel, mark));
      channel.read(ByteBuffer.allocate(10));
      boolean byInterrupt = round % 3 == 0;
      if (byInterrupt) {
        readers.get(0).thread().interrupt();
      } else {
        channel.close();
      }
      channels.open(files.get(round % 4 == 0 ? 3 : 0), READ).close();
      for (Threads.Started<String> reader : readers) {
        assertThat(reader.get()).isNull();
      }
      assertThat(channel.isOpen()).isFalse();
    }
  }

  @Test
  void closingTwiceAtATimeClosesOnce() throws Exception {
    for (int round = 0; round < 200; round++) {
      FileChannel channel = channels.open(file, READ);
      Threads.Started<String> reader = startReader(channel, (byte) 0);
      Threads.Started<Void> closer =
          Threads.call(
              "closer",
              () -> {
                channel.close();
                return null;
              });
      channel.close();
      assertThat(channel.isOpen()).isFalse();
      closer.get();
      reader.get();
    }
  }

  /** Many readers are interrupted while others close the channel. */
  @Test
  void interruptsAndClosesDoNotBlockEachOther() throws Exception {
    for (int round = 0; round < 100; round++) {
      FileChannel channel = channels.open(file, READ);
      List<Threads.Started<Void>> readers = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        readers.add(
            Threads.call(
                "reader",
                () -> {
                  try {
                    while (true) {
                      channel.read(ByteBuffer.allocate(8000), 0);
                    }
                  } catch (ClosedChannelException e) {
                    return null;
                  }
                }));
      }
      readers.get(0).thread().interrupt();
      readers.get(3).thread().interrupt();
      if (round % 2 == 0) {
        channel.close();
      }
      for (Threads.Started<Void> reader : readers) {
        reader.get();
      }
      assertThat(channel.isOpen()).isFalse();
    }
  }

  // ---- transfers

  /** Who is disturbed, and how. */
  enum Disturbance {
    CLOSE_FILE,
    CLOSE_STREAM,
    INTERRUPT
  }

  private interface Move {
    long run() throws IOException;
  }

  private void disturb(FileChannel channel, Channel stream, Disturbance how, Move move)
      throws Exception {
    Threads.Started<Long> mover =
        Threads.call(
            "mover",
            () -> {
              while (true) { // TCP may find room for some bytes after all, and tells them
                move.run();
              }
            });
    mover.awaitStalled();
    switch (how) {
      case CLOSE_FILE -> channel.close();
      case CLOSE_STREAM -> stream.close();
      case INTERRUPT -> mover.thread().interrupt();
    }
    boolean interrupt = how == Disturbance.INTERRUPT;
    assertThat(mover.failure())
        .isInstanceOf(interrupt ? ClosedByInterruptException.class : ClosedChannelException.class);
    assertThat(channel.isOpen()).isEqualTo(how == Disturbance.CLOSE_STREAM);
    assertThat(stream.isOpen()).isEqualTo(how == Disturbance.CLOSE_FILE);
  }

  /** Before JDK 25 the stream's end was not looked at; to pipes it still is not. */
  @ParameterizedTest
  @EnumSource(Disturbance.class)
  void aTransferToAFullSocket(Disturbance how) throws Exception {
    assumeTrue(channels.isSince(25) || how == Disturbance.CLOSE_FILE, "JDK 17 does not end it");
    try (Ends.Pair pair = Ends.UNIX.open();
        FileChannel channel = channels.open(file, READ)) {
      pair.fill();
      disturb(channel, pair.writer, how, () -> channel.transferTo(0, SIZE, pair.writer));
    }
  }

  /** The JDK does not wake it when the file is closed. */
  @ParameterizedTest
  @EnumSource(Disturbance.class)
  void aTransferFromASilentSocket(Disturbance how) throws Exception {
    boolean wakes = channels == FileChannels.ZNIO;
    boolean both = channels.isSince(25);
    assumeTrue(
        wakes || how == Disturbance.CLOSE_STREAM || both && how == Disturbance.INTERRUPT,
        "the JDK does not end it so");
    try (Ends.Pair pair = Ends.UNIX.open();
        FileChannel channel = channels.open(file, WRITE)) {
      disturb(channel, pair.reader, how, () -> channel.transferFrom(pair.reader, 0, SIZE));
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.FileChannel;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Function;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Bad arguments: the exception is the JDK's, which is asked at the same time, or says more. */
@ExtendWith(Leaks.class)
@SuppressWarnings("try") // channels are closed in the middle of their blocks: that is the subject
class ArgumentsTest {
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

  /** Both throw the same class. */
  private static void assertSameException(ThrowingCallable znio, ThrowingCallable jdk) {
    Throwable expected = catchThrowable(jdk);
    Throwable actual = catchThrowable(znio);
    assertThat(expected).as("the JDK's exception").isNotNull();
    assertThat(actual).as("JDK: " + expected).isExactlyInstanceOf(expected.getClass());
  }

  @Test
  void transferToChecksAsTheJdk() throws Exception {
    try (FileChannel source = read();
        FileChannel readOnly = read();
        FileChannel target = write("target");
        FileChannel closed = read();
        FileChannel writeOnly =
            FileChannel.open(
                directory.resolve("w"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      closed.close();
      FileChannel[] sources = {source, closed, writeOnly};
      WritableByteChannel[] targets = {target, readOnly, closed, null};
      long[] numbers = {0, -1, Long.MIN_VALUE};
      int compared = 0;
      for (FileChannel from : sources) {
        for (WritableByteChannel to : targets) {
          for (long position : numbers) {
            for (long count : numbers) {
              Throwable expected = catchThrowable(() -> from.transferTo(position, count, to));
              Throwable actual =
                  catchThrowable(() -> Transfer.transferTo(from, position, count, to));
              assertThat(classOf(actual))
                  .as(from + " to " + to + " at " + position + " count " + count)
                  .isEqualTo(classOf(expected));
              compared++;
            }
          }
        }
      }
      assertThat(compared).isEqualTo(108);
    }
  }

  @Test
  void transferFromChecksAsTheJdk() throws Exception {
    try (FileChannel source = read();
        FileChannel readOnly = read();
        FileChannel target = write("target");
        FileChannel closed = read();
        FileChannel writeOnly =
            FileChannel.open(
                directory.resolve("w"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      closed.close();
      FileChannel[] targets = {target, closed, readOnly};
      ReadableByteChannel[] sources = {source, writeOnly, closed, null};
      long[] numbers = {0, -1, Long.MIN_VALUE};
      for (FileChannel to : targets) {
        for (ReadableByteChannel from : sources) {
          if (from == writeOnly && Runtime.version().feature() < 21) {
            continue; // JDK 17 looks at the source after the numbers; we do as the newest
          }
          for (long position : numbers) {
            for (long count : numbers) {
              Throwable expected = catchThrowable(() -> to.transferFrom(from, position, count));
              Throwable actual =
                  catchThrowable(() -> Transfer.transferFrom(to, from, position, count));
              assertThat(classOf(actual))
                  .as(from + " to " + to + " at " + position + " count " + count)
                  .isEqualTo(classOf(expected));
            }
          }
        }
      }
    }
  }

  private static Class<?> classOf(Throwable t) {
    return t == null ? null : t.getClass();
  }

  @Test
  void messagesNameTheValue() throws Exception {
    try (FileChannel source = read();
        FileChannel target = write("target")) {
      assertThatThrownBy(() -> Transfer.transferTo(source, -7, 1, target))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("-7");
      assertThatThrownBy(() -> Transfer.transferTo(source, 0, -9, target))
          .hasMessageContaining("-9");
      assertThatThrownBy(() -> Transfer.from(source, -5)).hasMessageContaining("-5");
      assertThatThrownBy(() -> Transfer.from(source, 0).to(target, -4)).hasMessageContaining("-4");
      assertThatThrownBy(() -> Transfer.from(source, 0).count(-3)).hasMessageContaining("-3");
      assertThatThrownBy(() -> Transfer.from(source, 0).depth(65)).hasMessageContaining("65");
      assertThatThrownBy(() -> Transfer.from(source, 0).chunk(5000)).hasMessageContaining("5000");
      assertThatThrownBy(() -> new FileRegion(source, 1, -2)).hasMessageContaining("-2");
      assertThatThrownBy(() -> new FileRegion(source, Long.MAX_VALUE, 2))
          .hasMessageContaining("overflow");
      assertThatThrownBy(() -> Transfer.from(source, 0).transfer())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("no target");
    }
  }

  @Test
  void foreignChannelsAreNamedAndTheRemedyToo() throws Exception {
    try (FileChannel source = read();
        FileChannel target = write("target");
        DatagramChannel datagrams = DatagramChannel.open();
        ReadableByteChannel wrapped = Channels.newChannel(new ByteArrayInputStream(CONTENT))) {
      datagrams.connect(new InetSocketAddress("127.0.0.1", 9));
      assertThatThrownBy(() -> Transfer.transferTo(source, 0, 1, datagrams))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("DatagramChannelImpl")
          .hasMessageContaining("use the JDK's own");
      assertThatThrownBy(() -> Transfer.transferFrom(target, wrapped, 0, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(wrapped.getClass().getName());
    }
  }

  @Test
  void anUnconnectedSocketIsNotYetConnected() throws Exception {
    try (FileChannel source = read();
        SocketChannel socket = SocketChannel.open()) {
      assertThatThrownBy(() -> Transfer.transferTo(source, 0, 1, socket))
          .isExactlyInstanceOf(NotYetConnectedException.class);
      assertThatThrownBy(() -> Transfer.from(socket).to(ByteBuffer.allocate(9)).transfer())
          .isExactlyInstanceOf(NotYetConnectedException.class);
    }
  }

  @Test
  void buffersThatCannotServeAreRefused() throws Exception {
    try (Ends.Pair pair = Ends.PIPE.open();
        FileChannel source = read()) {
      ByteBuffer heap = ByteBuffer.allocate(10);
      assertThatThrownBy(() -> Transfer.from(source, 0).to(heap.asReadOnlyBuffer()))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(
              () -> Transfer.from(heap).to(pair.writer).via(TransferPath.VMSPLICE).transfer())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("heap buffer");
      assertThatThrownBy(() -> Transfer.from(heap).to(ByteBuffer.allocate(10)).transfer())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("ByteBuffer.put");
      assertThat(Transfer.from(ByteBuffer.allocate(0)).to(pair.writer).transfer()).isZero();
      assertThat(Transfer.from(ByteBuffer.allocateDirect(0)).to(pair.writer).transfer()).isZero();
    }
  }

  @Test
  void filesThatAreNotThereAreNamed() {
    Path missing = directory.resolve("missing");
    assertThatThrownBy(() -> Transfer.from(missing, 0).to(directory.resolve("t")).transfer())
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining("missing");
  }

  @Test
  void closedChannelsAreClosedForTheBuilderToo() throws Exception {
    FileChannel closed = read();
    closed.close();
    try (FileChannel open = write("target");
        FileChannel readOnly = read();
        FileChannel writeOnly =
            FileChannel.open(
                directory.resolve("w"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      assertThatThrownBy(() -> Transfer.from(closed, 0).to(open).transfer())
          .isInstanceOf(ClosedChannelException.class);
      assertThatThrownBy(() -> Transfer.from(open, 0).to(closed).transfer())
          .isInstanceOf(ClosedChannelException.class);
      assertThatThrownBy(() -> Transfer.from(writeOnly, 0).to(open).transfer())
          .isInstanceOf(NonReadableChannelException.class);
      assertThatThrownBy(() -> Transfer.from(open, 0).to(readOnly).transfer())
          .isInstanceOf(NonWritableChannelException.class);
      FileRegion[] regions = {new FileRegion(closed, 0, 1)};
      assertThatThrownBy(() -> Transfer.transferRegions(regions, null, open))
          .isInstanceOf(ClosedChannelException.class);
    }
  }

  @Test
  void manyBadCallsLeakNothing() throws Exception {
    try (FileChannel source = read();
        Ends.Pair pair = Ends.UNIX.open()) {
      for (int i = 0; i < 500; i++) {
        for (TransferPath path :
            new TransferPath[] {
              TransferPath.REFLINK, TransferPath.MSG_ZEROCOPY, TransferPath.TEE
            }) {
          assertThatThrownBy(() -> Transfer.from(source, 0).to(pair.writer).via(path).transfer())
              .isInstanceOf(TransferException.class);
        }
      }
    }
  }

  @Test
  void namesOfPathsAreParsed() {
    Function<String, TransferPath> parse = TransferPath::ofText;
    assertThat(parse.apply("sendfile")).isEqualTo(TransferPath.SENDFILE);
    assertThatThrownBy(() -> parse.apply("teleport"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("teleport")
        .hasMessageContaining("msg-zerocopy");
    assertThatThrownBy(() -> parse.apply(null)).isInstanceOf(NullPointerException.class);
  }

  @Test
  void sameExceptionsForASocketThatWasClosed() throws Exception {
    try (FileChannel source = read();
        Ends.Pair one = Ends.TCP4.open();
        Ends.Pair two = Ends.TCP4.open()) {
      one.writer.close();
      two.writer.close();
      assertSameException(
          () -> Transfer.transferTo(source, 0, 1, one.writer),
          () -> source.transferTo(0, 1, two.writer));
    }
  }

  /** Memory of an arena is held during a call, and dead after its close. JDK 22 and newer. */
  @Test
  void memoryOfAnArenaIsHeldDuringACall() throws Exception {
    assumeTrue(Runtime.version().feature() >= 22, "SKIPPED: java.lang.foreign came with JDK 22");
    Class<?> arenas = Class.forName("java.lang.foreign.Arena");
    try (Ends.Pair pair = Ends.UNIX.open()) {
      AutoCloseable shared = (AutoCloseable) arenas.getMethod("ofShared").invoke(null);
      ByteBuffer memory = allocate(shared, 1 << 20);
      Threads.Started<Long> mover =
          Threads.call("mover", () -> Transfer.from(memory).to(pair.writer).transfer());
      mover.awaitStalled();
      assertThatThrownBy(shared::close)
          .as("in use")
          .isExactlyInstanceOf(IllegalStateException.class);
      Ends.Collector collector = pair.collect();
      assertThat(mover.get()).isEqualTo(1 << 20);
      shared.close();
      memory.rewind();
      assertThatThrownBy(() -> Transfer.from(memory).to(pair.writer).transfer())
          .as("closed")
          .isExactlyInstanceOf(IllegalStateException.class);
      AutoCloseable confined = (AutoCloseable) arenas.getMethod("ofConfined").invoke(null);
      ByteBuffer own = allocate(confined, 4096);
      assertThatThrownBy(
              () -> Transfer.from(own).to(pair.writer).via(TransferPath.MSG_ZEROCOPY).transfer())
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("confined");
      assertThat(Transfer.from(own).to(pair.writer).transfer()).isEqualTo(4096);
      confined.close();
      pair.writer.close();
      assertThat(collector.toEnd()).hasSize((1 << 20) + 4096);
    }
  }

  private static ByteBuffer allocate(Object arena, long size) throws Exception {
    Class<?> segments = Class.forName("java.lang.foreign.MemorySegment");
    Object segment =
        Class.forName("java.lang.foreign.Arena")
            .getMethod("allocate", long.class)
            .invoke(arena, size);
    return (ByteBuffer) segments.getMethod("asByteBuffer").invoke(segment);
  }
}

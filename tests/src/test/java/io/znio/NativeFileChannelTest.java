// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** In what our channel differs from the JDK's on purpose, and what is ours alone. */
@ExtendWith(Leaks.class)
@Timeout(60)
@SuppressWarnings("try") // channels are closed in the middle of their blocks: that is the subject
class NativeFileChannelTest {
  private static final long LARGE = (2L << 30) + 10;

  private final byte[] content = TestFiles.bytes(10_000);

  @TempDir Path directory;

  private Path write() throws IOException {
    return TestFiles.of(directory, content);
  }

  @Test
  void moreThanTwoGibibytesInOneCall() throws IOException {
    Path large = directory.resolve("large");
    try (RandomAccessFile file = new RandomAccessFile(large.toFile(), "rw")) {
      file.setLength(LARGE); // a hole
    }
    try (FileChannel source = NativeFileChannel.open(large, READ);
        FileChannel target = NativeFileChannel.open(Path.of("/dev/null"), WRITE)) {
      assertThat(source.transferTo(0, Long.MAX_VALUE, target)).isEqualTo(LARGE);
    }
  }

  @Test
  void theBuilderTakesIt() throws IOException {
    Path copy = directory.resolve("copy");
    try (FileChannel source = NativeFileChannel.open(write(), READ);
        FileChannel target = NativeFileChannel.open(copy, WRITE, CREATE)) {
      source.position(10);
      assertThat(Transfer.from(source).to(target).transfer()).isEqualTo(content.length - 10);
      assertThat(source.position()).isEqualTo(content.length);
      assertThat(target.position()).isEqualTo(content.length - 10);
      ByteBuffer buffer = ByteBuffer.allocateDirect(5);
      assertThat(Transfer.from(source, 0).to(buffer).transfer()).isEqualTo(5);
      assertThat(buffer.get(4)).isEqualTo(content[4]);
      try (Mapping mapping = Mapping.map(source, Mapping.Mode.READ_ONLY, 0, 100)) {
        assertThat(mapping.buffer().get(99)).isEqualTo(content[99]);
      }
    }
  }

  @Test
  void aViewThatIsLeftOfAnUnmappedBufferThrows() throws Exception {
    try (FileChannel channel = NativeFileChannel.open(write(), READ)) {
      MappedByteBuffer buffer = channel.map(FileChannel.MapMode.READ_ONLY, 0, content.length);
      ByteBuffer view = buffer.slice(100, 100);
      assertThat(view.get(0)).isEqualTo(content[100]);
      MapContract.invokeCleaner(buffer);
      assertThatThrownBy(
              () -> {
                view.get(0);
                Thread.yield(); // the JVM tells it at the next chance, if compiled code has read
              })
          .isInstanceOf(InternalError.class);
    }
  }

  private interface Move {
    long run(ByteBuffer buffer) throws IOException;
  }

  @Test
  void whatLiesInADamagedMappingIsRefused() throws IOException {
    Path lost = write();
    Mapping mapping = Mapping.map(lost, Mapping.Mode.READ_WRITE);
    MappedByteBuffer memory = mapping.buffer();
    try (FileChannel cut = FileChannel.open(lost, WRITE)) {
      cut.truncate(4096);
    }
    Path other = directory.resolve("other");
    try (FileChannel channel = NativeFileChannel.open(other, READ, WRITE, CREATE)) {
      ByteBuffer own = ByteBuffer.allocate(10);
      assertThat(channel.write(memory.slice(0, 100))).isEqualTo(100);
      new CRC32().update(memory.duplicate()); // native code, which gets zeros
      channel.position(50);
      List<Move> moves =
          List.of(
              channel::write,
              buffer -> channel.write(buffer, 0),
              buffer -> channel.write(new ByteBuffer[] {own, buffer}),
              channel::read,
              buffer -> channel.read(buffer, 0),
              buffer -> channel.read(new ByteBuffer[] {own, buffer}));
      for (Move move : moves) {
        ByteBuffer part = memory.slice(5000, 100);
        assertThatThrownBy(() -> move.run(part))
            .isExactlyInstanceOf(DamagedMappingException.class)
            .hasMessageContaining("the page at offset 4096 of " + lost)
            .hasMessageContaining(other.toString());
        assertThat(part.position()).isZero();
        assertThat(own.position()).isZero();
        assertThat(channel.position()).isEqualTo(50);
      }
      assertThat(channel.write(own)).isEqualTo(10);
      assertThat(channel.size()).isEqualTo(100);
    }
    assertThatThrownBy(mapping::close).hasCauseExactlyInstanceOf(DamagedMappingException.class);
  }

  /** The collector is meant to end them: no leak. Unmapped by hand they are closed. */
  @Test
  void theLedgerKnowsHowMappingsEnd() throws Exception {
    Ledger.Counts before = Ledger.counts(Ledger.Kind.MAPPING);
    try (FileChannel channel = NativeFileChannel.open(write(), READ)) {
      channel.map(FileChannel.MapMode.READ_ONLY, 0, 100);
      MapContract.invokeCleaner(channel.map(FileChannel.MapMode.READ_ONLY, 0, 100));
    }
    Await.until(
        "the dropped one is cleaned",
        () -> {
          System.gc();
          return Ledger.counts(Ledger.Kind.MAPPING).cleaned() > before.cleaned();
        });
    Ledger.Counts after = Ledger.counts(Ledger.Kind.MAPPING);
    assertThat(after.leaked()).isEqualTo(before.leaked());
    assertThat(after.diedItems()).isGreaterThanOrEqualTo(before.diedItems() + 2);
  }

  @Test
  void aDroppedChannelIsClosed() throws IOException {
    Path file = write();
    long before = Ledger.totals().descriptors();
    assertThat(openAndDrop(file)).isEqualTo(before + 1);
    Await.until(
        "the descriptor is closed",
        () -> {
          System.gc();
          return Ledger.totals().descriptors() == before;
        });
  }

  private static long openAndDrop(Path file) throws IOException {
    NativeFileChannel.open(file).size();
    return Ledger.totals().descriptors();
  }

  @Test
  void pathsOfOtherFileSystems() throws IOException {
    URI zip = URI.create("jar:" + directory.resolve("a.zip").toUri());
    try (FileSystem other = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      assertThatThrownBy(() -> NativeFileChannel.open(other.getPath("/x")))
          .isExactlyInstanceOf(ProviderMismatchException.class)
          .hasMessageContaining("default file system");
    }
  }

  @Test
  void failuresNameTheFileAndTheErrno() throws IOException {
    try (FileChannel full = NativeFileChannel.open(Path.of("/dev/full"), WRITE)) {
      assertThatThrownBy(() -> full.write(ByteBuffer.allocate(1)))
          .hasMessageContaining("/dev/full")
          .hasMessageContaining("ENOSPC");
    }
  }

  /** The JDK signals no virtual thread, and its close waits until the read has ended by itself. */
  @Test
  void closingWakesAVirtualThread() throws Exception {
    assumeTrue(Runtime.version().feature() >= 21, "no virtual threads");
    Path fifo = directory.resolve("fifo");
    assertThat(Child.command(List.of("mkfifo", fifo.toString())).status()).isZero();
    AtomicReference<Throwable> failure = new AtomicReference<>();
    CountDownLatch ended = new CountDownLatch(1);
    try (FileChannel channel = NativeFileChannel.open(fifo, READ, WRITE)) {
      Runnable work =
          () -> {
            try {
              channel.read(ByteBuffer.allocate(1));
            } catch (IOException e) {
              failure.set(e);
            }
            ended.countDown();
          };
      Thread reader =
          (Thread) Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, work);
      Await.until("it is in the call", () -> isInCall(reader));
      channel.close();
      ended.await();
      assertThat(failure.get()).isExactlyInstanceOf(AsynchronousCloseException.class);
    }
  }

  private static boolean isInCall(Thread thread) {
    StackTraceElement[] stack = thread.getStackTrace();
    return stack.length > 0 && stack[0].getMethodName().startsWith("fileRead");
  }

  /** So many that they do not have places of their own. */
  @Test
  void manyThreadsAreWoken() throws Exception {
    InFlight threads = new InFlight();
    Path fifo = directory.resolve("fifo");
    assertThat(Child.command(List.of("mkfifo", fifo.toString())).status()).isZero();
    List<Threads.Started<Void>> readers = new ArrayList<>();
    AtomicBoolean closed = new AtomicBoolean();
    try (FileChannel one = NativeFileChannel.open(fifo, READ, WRITE)) {
      int fd = ((NativeFileChannel) one).descriptor();
      for (int i = 0; i < 100; i++) {
        readers.add(
            Threads.call(
                "reader",
                () -> {
                  int place = threads.enter(true);
                  try (Region region = Region.allocate(1)) {
                    while (!closed.get()) {
                      assertThat(Native.fileRead(fd, region.address(), 1)).isEqualTo(Errors.EINTR);
                    }
                  } finally {
                    threads.leave(place);
                  }
                  return null;
                }));
      }
      for (Threads.Started<Void> reader : readers) {
        reader.awaitIn("io.znio.Native");
      }
      closed.set(true);
      threads.awaitNone();
      for (Threads.Started<Void> reader : readers) {
        reader.get();
      }
    }
  }

  @Test
  void positionalCallsTakeNoLock() throws Exception {
    try (NativeFileChannel channel = NativeFileChannel.open(write(), READ, WRITE)) {
      channel.positionLock().lock(); // as a thread that is in a relative call
      try {
        Threads.Started<Integer> other =
            Threads.call(
                "positional",
                () ->
                    channel.read(ByteBuffer.allocate(10), 5)
                        + channel.write(ByteBuffer.allocateDirect(7), 50));
        assertThat(other.get()).isEqualTo(17);
      } finally {
        channel.positionLock().unlock();
      }
    }
  }

  /** The kernel does not lock the position of a file that it copies to; the channel does. */
  @Test
  void transfersToOneTargetDoNotMeet() throws Exception {
    int size = 100_000;
    int rounds = 40;
    Path copy = directory.resolve("copy");
    try (FileChannel target = NativeFileChannel.open(copy, READ, WRITE, CREATE)) {
      List<Threads.Started<Void>> movers = new ArrayList<>();
      for (byte mark = 1; mark <= 3; mark++) {
        byte[] bytes = new byte[size];
        Arrays.fill(bytes, mark);
        Path file = TestFiles.of(directory, bytes);
        movers.add(
            Threads.call(
                "mover",
                () -> {
                  try (FileChannel source = NativeFileChannel.open(file)) {
                    for (int i = 0; i < rounds; i++) {
                      assertThat(source.transferTo(0, size, target)).isEqualTo(size);
                    }
                  }
                  return null;
                }));
      }
      for (Threads.Started<Void> mover : movers) {
        mover.get();
      }
      assertThat(target.position()).isEqualTo(3L * rounds * size);
    }
    byte[] all = Files.readAllBytes(copy);
    assertThat(all).hasSize(3 * rounds * size);
    for (int at = 0; at < all.length; at += size) {
      for (int i = 1; i < size; i++) {
        if (all[at + i] != all[at]) {
          throw new AssertionError("transfers met at " + (at + i));
        }
      }
    }
  }

  @Test
  void aFileThatIsLarge() throws Exception {
    Path large = directory.resolve("large");
    try (FileChannel channel = NativeFileChannel.open(large, READ, WRITE, CREATE)) {
      assertThat(channel.write(ByteBuffer.wrap(new byte[] {7}), 5L << 30)).isEqualTo(1);
      assertThat(channel.position(5L << 30).read(ByteBuffer.allocate(10))).isEqualTo(1);
      assertThat(channel.size()).isEqualTo((5L << 30) + 1);
      MappedByteBuffer buffer = channel.map(FileChannel.MapMode.READ_ONLY, (5L << 30) - 5, 6);
      assertThat(buffer.get(5)).isEqualTo((byte) 7);
      MapContract.invokeCleaner(buffer);
      assertThat(Files.size(large)).isEqualTo((5L << 30) + 1);
    }
  }
}

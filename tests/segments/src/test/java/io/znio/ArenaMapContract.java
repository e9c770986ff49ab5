// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.nio.channels.FileChannel.MapMode.PRIVATE;
import static java.nio.channels.FileChannel.MapMode.READ_ONLY;
import static java.nio.channels.FileChannel.MapMode.READ_WRITE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static jdk.nio.mapmode.ExtendedMapMode.READ_WRITE_SYNC;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** {@code map} with an arena: a segment whose life is the arena's. */
@ExtendWith(Leaks.class)
abstract class ArenaMapContract {
  private static final int SIZE = 20_000;
  private static final long LARGE = (5L << 30) + 123;
  private static final List<Supplier<Arena>> CLOSEABLE =
      List.of(Arena::ofConfined, Arena::ofShared);

  private final FileChannels channels;
  private final byte[] content = TestFiles.bytes(SIZE);

  @TempDir Path directory;

  private Path file;

  ArenaMapContract(FileChannels channels) {
    this.channels = channels;
  }

  @BeforeEach
  void writeFile() throws IOException {
    file = TestFiles.of(directory, content);
  }

  /** Maps by a channel that is closed again. */
  private MemorySegment map(
      MapMode mode, long offset, long size, Arena arena, OpenOption... options) throws IOException {
    try (FileChannel channel = channels.open(file, options)) {
      return channel.map(mode, offset, size, arena);
    }
  }

  private boolean isMapped() {
    try {
      return Files.readString(Path.of("/proc/self/maps")).contains(file.toString());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void readOnlyShowsTheFile() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      for (int offset : new int[] {0, 1, 4095, 4096, 10_001}) {
        MemorySegment segment = map(READ_ONLY, offset, 5000, arena, READ);
        assertThat(segment.byteSize()).isEqualTo(5000);
        assertThat(segment.isNative() && segment.isMapped() && segment.isReadOnly()).isTrue();
        assertThat(segment.address() % 4096).isEqualTo(offset % 4096);
        assertThat(segment.scope()).isEqualTo(arena.scope());
        assertThat(segment.mismatch(MemorySegment.ofArray(content).asSlice(offset, 5000)))
            .isEqualTo(-1);
        assertThatThrownBy(() -> segment.set(JAVA_BYTE, 0, (byte) 1))
            .isExactlyInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> segment.get(JAVA_BYTE, 5000))
            .isExactlyInstanceOf(IndexOutOfBoundsException.class);
        segment.load();
        assertThat(segment.isLoaded()).isTrue();
        segment.unload();
        segment.force();
        ByteBuffer buffer = segment.asByteBuffer();
        assertThat(buffer.get(4999)).isEqualTo(content[offset + 4999]);
        assertThatThrownBy(() -> buffer.put(0, (byte) 1))
            .isInstanceOf(ReadOnlyBufferException.class);
      }
    }
  }

  @Test
  void readWriteReachesTheFile() throws IOException {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment segment = map(READ_WRITE, 5, 9000, arena, READ, WRITE);
      assertThat(segment.isReadOnly()).isFalse();
      segment.set(JAVA_BYTE, 0, (byte) 1);
      segment.asSlice(8990, 10).set(JAVA_BYTE, 9, (byte) 2);
      segment.force();
      content[5] = 1;
      content[9004] = 2;
      assertThat(file).hasBinaryContent(content);
      MappedByteBuffer buffer = (MappedByteBuffer) segment.asByteBuffer();
      buffer.put(100, (byte) 3);
      buffer.force();
      content[105] = 3;
      assertThat(file).hasBinaryContent(content);
      assertThat(buffer.load().isLoaded()).isTrue();
      MemorySegment copy = map(PRIVATE, 0, SIZE, arena, READ, WRITE);
      copy.fill((byte) 7);
      assertThat(file).hasBinaryContent(content);
      segment.fill((byte) 9);
    }
    Arrays.fill(content, 5, 9005, (byte) 9);
    assertThat(file).hasBinaryContent(content);
  }

  @Test
  void aFileThatIsTooShortIsExtended() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      map(READ_WRITE, SIZE + 10, 5000, arena, READ, WRITE);
      assertThat(Files.size(file)).isEqualTo(SIZE + 5010);
      map(READ_ONLY, SIZE + 6000, 0, arena, READ, WRITE);
      assertThat(Files.size(file)).isEqualTo(SIZE + 6000);
      assertThatThrownBy(() -> map(READ_ONLY, 0, SIZE + 6001, arena, READ))
          .isExactlyInstanceOf(IOException.class);
    }
    assertThat(isMapped()).isFalse();
  }

  @Test
  void aSizeOfZero() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      for (MapMode mode : new MapMode[] {READ_ONLY, READ_WRITE, PRIVATE}) {
        MemorySegment segment = map(mode, 100, 0, arena, READ, WRITE);
        assertThat(segment.byteSize()).isZero();
        assertThat(segment.isMapped()).isTrue();
        assertThat(segment.isReadOnly()).isEqualTo(mode == READ_ONLY);
        segment.force();
        segment.load();
        segment.unload();
        assertThat(segment.isLoaded()).isTrue();
        assertThat(segment.asByteBuffer().hasRemaining()).isFalse();
      }
      assertThat(isMapped()).isFalse();
    }
  }

  @Test
  void moreThanABufferCanShow() throws IOException {
    for (Supplier<Arena> maker : CLOSEABLE) {
      Arena arena = maker.get();
      MemorySegment segment = map(READ_WRITE, 1, LARGE, arena, READ, WRITE);
      assertThat(segment.byteSize()).isEqualTo(LARGE);
      assertThat(Files.size(file)).isEqualTo(LARGE + 1);
      segment.set(JAVA_BYTE, LARGE - 1, (byte) 7);
      assertThat(segment.get(JAVA_BYTE, 9)).isEqualTo(content[10]);
      assertThatThrownBy(segment::asByteBuffer).hasMessageContaining("too large");
      arena.close();
      assertThat(isMapped()).isFalse();
      try (FileChannel channel = channels.open(file, READ)) {
        ByteBuffer last = ByteBuffer.allocate(1);
        assertThat(channel.read(last, LARGE)).isEqualTo(1);
        assertThat(last.get(0)).isEqualTo((byte) 7);
      }
      Files.write(file, content);
    }
  }

  @Test
  void closingTheArenaUnmaps() throws IOException {
    for (Supplier<Arena> maker : CLOSEABLE) {
      Arena arena = maker.get();
      MemorySegment segment = map(READ_ONLY, 0, SIZE, arena, READ);
      MemorySegment second = map(READ_ONLY, 100, 100, arena, READ);
      ByteBuffer buffer = segment.asByteBuffer();
      MemorySegment slice = second.asSlice(5);
      assertThat(isMapped()).isTrue();
      arena.close();
      assertThat(isMapped()).isFalse();
      assertThat(segment.scope().isAlive()).isFalse();
      assertThatThrownBy(() -> segment.get(JAVA_BYTE, 0))
          .isExactlyInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> slice.get(JAVA_BYTE, 0))
          .isExactlyInstanceOf(IllegalStateException.class);
      assertThatThrownBy(() -> buffer.get(0)).isExactlyInstanceOf(IllegalStateException.class);
      assertThatThrownBy(segment::force).isExactlyInstanceOf(IllegalStateException.class);
    }
  }

  /** A write from it is a use, which an arena that is shared waits for by refusing. */
  @Test
  void whatAWriteReadsIsNotClosed() throws Exception {
    try (Ends.Pair pair = Ends.UNIX.open()) {
      pair.fill();
      Arena arena = Arena.ofShared();
      ByteBuffer source = map(READ_ONLY, 0, SIZE, arena, READ).asByteBuffer();
      Threads.Started<Integer> writer = Threads.call("writer", () -> pair.writer.write(source));
      writer.awaitIn("sun.nio.ch");
      assertThatThrownBy(arena::close).isExactlyInstanceOf(IllegalStateException.class);
      assertThat(isMapped()).isTrue();
      pair.writer.close();
      assertThat(writer.failure()).isInstanceOf(IOException.class);
      arena.close();
      assertThat(isMapped()).isFalse();
    }
  }

  @Test
  void aConfinedArenaIsOfItsThread() throws Exception {
    try (Arena arena = Arena.ofConfined();
        FileChannel channel = channels.open(file, READ)) {
      MemorySegment segment = channel.map(READ_ONLY, 0, SIZE, arena);
      assertThat(inAnotherThread(() -> segment.get(JAVA_BYTE, 0)))
          .isExactlyInstanceOf(WrongThreadException.class);
      assertThat(inAnotherThread(() -> channel.map(READ_ONLY, 0, 1, arena)))
          .isExactlyInstanceOf(WrongThreadException.class);
      assertThat(inAnotherThread(() -> channel.map(READ_ONLY, -1, 1, arena)))
          .isExactlyInstanceOf(WrongThreadException.class);
    }
    assertThat(isMapped()).isFalse();
  }

  private interface Action {
    Object run() throws Exception;
  }

  private static Throwable inAnotherThread(Action action) throws Exception {
    return Threads.call("another", action::run).failure();
  }

  @Test
  void theCollectorEndsAnAutomaticArena() throws IOException {
    Arena[] arena = {Arena.ofAuto()};
    MemorySegment[] slice = {map(READ_ONLY, 0, SIZE, arena[0], READ).asSlice(10, 10)};
    assertThatThrownBy(arena[0]::close).isExactlyInstanceOf(UnsupportedOperationException.class);
    arena[0] = null;
    System.gc();
    assertThat(slice[0].get(JAVA_BYTE, 0)).isEqualTo(content[10]); // a slice keeps it
    assertThat(isMapped()).isTrue();
    slice[0] = null;
    Await.until(
        "the file is unmapped",
        () -> {
          System.gc();
          return !isMapped();
        });
  }

  @Test
  void anArenaOfTheUsersOwn() throws IOException {
    Arena inner = Arena.ofConfined();
    Arena own =
        new Arena() {
          @Override
          public MemorySegment allocate(long size, long alignment) {
            throw new AssertionError("not asked for");
          }

          @Override
          public MemorySegment.Scope scope() {
            return inner.scope();
          }

          @Override
          public void close() {
            inner.close();
          }
        };
    MemorySegment segment = map(READ_ONLY, 0, SIZE, own, READ);
    assertThat(segment.get(JAVA_BYTE, 1)).isEqualTo(content[1]);
    own.close();
    assertThat(isMapped()).isFalse();
  }

  @Test
  void refusalsInTheJdksOrder() throws IOException {
    Arena arena = Arena.global();
    Arena ended = Arena.ofConfined();
    ended.close();
    FileChannel closed = channels.open(file, READ);
    closed.close();
    refused(NullPointerException.class, closed, null, -1, 1, ended);
    refused(NullPointerException.class, closed, READ_ONLY, -1, 1, null);
    refused(IllegalStateException.class, closed, READ_ONLY, -1, 1, ended);
    refused(IllegalArgumentException.class, closed, READ_ONLY, -1, 1, arena);
    refused(IllegalArgumentException.class, closed, READ_ONLY, 1, -1, arena);
    refused(ClosedChannelException.class, closed, READ_ONLY, Long.MAX_VALUE, 1, arena);
    try (FileChannel reader = channels.open(file, READ);
        FileChannel writer = channels.open(file, WRITE)) {
      refused(IllegalStateException.class, reader, READ_ONLY, 0, 1, ended);
      refused(IllegalStateException.class, reader, READ_ONLY, 0, 0, ended);
      refused(IllegalArgumentException.class, reader, READ_WRITE, Long.MAX_VALUE, 1, arena);
      refused(NonWritableChannelException.class, reader, READ_WRITE, 0, 1L << 60, arena);
      refused(NonWritableChannelException.class, reader, PRIVATE, 0, 1, arena);
      refused(NonReadableChannelException.class, writer, READ_ONLY, 0, 1, arena);
      refused(NonReadableChannelException.class, writer, READ_WRITE, 0, 1, arena);
      refused(IOException.class, reader, READ_ONLY, 0, 1L << 60, arena);
    }
    assertThat(file).hasBinaryContent(content);
    assertThat(isMapped()).isFalse();
  }

  private static void refused(
      Class<?> type, FileChannel channel, MapMode mode, long offset, long size, Arena arena) {
    assertThatThrownBy(() -> channel.map(mode, offset, size, arena)).isExactlyInstanceOf(type);
  }

  @Test
  void modesForPersistentMemory() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() -> map(READ_WRITE_SYNC, 0, SIZE, arena, READ, WRITE))
          .isExactlyInstanceOf(IOException.class)
          .hasMessageContaining("not supported");
      MemorySegment empty = map(READ_WRITE_SYNC, 0, 0, arena, READ, WRITE);
      assertThat(empty.isReadOnly()).isFalse();
      empty.force();
    }
    assertThat(isMapped()).isFalse();
  }

  @Test
  void moreThanThereAreAddresses() throws IOException {
    try (FileChannel both = channels.open(file, READ, WRITE);
        Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() -> both.map(READ_WRITE, 0, Long.MAX_VALUE - 4096, arena))
          .isInstanceOf(IOException.class);
      assertThat(both.isOpen()).isTrue();
    }
    assertThat(file).hasBinaryContent(content);
  }

  @Test
  void anInterruptedThreadDoesNotMap() throws IOException {
    try (FileChannel channel = channels.open(file, READ);
        Arena arena = Arena.ofConfined()) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> channel.map(READ_ONLY, 0, 1, arena))
          .isExactlyInstanceOf(ClosedByInterruptException.class);
      assertThat(channel.isOpen()).isFalse();
      assertThat(isMapped()).isFalse();
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  /** Whoever maps while the arena is closed gets a dead segment or an exception, and no leak. */
  @Test
  void mappingRacesWithClose() throws Exception {
    try (FileChannel channel = channels.open(file, READ)) {
      for (int round = 0; round < 200; round++) {
        Arena arena = Arena.ofShared();
        Threads.Started<Void> mapper =
            Threads.call(
                "mapper",
                () -> {
                  while (true) {
                    channel.map(READ_ONLY, 0, SIZE, arena);
                  }
                });
        arena.close();
        assertThat(mapper.failure()).isExactlyInstanceOf(IllegalStateException.class);
        assertThat(isMapped()).isFalse();
      }
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static java.nio.channels.FileChannel.MapMode.PRIVATE;
import static java.nio.channels.FileChannel.MapMode.READ_ONLY;
import static java.nio.channels.FileChannel.MapMode.READ_WRITE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static jdk.nio.mapmode.ExtendedMapMode.READ_ONLY_SYNC;
import static jdk.nio.mapmode.ExtendedMapMode.READ_WRITE_SYNC;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** {@code map}: real mapped buffers that outlive their channel, and end when they are dropped. */
@ExtendWith(Leaks.class)
abstract class MapContract {
  private static final int SIZE = 20_000;

  private final FileChannels channels;
  private final byte[] content = TestFiles.bytes(SIZE);
  private final List<MappedByteBuffer> mapped = new ArrayList<>();

  @TempDir Path directory;

  private Path file;

  MapContract(FileChannels channels) {
    this.channels = channels;
  }

  @BeforeEach
  void writeFile() throws IOException {
    file = TestFiles.of(directory, content);
  }

  @AfterEach
  void unmapAll() throws Exception {
    for (MappedByteBuffer buffer : mapped) {
      invokeCleaner(buffer);
    }
  }

  /** What programs use that unmap by hand. */
  static void invokeCleaner(ByteBuffer buffer) throws Exception {
    Class<?> type = Class.forName("sun.misc.Unsafe");
    Field field = type.getDeclaredField("theUnsafe");
    field.setAccessible(true);
    try {
      type.getMethod("invokeCleaner", ByteBuffer.class).invoke(field.get(null), buffer);
    } catch (InvocationTargetException e) {
      throw (Exception) e.getCause();
    }
  }

  private MappedByteBuffer map(FileChannel channel, MapMode mode, long position, long size)
      throws IOException {
    MappedByteBuffer buffer = channel.map(mode, position, size);
    mapped.add(buffer);
    return buffer;
  }

  /** Maps by a channel that is closed again. */
  private MappedByteBuffer map(MapMode mode, long position, long size, OpenOption... options)
      throws IOException {
    try (FileChannel channel = channels.open(file, options)) {
      return map(channel, mode, position, size);
    }
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  @Test
  void readOnlyShowsTheFile() throws IOException {
    for (int position : new int[] {0, 1, 4095, 4096, 10_001}) {
      MappedByteBuffer buffer = map(READ_ONLY, position, 5000, READ);
      assertThat(buffer.capacity()).isEqualTo(5000);
      assertThat(buffer.isDirect()).isTrue();
      assertThat(buffer.isReadOnly()).isTrue();
      assertThat(bytes(buffer)).isEqualTo(Arrays.copyOfRange(content, position, position + 5000));
      assertThatThrownBy(() -> buffer.put(0, (byte) 1)).isInstanceOf(ReadOnlyBufferException.class);
      assertThat(buffer.load()).isSameAs(buffer);
      assertThat(buffer.isLoaded()).isTrue();
      buffer.force();
    }
    assertThat(map(READ_ONLY, 0, 1, READ, WRITE).isReadOnly()).isTrue();
  }

  @Test
  void readWriteReachesTheFile() throws IOException {
    MappedByteBuffer buffer = map(READ_WRITE, 5, 9000, READ, WRITE);
    assertThat(buffer.isReadOnly()).isFalse();
    buffer.put(0, (byte) 1).put(8999, (byte) 2);
    assertThat(buffer.force()).isSameAs(buffer);
    buffer.force(10, 5000);
    content[5] = 1;
    content[9004] = 2;
    assertThat(file).hasBinaryContent(content);
    buffer.slice(100, 50).put(0, (byte) 3);
    content[105] = 3;
    Files.write(file, content);
    assertThat(buffer.get(100)).isEqualTo((byte) 3);
  }

  @Test
  void privateDoesNot() throws IOException {
    MappedByteBuffer buffer = map(PRIVATE, 0, SIZE, READ, WRITE);
    buffer.put(7, (byte) (content[7] + 1));
    assertThat(buffer.get(7)).isEqualTo((byte) (content[7] + 1));
    assertThat(buffer.get(8)).isEqualTo(content[8]);
    buffer.force();
    assertThat(file).hasBinaryContent(content);
  }

  @Test
  void aFileThatIsTooShortIsExtended() throws IOException {
    MappedByteBuffer buffer = map(READ_WRITE, SIZE + 10, 5000, READ, WRITE);
    assertThat(Files.size(file)).isEqualTo(SIZE + 5010);
    assertThat(bytes(buffer)).containsOnly(0);
    map(PRIVATE, 0, SIZE + 6000, READ, WRITE);
    map(READ_ONLY, 0, SIZE + 7000, READ, WRITE);
    assertThat(Files.size(file)).isEqualTo(SIZE + 7000);
    try (FileChannel channel = channels.open(file, READ)) {
      assertThatThrownBy(() -> map(channel, READ_ONLY, 0, SIZE + 7001))
          .isExactlyInstanceOf(IOException.class);
      assertThatThrownBy(() -> map(channel, READ_ONLY, SIZE + 7001, 0))
          .isExactlyInstanceOf(IOException.class);
    }
    assertThat(Files.size(file)).isEqualTo(SIZE + 7000);
  }

  @Test
  void aSizeOfZero() throws IOException {
    for (MapMode mode : new MapMode[] {READ_ONLY, READ_WRITE, PRIVATE}) {
      MappedByteBuffer buffer = map(mode, 100, 0, READ, WRITE);
      assertThat(buffer.capacity()).isZero();
      assertThat(buffer.isReadOnly()).isEqualTo(mode == READ_ONLY);
      assertThat(buffer.force().load().isLoaded()).isTrue();
      assertThat(buffer.slice().hasRemaining()).isFalse();
    }
    map(READ_WRITE, SIZE + 50, 0, READ, WRITE);
    assertThat(Files.size(file)).isEqualTo(SIZE + 50);
  }

  @Test
  void refusals() throws IOException {
    FileChannel both = channels.open(file, READ, WRITE);
    long[][] ranges = {
      {-1, 1}, {0, -1}, {0, 1L + Integer.MAX_VALUE}, {0, Long.MAX_VALUE}, {Long.MAX_VALUE, 1}
    };
    for (long[] range : ranges) {
      assertThatThrownBy(() -> both.map(READ_ONLY, range[0], range[1]))
          .isExactlyInstanceOf(IllegalArgumentException.class);
    }
    assertThatThrownBy(() -> both.map(null, 0, 1)).isExactlyInstanceOf(NullPointerException.class);
    try (FileChannel reader = channels.open(file, READ);
        FileChannel writer = channels.open(file, WRITE)) {
      for (MapMode mode : new MapMode[] {READ_WRITE, PRIVATE}) {
        assertThatThrownBy(() -> reader.map(mode, 0, 1))
            .isExactlyInstanceOf(NonWritableChannelException.class);
        assertThatThrownBy(() -> writer.map(mode, 0, 1))
            .isExactlyInstanceOf(NonReadableChannelException.class);
      }
      assertThatThrownBy(() -> writer.map(READ_ONLY, 0, 1))
          .isExactlyInstanceOf(NonReadableChannelException.class);
    }
    both.close();
    assertThatThrownBy(() -> both.map(READ_ONLY, -1, 1))
        .isExactlyInstanceOf(ClosedChannelException.class);
    assertThatThrownBy(() -> both.map(READ_ONLY, 0, 1L << 40))
        .isExactlyInstanceOf(IllegalArgumentException.class);
    try (FileChannel folder = channels.open(directory, READ)) {
      assertThatThrownBy(() -> folder.map(READ_ONLY, 0, 1)).isInstanceOf(IOException.class);
    }
    assertThat(file).hasBinaryContent(content);
  }

  /** No file system here has DAX, so these modes end in the kernel's refusal, after all checks. */
  @Test
  void modesForPersistentMemory() throws IOException {
    FileChannel both = channels.open(file, READ, WRITE);
    try (FileChannel reader = channels.open(file, READ);
        FileChannel writer = channels.open(file, WRITE)) {
      for (MapMode mode : List.of(READ_ONLY_SYNC, READ_WRITE_SYNC)) {
        assertThatThrownBy(() -> both.map(mode, 0, SIZE))
            .isExactlyInstanceOf(IOException.class)
            .hasMessageContaining("not supported");
        assertThatThrownBy(() -> both.map(mode, 0, 1L << 40))
            .isExactlyInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> both.map(mode, -1, 1))
            .isExactlyInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.map(mode, 0, 1))
            .isExactlyInstanceOf(NonReadableChannelException.class);
        MappedByteBuffer empty = map(both, mode, 0, 0);
        assertThat(empty.isReadOnly()).isEqualTo(mode == READ_ONLY_SYNC);
        assertThat(empty.force().hasRemaining()).isFalse();
      }
      assertThatThrownBy(() -> reader.map(READ_ONLY_SYNC, 0, SIZE + 1))
          .isExactlyInstanceOf(IOException.class);
      assertThatThrownBy(() -> reader.map(READ_WRITE_SYNC, 0, 1))
          .isExactlyInstanceOf(NonWritableChannelException.class);
      assertThat(Files.size(file)).isEqualTo(SIZE);
      assertThatThrownBy(() -> map(both, READ_WRITE_SYNC, 0, SIZE + 1))
          .isExactlyInstanceOf(IOException.class);
      assertThat(Files.size(file)).isEqualTo(SIZE + 1);
    }
    both.close();
    assertThatThrownBy(() -> both.map(READ_ONLY_SYNC, -1, 1))
        .isExactlyInstanceOf(ClosedChannelException.class);
    assertThat(isMapped()).isFalse();
  }

  @Test
  void anInterruptedThreadDoesNotMap() throws IOException {
    try (FileChannel channel = channels.open(file, READ)) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> channel.map(READ_ONLY, 0, 1))
          .isExactlyInstanceOf(ClosedByInterruptException.class);
      assertThat(channel.isOpen()).isFalse();
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void thePositionStays() throws IOException {
    try (FileChannel channel = channels.open(file, READ)) {
      channel.position(77);
      map(channel, READ_ONLY, 1000, 1000);
      assertThat(channel.position()).isEqualTo(77);
    }
  }

  @Test
  void unmappingByHand() throws Exception {
    MappedByteBuffer buffer = map(READ_ONLY, 0, SIZE, READ);
    ByteBuffer view = buffer.slice();
    assertThatThrownBy(() -> invokeCleaner(view))
        .isExactlyInstanceOf(IllegalArgumentException.class);
    assertThat(isMapped()).isTrue();
    invokeCleaner(buffer);
    assertThat(isMapped()).isFalse();
    invokeCleaner(buffer);
  }

  @Test
  void aDroppedBufferIsUnmapped() throws IOException {
    try (FileChannel channel = channels.open(file, READ)) {
      MappedByteBuffer[] buffer = {channel.map(READ_ONLY, 0, SIZE)};
      ByteBuffer[] view = {buffer[0].asReadOnlyBuffer().slice(10, 10)};
      buffer[0] = null;
      System.gc();
      assertThat(view[0].get(0)).isEqualTo(content[10]); // a view keeps it
      assertThat(isMapped()).isTrue();
      view[0] = null;
    }
    Await.until(
        "the file is unmapped",
        () -> {
          System.gc();
          return !isMapped();
        });
  }

  private boolean isMapped() {
    try {
      return Files.readString(Path.of("/proc/self/maps")).contains(file.toString());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Reads and writes through every kind of buffer, one and many, and with DIRECT. */
@ExtendWith(Leaks.class)
abstract class ChannelBufferContract {
  private static final int SIZE = 300_000;

  private final FileChannels channels;
  private final byte[] content = TestFiles.bytes(SIZE);

  @TempDir Path directory;

  private Path file;

  ChannelBufferContract(FileChannels channels) {
    this.channels = channels;
  }

  @BeforeEach
  void writeFile() throws IOException {
    file = TestFiles.of(directory, content);
  }

  /** Where the bytes of a buffer lie; all can be written. */
  enum Kind {
    HEAP {
      @Override
      ByteBuffer allocate(int size) {
        return ByteBuffer.allocate(size);
      }
    },
    HEAP_SLICE {
      @Override
      ByteBuffer allocate(int size) {
        return ByteBuffer.allocate(size + 10).position(7).limit(size + 7).slice();
      }
    },
    DIRECT {
      @Override
      ByteBuffer allocate(int size) {
        return ByteBuffer.allocateDirect(size);
      }
    },
    DIRECT_SLICE {
      @Override
      ByteBuffer allocate(int size) {
        return ByteBuffer.allocateDirect(size + 10).position(7).limit(size + 7).slice();
      }
    };

    abstract ByteBuffer allocate(int size);
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return bytes;
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void readsIntoThePartThatIsAskedFor(Kind kind) throws IOException {
    try (FileChannel channel = channels.open(file, READ)) {
      for (int size : new int[] {1, 8191, 8192, 100_000, SIZE + 50}) {
        ByteBuffer buffer = kind.allocate(size + 20).position(5).limit(size + 5);
        int expected = Math.min(size, SIZE - 11);
        assertThat(channel.read(buffer, 11)).isEqualTo(expected);
        assertThat(buffer.position()).isEqualTo(expected + 5);
        assertThat(buffer.limit()).isEqualTo(size + 5);
        assertThat(bytes(buffer.position(5).limit(expected + 5)))
            .isEqualTo(Arrays.copyOfRange(content, 11, 11 + expected));
        buffer.clear();
        assertThat(bytes(buffer.slice(0, 5))).containsOnly(0);
        assertThat(bytes(buffer.slice(expected + 5, size - expected + 15))).containsOnly(0);
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void writesThePartThatIsAskedFor(Kind kind) throws IOException {
    byte[] copy = content.clone();
    try (FileChannel channel = channels.open(file, READ, WRITE)) {
      for (int size : new int[] {1, 8191, 8192, 100_000}) {
        byte[] news = TestFiles.bytes(size);
        ByteBuffer buffer = kind.allocate(size + 20);
        buffer.position(5).put(5, news).limit(size + 5);
        assertThat(channel.write(buffer, size)).isEqualTo(size);
        assertThat(buffer.position()).isEqualTo(size + 5);
        assertThat(buffer.limit()).isEqualTo(size + 5);
        System.arraycopy(news, 0, copy, size, size);
        ByteBuffer readOnly = buffer.position(5).asReadOnlyBuffer();
        channel.position(0);
        assertThat(channel.write(readOnly)).isEqualTo(size);
        assertThat(readOnly.hasRemaining()).isFalse();
        System.arraycopy(news, 0, copy, 0, size);
      }
    }
    assertThat(file).hasBinaryContent(copy);
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void emptyBuffersMoveNothing(Kind kind) throws IOException {
    ByteBuffer empty = kind.allocate(3).position(2).limit(2);
    try (FileChannel channel = channels.open(file, READ, WRITE)) {
      assertThat(channel.read(empty)).isZero();
      assertThat(channel.write(empty)).isZero();
      assertThat(channel.read(empty, SIZE + 1)).isZero();
      assertThat(channel.write(empty, SIZE + 1)).isZero();
      assertThat(channel.position(SIZE + 9).read(empty)).isZero();
      assertThat(channel.read(new ByteBuffer[] {empty, empty})).isZero();
      assertThat(channel.write(new ByteBuffer[] {empty})).isZero();
      assertThat(channel.size()).isEqualTo(SIZE);
    }
  }

  @Test
  void byteOrderAndMarkStay() throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(100).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    buffer.position(3).mark();
    try (FileChannel channel = channels.open(file, READ)) {
      channel.read(buffer);
    }
    assertThat(buffer.order()).isEqualTo(java.nio.ByteOrder.LITTLE_ENDIAN);
    assertThat(buffer.reset().position()).isEqualTo(3);
  }

  // ---- vectors

  /** Buffers of all kinds and odd sizes, some empty, with their parts in the middle. */
  private static ByteBuffer[] vector(Random random, int count) {
    ByteBuffer[] vector = new ByteBuffer[count];
    for (int i = 0; i < count; i++) {
      int size = random.nextInt(4) == 0 ? 0 : random.nextInt(700);
      Kind kind = Kind.values()[random.nextInt(Kind.values().length)];
      vector[i] = kind.allocate(size + 6).position(3).limit(size + 3);
    }
    return vector;
  }

  private static int remaining(ByteBuffer[] vector, int from, int to) {
    int sum = 0;
    for (int i = from; i < to; i++) {
      sum += vector[i].remaining();
    }
    return sum;
  }

  @Test
  void scatteringFillsInOrder() throws IOException {
    Random random = new Random(42);
    try (FileChannel channel = channels.open(file, READ)) {
      for (int round = 0; round < 40; round++) {
        ByteBuffer[] vector = vector(random, 12);
        int expected = remaining(vector, 2, 10);
        long before = channel.position();
        assertThat(channel.read(vector, 2, 8)).isEqualTo(expected);
        assertThat(channel.position()).isEqualTo(before + expected);
        byte[] got = new byte[expected];
        ByteBuffer all = ByteBuffer.wrap(got);
        for (int i = 2; i < 10; i++) {
          assertThat(vector[i].hasRemaining()).isFalse();
          all.put(vector[i].flip().position(3));
        }
        int from = (int) before;
        assertThat(got).isEqualTo(Arrays.copyOfRange(content, from, from + expected));
        assertThat(vector[1].position()).isEqualTo(3);
        assertThat(vector[10].position()).isEqualTo(3);
      }
    }
  }

  @Test
  void scatteringEndsWithTheFile() throws IOException {
    try (FileChannel channel = channels.open(file, READ)) {
      channel.position(SIZE - 10);
      ByteBuffer[] vector = {
        ByteBuffer.allocate(4), ByteBuffer.allocateDirect(4), ByteBuffer.allocate(4)
      };
      assertThat(channel.read(vector)).isEqualTo(10);
      assertThat(vector[2].position()).isEqualTo(2);
      assertThat(channel.read(vector)).isEqualTo(-1);
      assertThat(channel.read(vector, 0, 2)).isZero(); // full
    }
  }

  @Test
  void gatheringWritesInOrder() throws IOException {
    Random random = new Random(43);
    byte[] expected = content.clone();
    try (FileChannel channel = channels.open(file, WRITE)) {
      for (int round = 0; round < 40; round++) {
        ByteBuffer[] vector = vector(random, 12);
        int at = (int) channel.position();
        int size = remaining(vector, 2, 10);
        for (int i = 0, to = at; i < 12; i++) {
          byte[] bytes = new byte[vector[i].remaining()];
          random.nextBytes(bytes);
          vector[i].duplicate().put(bytes);
          if (i >= 2 && i < 10) {
            System.arraycopy(bytes, 0, expected, to, bytes.length);
            to += bytes.length;
          }
        }
        assertThat(channel.write(vector, 2, 8)).isEqualTo(size);
        assertThat(channel.position()).isEqualTo(at + size);
        assertThat(remaining(vector, 2, 10)).isZero();
        assertThat(vector[10].position()).isEqualTo(3);
      }
    }
    assertThat(file).hasBinaryContent(expected);
  }

  @Test
  void vectorsLongerThanTheKernelTakes() throws IOException {
    ByteBuffer[] vector = new ByteBuffer[3000];
    for (int i = 0; i < vector.length; i++) {
      vector[i] = i % 2 == 0 ? ByteBuffer.allocate(3) : ByteBuffer.allocateDirect(3);
    }
    try (FileChannel channel = channels.open(file, READ)) {
      long read = channel.read(vector);
      assertThat(read).isEqualTo(3 * 1024); // IOV_MAX
      assertThat(vector[1023].hasRemaining()).isFalse();
      assertThat(vector[1024].position()).isZero();
      assertThat(channel.position()).isEqualTo(read);
    }
  }

  @Test
  void aRefusedBufferLeavesTheOthersAlone() throws IOException {
    ByteBuffer first = ByteBuffer.allocateDirect(5);
    ByteBuffer[] vector = {first, ByteBuffer.allocate(5), null};
    try (FileChannel channel = channels.open(file, READ, WRITE)) {
      assertThatThrownBy(() -> channel.read(vector))
          .isExactlyInstanceOf(NullPointerException.class);
      assertThatThrownBy(() -> channel.write(vector))
          .isExactlyInstanceOf(NullPointerException.class);
      assertThat(first.position()).isZero();
      assertThat(channel.position()).isZero();
    }
    assertThat(file).hasBinaryContent(content);
  }

  // ---- DIRECT

  private FileChannel openDirect() {
    try {
      return channels.open(file, READ, WRITE, ExtendedOpenOption.DIRECT);
    } catch (IOException | UnsupportedOperationException e) {
      assumeTrue(false, "no O_DIRECT in " + directory + ": " + e);
      throw new AssertionError(e);
    }
  }

  @Test
  void directReadsAndWritesOfWholeBlocks() throws IOException {
    int block = (int) Files.getFileStore(file).getBlockSize();
    try (FileChannel channel = openDirect()) {
      ByteBuffer aligned =
          ByteBuffer.allocateDirect(9 * block).alignedSlice(block).limit(4 * block);
      assertThat(channel.read(aligned, block)).isEqualTo(4 * block);
      assertThat(bytes(aligned.flip())).isEqualTo(Arrays.copyOfRange(content, block, 5 * block));
      ByteBuffer heap = ByteBuffer.allocate(2 * block);
      assertThat(channel.read(heap)).isEqualTo(2 * block);
      assertThat(heap.array()).isEqualTo(Arrays.copyOf(content, 2 * block));
      assertThat(channel.write(heap.flip(), 0)).isEqualTo(2 * block);
      aligned.clear().limit(block);
      assertThat(channel.write(new ByteBuffer[] {aligned, heap.flip()})).isEqualTo(3 * block);
      assertThat(channel.position()).isEqualTo(5 * block);
    }
  }

  private static String refusal(String what, int value, int block) {
    return what + " (" + value + ") is not a multiple of the block size (" + block + ")";
  }

  private static void assertRefused(String told, ThrowingCallable call) {
    assertThatThrownBy(call).isExactlyInstanceOf(IOException.class).hasMessageContaining(told);
  }

  @Test
  void directRefusesWhatIsNotAligned() throws IOException {
    int block = (int) Files.getFileStore(file).getBlockSize();
    try (FileChannel channel = openDirect()) {
      ByteBuffer aligned = ByteBuffer.allocateDirect(9 * block).alignedSlice(block).limit(block);
      ByteBuffer shifted = aligned.duplicate().limit(block + 1).position(1);
      ByteBuffer odd = aligned.duplicate().limit(block - 1);
      for (ByteBuffer bad : new ByteBuffer[] {shifted, odd, ByteBuffer.allocate(block + 1)}) {
        boolean place = bad == shifted;
        String told =
            refusal(place ? "of the bytebuffer" : "bytes", place ? 1 : bad.limit(), block);
        assertRefused(told, () -> channel.read(bad));
        assertRefused(told, () -> channel.write(bad, 0));
        // Of several buffers the JDK leaves some to the kernel, whose words are others.
        assertThatThrownBy(() -> channel.read(new ByteBuffer[] {bad}))
            .isExactlyInstanceOf(IOException.class);
      }
      String told = refusal("Channel position", 1, block);
      assertRefused(told, () -> channel.read(aligned, 1));
      channel.position(1);
      assertRefused(told, () -> channel.read(aligned));
      assertRefused(told, () -> channel.write(aligned));
      assertThat(aligned.position()).isZero();
    }
    assertThat(file).hasBinaryContent(content);
  }
}

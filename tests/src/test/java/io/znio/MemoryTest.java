// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Mappings, memory files and regions: their content, their limits, their end. */
@Tag(Levels.EVERY)
@ExtendWith(Leaks.class)
@SuppressWarnings("try") // things are closed in the middle of their blocks: that is the subject
class MemoryTest {
  private static final int SIZE = 100_000;
  private static final byte[] CONTENT = TestFiles.bytes(SIZE);

  @TempDir Path directory;

  private FileChannel open(StandardOpenOption... options) throws IOException {
    Path file = directory.resolve("file");
    if (!Files.exists(file)) {
      Files.write(file, CONTENT);
    }
    return FileChannel.open(file, options);
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.remaining()];
    buffer.duplicate().get(bytes);
    return bytes;
  }

  @ParameterizedTest
  @EnumSource(Mapping.Mode.class)
  void aMappingShowsTheFile(Mapping.Mode mode) throws Exception {
    try (FileChannel file = open(StandardOpenOption.READ, StandardOpenOption.WRITE);
        Mapping mapping = Mapping.map(file, mode, 12_345, 50_000)) {
      assertThat(mapping.size()).isEqualTo(50_000);
      assertThat(mapping.mode()).isEqualTo(mode);
      assertThat(bytes(mapping.buffer())).isEqualTo(Arrays.copyOfRange(CONTENT, 12_345, 62_345));
      assertThat(mapping.residentPages()).isBetween(1L, 14L);
      assertThat(Ledger.totals().mappings()).isPositive();
    }
  }

  @Test
  void theModeSaysWhereWritesGo() throws Exception {
    try (FileChannel file = open(StandardOpenOption.READ, StandardOpenOption.WRITE);
        Mapping shared = Mapping.map(file, Mapping.Mode.READ_WRITE, 0, SIZE);
        Mapping copy = Mapping.map(file, Mapping.Mode.PRIVATE, 0, SIZE);
        Mapping readOnly = Mapping.map(file, Mapping.Mode.READ_ONLY, 0, SIZE)) {
      byte flipped = (byte) (CONTENT[7] ^ 1);
      copy.buffer().put(7, flipped);
      assertThat(readOnly.buffer().get(7)).as("private").isEqualTo(CONTENT[7]);
      shared.buffer().put(7, flipped);
      shared.force();
      assertThat(readOnly.buffer().get(7)).as("shared").isEqualTo(flipped);
      assertThat(Files.readAllBytes(directory.resolve("file"))[7]).isEqualTo(flipped);
      assertThatThrownBy(() -> readOnly.buffer().put(7, flipped))
          .isInstanceOf(ReadOnlyBufferException.class);
    }
  }

  @Test
  void aMappingIsCheckedAsFileChannelMap() throws Exception {
    try (FileChannel readOnly = open(StandardOpenOption.READ);
        FileChannel writeOnly = open(StandardOpenOption.WRITE);
        FileChannel closed = open(StandardOpenOption.READ)) {
      closed.close();
      assertThatThrownBy(() -> Mapping.map(closed, Mapping.Mode.READ_ONLY, 0, 1))
          .isInstanceOf(ClosedChannelException.class);
      assertThatThrownBy(() -> Mapping.map(readOnly, Mapping.Mode.READ_WRITE, 0, 1))
          .isInstanceOf(NonWritableChannelException.class);
      assertThatThrownBy(() -> Mapping.map(writeOnly, Mapping.Mode.READ_WRITE, 0, 1))
          .isInstanceOf(NonReadableChannelException.class);
      assertThatThrownBy(() -> Mapping.map(readOnly, Mapping.Mode.READ_ONLY, -3, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("-3");
      for (long size : new long[] {0, -1, (1L << 47) + 1, Long.MAX_VALUE}) {
        assertThatThrownBy(() -> Mapping.map(readOnly, Mapping.Mode.READ_ONLY, 0, size))
            .isInstanceOf(IllegalArgumentException.class)
            .hasMessageContaining(Long.toString(size));
        assertThatThrownBy(() -> Mapping.anonymous(size))
            .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Region.allocateUninitialized(size))
            .isInstanceOf(IllegalArgumentException.class);
      }
      assertThatThrownBy(() -> Mapping.map(readOnly, Mapping.Mode.READ_ONLY, Long.MAX_VALUE, 1))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void closingTwiceClosesOnce() throws Exception {
    Mapping mapping = Mapping.anonymous(4096);
    Memfd memfd = Memfd.create(4096);
    Region region = Region.allocateUninitialized(4096);
    for (int i = 0; i < 2; i++) {
      mapping.close();
      memfd.close();
      region.close();
    }
    assertThat(mapping.isOpen()).isFalse();
    assertThatThrownBy(mapping::buffer)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("closed");
    assertThatThrownBy(mapping::force).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(memfd::map).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(region::buffer).isInstanceOf(IllegalStateException.class);
    try (Ends.Pair pair = Ends.PIPE.open()) {
      assertThatThrownBy(() -> Transfer.from(mapping, 0).to(pair.writer).transfer())
          .isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void aMappingInUseIsNotUnmapped() throws Exception {
    try (Ends.Pair pair = Ends.UNIX.open()) {
      Mapping mapping = Mapping.anonymous(1 << 20);
      Threads.Started<Long> mover =
          Threads.call("mover", () -> Transfer.from(mapping, 0).to(pair.writer).transfer());
      mover.awaitStalled();
      assertThatThrownBy(mapping::close)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("in use");
      Ends.Collector collector = pair.collect();
      assertThat(mover.get()).isEqualTo(1 << 20);
      pair.writer.close();
      assertThat(collector.toEnd()).hasSize(1 << 20);
      mapping.close();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4096, 1_000_003})
  void aMemfdIsSharedByDescriptor(int size) throws Exception {
    byte[] content = TestFiles.bytes(size);
    try (Ends.Pair pair = Ends.UNIX.open();
        Memfd mine = Memfd.create(size);
        Mapping here = mine.map()) {
      here.buffer().put(content);
      assertThat(mine.send((SocketChannel) pair.writer)).isTrue();
      try (Memfd theirs = Memfd.receive((SocketChannel) pair.reader);
          Mapping there = theirs.map()) {
        assertThat(theirs.size()).isEqualTo(size);
        assertThat(bytes(there.buffer())).isEqualTo(content);
        there.buffer().put(0, (byte) (content[0] ^ 1));
        assertThat(here.buffer().get(0)).as("shared").isEqualTo((byte) (content[0] ^ 1));
      }
    }
  }

  @Test
  void aMemfdOutlivesItsCreatorsShare() throws Exception {
    try (Ends.Pair pair = Ends.UNIX.open()) {
      try (Memfd mine = Memfd.create(SIZE);
          Mapping here = mine.map()) {
        here.buffer().put(CONTENT);
        mine.send((SocketChannel) pair.writer);
      }
      try (Memfd theirs = Memfd.receive((SocketChannel) pair.reader)) {
        Mapping there = theirs.map();
        theirs.close();
        assertThat(bytes(there.buffer())).isEqualTo(CONTENT);
        there.close();
      }
    }
  }

  @Test
  void theMemfdPathHandsOverMemoryInsteadOfBytes() throws Exception {
    Path file = TestFiles.of(directory, CONTENT);
    try (Ends.Pair pair = Ends.UNIX.open()) {
      Receipt receipt =
          Transfer.from(file, 0).to(pair.writer).via(TransferPath.MEMFD).transferWithReceipt();
      assertThat(receipt.bytes()).isEqualTo(SIZE);
      try (Memfd got = Memfd.receive((SocketChannel) pair.reader);
          Mapping mapping = got.map()) {
        assertThat(bytes(mapping.buffer())).isEqualTo(CONTENT);
      }
    }
  }

  @Test
  void memfdsGoOverUnixSocketsOnly() throws Exception {
    try (Ends.Pair tcp = Ends.TCP4.open();
        Ends.Pair unix = Ends.UNIX.open();
        Memfd memfd = Memfd.create(10)) {
      assertThatThrownBy(() -> memfd.send((SocketChannel) tcp.writer))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("unix");
      assertThatThrownBy(() -> Memfd.create(0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("0");
      SocketChannel reader = (SocketChannel) unix.reader;
      reader.configureBlocking(false);
      assertThat(Memfd.receive(reader)).as("nothing has come").isNull();
      reader.configureBlocking(true);
      unix.write(TestFiles.bytes(16));
      assertThatThrownBy(() -> Memfd.receive(reader))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("EPROTO");
      unix.writer.close();
      assertThatThrownBy(() -> Memfd.receive(reader))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("ECONNRESET");
    }
  }

  @Test
  void regionsAreCountedAndAligned() {
    Ledger.Totals before = Ledger.totals();
    try (Region region = Region.allocateUninitialized(12_345, 4096)) {
      assertThat(Ledger.totals().regions()).isEqualTo(before.regions() + 1);
      assertThat(Ledger.totals().regionBytes()).isEqualTo(before.regionBytes() + 12_345);
      ByteBuffer buffer = region.buffer();
      assertThat(JdkMemory.address(buffer) % 4096).isZero();
      assertThat(buffer.capacity()).isEqualTo(12_345);
      buffer.put(12_344, (byte) 1);
    }
    assertThatThrownBy(() -> Region.allocateUninitialized(10, 3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("3");
    assertThatThrownBy(() -> Region.allocateUninitialized(10, -8))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void systemCallsAreCounted() throws Exception {
    try (FileChannel file = open(StandardOpenOption.READ);
        Ends.Pair pair = Ends.UNIX.open()) {
      long before = Ledger.systemCalls();
      Transfer.transferTo(file, 0, 4096, pair.writer);
      assertThat(Ledger.systemCalls() - before).as("one sendfile and nothing else").isEqualTo(1);
    }
  }
}

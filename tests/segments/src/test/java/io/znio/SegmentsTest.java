// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.znio.segments.Segments;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a segment over a region or mapping shows, at each level; the JDK's rules are the oracle. */
@ExtendWith(Leaks.class)
class SegmentsTest {
  private static final int SIZE = 100_000;
  private static final byte[] CONTENT = TestFiles.bytes(SIZE);

  /** Larger than what an int can count, twice. */
  private static final long LARGE = 5L << 30;

  @TempDir Path directory;

  @Test
  void theLevelIsTheOneAskedFor() {
    String level = System.getProperty("io.znio.safety", "");
    SafetyLevel byDefault = TokenSupport.isAvailable() ? SafetyLevel.CHECKED : SafetyLevel.TRACKED;
    assertThat(SafetyLevel.CURRENT)
        .isEqualTo(
            level.isEmpty() ? byDefault : SafetyLevel.valueOf(level.toUpperCase(Locale.ROOT)));
  }

  @ParameterizedTest
  @EnumSource(Viewed.Kind.class)
  void aSegmentShowsTheWholeMemory(Viewed.Kind kind) throws Exception {
    try (Viewed memory = kind.open(directory, SIZE)) {
      MemorySegment segment = memory.segment;
      assertThat(segment.byteSize()).isEqualTo(SIZE);
      assertThat(segment.address()).isEqualTo(memory.address());
      assertThat(segment.isNative()).isTrue();
      assertThat(segment.isReadOnly()).isFalse();
      assertThat(segment.isMapped()).isEqualTo(kind != Viewed.Kind.REGION);
      assertThat(segment.scope().isAlive()).isTrue();
      assertThat(segment.isAccessibleBy(new Thread(() -> {}))).isTrue();
      assertThat(memory.view()).isEqualTo(segment).isNotSameAs(segment);
      segment.set(JAVA_INT, 40, 0x01020304);
      ByteBuffer buffer = memory.buffer().order(ByteOrder.nativeOrder());
      assertThat(buffer.getInt(40)).isEqualTo(0x01020304);
      buffer.putLong(SIZE - 8, 17);
      assertThat(segment.get(JAVA_LONG_UNALIGNED, SIZE - 8)).isEqualTo(17);
      assertThat(segment.asSlice(SIZE - 8).get(JAVA_LONG_UNALIGNED, 0)).isEqualTo(17);
      assertThat(segment.asByteBuffer().capacity()).isEqualTo(SIZE);
    }
  }

  @ParameterizedTest
  @EnumSource(Viewed.Kind.class)
  void boundsAreChecked(Viewed.Kind kind) throws Exception {
    try (Viewed memory = kind.open(directory, SIZE)) {
      MemorySegment segment = memory.segment;
      MemorySegment slice = segment.asSlice(100, 50);
      outOfBounds(() -> segment.get(JAVA_BYTE, SIZE));
      outOfBounds(() -> segment.set(JAVA_BYTE, -1, (byte) 1));
      outOfBounds(() -> segment.get(JAVA_LONG_UNALIGNED, SIZE - 7));
      outOfBounds(() -> segment.asSlice(SIZE - 1, 2));
      outOfBounds(() -> segment.asSlice(-1));
      outOfBounds(() -> slice.get(JAVA_BYTE, 50));
      outOfBounds(() -> slice.get(JAVA_BYTE, -1));
      outOfBounds(() -> MemorySegment.copy(segment, 1, segment.asSlice(0, 10), 0, 11));
      outOfBounds(() -> slice.asByteBuffer().get(50));
      assertThat(segment.asSlice(SIZE).byteSize()).isZero();
    }
  }

  private static void outOfBounds(Runnable access) {
    assertThatThrownBy(access::run).isInstanceOf(IndexOutOfBoundsException.class);
  }

  /** Its pages are a hole in a file, or were never touched: only some are there. */
  @ParameterizedTest
  @EnumSource(Viewed.Kind.class)
  void aSegmentMayBeLargerThanABuffer(Viewed.Kind kind) throws Exception {
    try (Viewed memory =
        kind == Viewed.Kind.REGION
            ? Viewed.of(Region.allocateUninitialized(LARGE))
            : kind.open(directory, LARGE)) {
      MemorySegment segment = memory.segment;
      assertThat(segment.byteSize()).isEqualTo(LARGE);
      long far = LARGE - 4096;
      segment.set(JAVA_LONG, far, 42);
      segment.set(JAVA_LONG, 0, 41);
      MemorySegment tail = segment.asSlice(far, 4096);
      assertThat(tail.get(JAVA_LONG, 0)).isEqualTo(42);
      assertThat(tail.asByteBuffer().order(ByteOrder.nativeOrder()).getLong(0)).isEqualTo(42);
      tail.asSlice(8, 80).fill((byte) 7);
      MemorySegment.copy(tail, 8, segment, 3L << 30, 80);
      assertThat(segment.asSlice(3L << 30, 80).mismatch(tail.asSlice(8, 80))).isEqualTo(-1);
      segment.set(JAVA_BYTE, (3L << 30) + 79, (byte) 8);
      assertThat(segment.asSlice(3L << 30, 80).mismatch(tail.asSlice(8, 80))).isEqualTo(79);
      assertThat(segment.get(JAVA_LONG, 0)).isEqualTo(41);
      outOfBounds(() -> segment.get(JAVA_BYTE, LARGE));
      outOfBounds(() -> segment.asSlice(far, 4097));
      assertThatThrownBy(segment::asByteBuffer).hasMessageContaining("too large");
    }
  }

  @ParameterizedTest
  @EnumSource(Viewed.Kind.class)
  void theJdksOperationsTakeIt(Viewed.Kind kind) throws Exception {
    try (Viewed memory = kind.open(directory, SIZE);
        Viewed other = Viewed.Kind.REGION.open(directory, SIZE)) {
      MemorySegment segment = memory.segment;
      MemorySegment.copy(CONTENT, 0, segment, JAVA_BYTE, 0, SIZE);
      assertThat(segment.toArray(JAVA_BYTE)).isEqualTo(CONTENT);
      assertThat(segment.mismatch(MemorySegment.ofArray(CONTENT))).isEqualTo(-1);
      other.segment.copyFrom(segment);
      assertThat(other.segment.mismatch(segment)).isEqualTo(-1);
      other.segment.asSlice(500, 3).fill((byte) (CONTENT[500] ^ 1));
      assertThat(other.segment.mismatch(segment)).isEqualTo(500);
      long sum = segment.elements(JAVA_INT).mapToLong(e -> e.get(JAVA_INT, 0)).sum();
      long expected = 0;
      for (int i = 0; i < SIZE; i += 4) {
        expected += segment.get(JAVA_INT, i);
      }
      assertThat(sum).isEqualTo(expected);
      segment.setString(1000, "znio");
      assertThat(segment.getString(1000)).isEqualTo("znio");
      assertThat((int) JAVA_INT.varHandle().getAndAdd(segment, 2000L, 5))
          .isEqualTo(segment.get(JAVA_INT, 2000) - 5);
      CRC32 crc = new CRC32();
      crc.update(segment.asByteBuffer());
      CRC32 same = new CRC32();
      same.update(segment.toArray(JAVA_BYTE));
      assertThat(crc.getValue()).isEqualTo(same.getValue());
    }
  }

  @ParameterizedTest
  @EnumSource(Viewed.Kind.class)
  void channelsAndTransfersTakeIt(Viewed.Kind kind) throws Exception {
    Path file = directory.resolve("file");
    try (Viewed memory = kind.open(directory, SIZE);
        FileChannel channel =
            FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
        Ends.Pair pair = Ends.UNIX.open()) {
      MemorySegment segment = memory.segment;
      segment.copyFrom(MemorySegment.ofArray(CONTENT));
      ByteBuffer[] halves = {
        segment.asSlice(0, 60_000).asByteBuffer(), segment.asSlice(60_000).asByteBuffer()
      };
      assertThat(channel.write(halves)).isEqualTo(SIZE);
      assertThat(Files.readAllBytes(file)).isEqualTo(CONTENT);
      segment.fill((byte) 0);
      assertThat(channel.read(segment.asSlice(10).asByteBuffer(), 10)).isEqualTo(SIZE - 10);
      assertThat(segment.mismatch(MemorySegment.ofArray(CONTENT))).isLessThan(10);
      Ends.Collector collector = pair.collect();
      assertThat(Transfer.from(segment.asSlice(50, 4000).asByteBuffer()).to(pair.writer).transfer())
          .isEqualTo(4000);
      pair.writer.close();
      assertThat(collector.toEnd()).isEqualTo(segment.asSlice(50, 4000).toArray(JAVA_BYTE));
    }
  }

  @Test
  void whatIsMappedForReadingIsNotWritten() throws Exception {
    Path file = TestFiles.of(directory, CONTENT);
    try (Mapping mapping = Mapping.map(file, Mapping.Mode.READ_ONLY);
        FileChannel channel = FileChannel.open(file)) {
      MemorySegment segment = Segments.of(mapping);
      MemorySegment slice = segment.asSlice(8, 8);
      assertThat(segment.isReadOnly()).isTrue();
      assertThat(slice.isReadOnly()).isTrue();
      refused(() -> segment.set(JAVA_BYTE, 0, (byte) 1));
      refused(() -> slice.set(JAVA_BYTE, 0, (byte) 1));
      refused(() -> segment.fill((byte) 1));
      refused(() -> segment.copyFrom(MemorySegment.ofArray(new byte[8])));
      refused(() -> JAVA_INT.varHandle().compareAndSet(segment, 0L, 0, 1));
      assertThatThrownBy(() -> segment.asByteBuffer().put((byte) 1))
          .isInstanceOf(ReadOnlyBufferException.class);
      assertThatThrownBy(() -> channel.read(segment.asByteBuffer()))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(segment.mismatch(MemorySegment.ofArray(CONTENT))).isEqualTo(-1);
    }
    assertThat(Files.readAllBytes(file)).isEqualTo(CONTENT);
  }

  /** JDK 22 and 23 say it by another exception than later ones. */
  private static void refused(Runnable write) {
    assertThatThrownBy(write::run)
        .isInstanceOfAny(IllegalArgumentException.class, UnsupportedOperationException.class);
  }

  @Test
  void aPrivateMappingKeepsItsWritesFromTheFile() throws Exception {
    Path file = TestFiles.of(directory, CONTENT);
    try (Mapping mapping = Mapping.map(file, Mapping.Mode.PRIVATE)) {
      Segments.of(mapping).fill((byte) 1);
      assertThat(mapping.buffer().get(SIZE - 1)).isEqualTo((byte) 1);
    }
    assertThat(Files.readAllBytes(file)).isEqualTo(CONTENT);
  }

  @Test
  void aMappingsSegmentIsARealMappedOne() throws Exception {
    Path file = TestFiles.of(directory, CONTENT);
    try (Mapping mapping = Mapping.map(file, Mapping.Mode.READ_WRITE)) {
      MemorySegment segment = Segments.of(mapping);
      segment.unload();
      segment.load();
      assertThat(segment.isLoaded()).isTrue();
      segment.set(JAVA_BYTE, 5, (byte) (CONTENT[5] ^ 1));
      segment.force();
      segment.asSlice(4096, 100).force();
      assertThat(segment.asByteBuffer()).isInstanceOf(MappedByteBuffer.class);
      ((MappedByteBuffer) segment.asSlice(10).asByteBuffer()).force();
    }
    assertThat(Files.readAllBytes(file)[5]).isEqualTo((byte) (CONTENT[5] ^ 1));
    try (Region region = Region.allocate(64)) {
      assertThatThrownBy(() -> Segments.of(region).force())
          .isInstanceOf(UnsupportedOperationException.class);
    }
  }

  @Test
  void aMappingBeginsWhereItWasAskedTo() throws Exception {
    Path file = TestFiles.of(directory, CONTENT);
    try (Mapping mapping =
        Mapping.map(file, Mapping.Mode.READ_ONLY, 5001, 70_000, Mapping.Options.NONE)) {
      MemorySegment segment = Segments.of(mapping);
      segment.load();
      segment.asSlice(3).force();
      MemorySegment expected = MemorySegment.ofArray(CONTENT).asSlice(5001, 70_000);
      assertThat(segment.mismatch(expected)).isEqualTo(-1);
    }
  }

  @Test
  void aTruncatedFileIsAnErrorAndTheJvmLives() throws Exception {
    Path file = TestFiles.of(directory, CONTENT);
    try (Mapping mapping = Mapping.map(file, Mapping.Mode.READ_WRITE);
        FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
        Ends.Pair pair = Ends.UNIX.open()) {
      MemorySegment segment = Segments.of(mapping);
      channel.truncate(4096);
      lost(() -> sum(segment));
      lost(() -> segment.set(JAVA_BYTE, 9000, (byte) 1));
      lost(() -> MemorySegment.copy(segment, 8192, MemorySegment.ofArray(new byte[9]), 0, 9));
      lost(() -> segment.asByteBuffer().getLong(8192));
      assertThatThrownBy(() -> channel.write(segment.asSlice(8192).asByteBuffer()))
          .isInstanceOf(IOException.class);
      assertThatThrownBy(
              () -> Transfer.from(segment.asSlice(8192).asByteBuffer()).to(pair.writer).transfer())
          .isInstanceOf(LostPageException.class)
          .hasMessageContaining("offset 8192");
      mapping.force();
      assertThat(segment.get(JAVA_BYTE, 4095)).isEqualTo(CONTENT[4095]);
    }
  }

  private static long sum(MemorySegment segment) {
    long sum = 0;
    for (long i = 0; i < segment.byteSize(); i++) {
      sum += segment.get(JAVA_BYTE, i);
    }
    return sum;
  }

  private static void lost(Runnable access) {
    assertThatThrownBy(access::run).isInstanceOf(InternalError.class);
  }

  @Test
  void aDamagedMappingIsDamagedThroughItsSegmentToo() throws Exception {
    Path file = TestFiles.of(directory, CONTENT);
    Mapping mapping = Mapping.map(file, Mapping.Mode.READ_WRITE);
    MemorySegment segment = Segments.of(mapping);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
        Ends.Pair pair = Ends.UNIX.open()) {
      channel.truncate(4096);
      new CRC32().update(segment.asSlice(8192, 100).asByteBuffer()); // native code of the JDK
      ByteBuffer all = segment.asByteBuffer();
      assertThatThrownBy(() -> Transfer.from(all).to(pair.writer).transfer())
          .isInstanceOf(DamagedMappingException.class);
    }
    assertThatThrownBy(mapping::close).hasCauseInstanceOf(DamagedMappingException.class);
    assertThatThrownBy(() -> segment.get(JAVA_BYTE, 0)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void buffersOfASegmentAreNotFreedByHand() throws Exception {
    try (Viewed memory = Viewed.Kind.REGION.open(directory, SIZE)) {
      assertThatThrownBy(() -> DirectBuffers.free(memory.segment.asByteBuffer()))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(memory.isOpen()).isTrue();
    }
  }

  @Test
  void nullIsRefused() {
    assertThatThrownBy(() -> Segments.of((Region) null)).isInstanceOf(NullPointerException.class);
    assertThatThrownBy(() -> Segments.of((Mapping) null)).isInstanceOf(NullPointerException.class);
  }
}

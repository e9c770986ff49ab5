// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.znio.Mapping.Advice;
import io.znio.Mapping.Mode;
import io.znio.Mapping.Options;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Mapped files with an owner: their buffers, their options, their close, and lost pages. */
@Tag(Levels.EVERY)
@ExtendWith(Leaks.class)
@SuppressWarnings("try") // things are closed in the middle of their blocks: that is the subject
class MappingTest {
  private static final int SIZE = 100_000;
  private static final byte[] CONTENT = TestFiles.bytes(SIZE);

  @TempDir Path directory;

  private Path file() throws IOException {
    return Files.write(directory.resolve("file"), CONTENT);
  }

  private static boolean isMapped(Path file) throws IOException {
    return Files.readString(Path.of("/proc/self/maps")).contains(file.toString());
  }

  @Test
  void aBufferIsARealMappedByteBuffer() throws Exception {
    Path file = file();
    try (Mapping mapping = Mapping.map(file, Mode.READ_WRITE)) {
      MappedByteBuffer buffer = mapping.buffer();
      assertThat(buffer.load().isLoaded()).isTrue();
      buffer.put(5, (byte) (CONTENT[5] ^ 1));
      buffer.force();
      buffer.force(0, 10);
      assertThat(buffer.slice(5, 10).get(0)).isEqualTo((byte) (CONTENT[5] ^ 1));
      mapping.force(4096, 100);
      mapping.load(0, SIZE);
      assertThat(mapping.residency(5000, 10_000).cardinality()).isEqualTo(3);
      mapping.advise(0, SIZE, Advice.RANDOM);
    }
    assertThat(Files.readAllBytes(file)[5]).isEqualTo((byte) (CONTENT[5] ^ 1));
  }

  @Test
  void closeUnmapsBeforeItReturns() throws Exception {
    Path file = file();
    Mapping mapping = Mapping.map(file, Mode.READ_ONLY);
    ByteBuffer view = mapping.buffer().slice(10, 100);
    assertThat(isMapped(file)).isTrue();
    mapping.close();
    assertThat(isMapped(file)).isFalse();
    if (SafetyLevel.IS_CHECKED) {
      assertThatThrownBy(() -> view.get(0)).isInstanceOf(IllegalStateException.class);
    } else if (SafetyLevel.CURRENT == SafetyLevel.TRACKED) { // below it the JVM would end
      // HotSpot throws when the thread next enters the JVM, which may be long after the access.
      assertThatThrownBy(
              () -> {
                view.get(0);
                LostPageMain.awaitError();
              })
          .isInstanceOf(InternalError.class);
    }
    assertThatThrownBy(mapping::buffer).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(mapping::force).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> mapping.residency(0, 1)).isInstanceOf(IllegalStateException.class);
    mapping.close();
    Reference.reachabilityFence(view);
  }

  @Test
  void addressesAreGivenBackWhenNoViewIsLeft() throws Exception {
    long[] kept = new long[2];
    Native.mappingKept(kept);
    long before = kept[0];
    Path file = file();
    for (int i = 0; i < 20; i++) {
      Mapping mapping = Mapping.map(file, Mode.READ_ONLY);
      assertThat(mapping.buffer().get(7)).isEqualTo(CONTENT[7]);
      mapping.close();
    }
    Await.until(
        "all ranges are released",
        () -> {
          System.gc();
          Native.mappingKept(kept);
          return kept[0] <= before;
        });
  }

  @Test
  void aMappingNobodyHasSeenIsReleasedByClose() throws Exception {
    long[] before = new long[2];
    Native.mappingKept(before);
    Mapping.map(file(), Mode.READ_ONLY).close();
    long[] after = new long[2];
    Native.mappingKept(after);
    assertThat(after[0]).isLessThanOrEqualTo(before[0]);
  }

  @Test
  void aDroppedMappingIsUnmappedAndReported() throws Exception {
    Path file = file();
    int before = Ledger.leaks().size();
    long mappings = Ledger.totals().mappings();
    assertThat(Mapping.map(file, Mode.READ_ONLY).buffer().get(3)).isEqualTo(CONTENT[3]);
    Await.until(
        "the leak is found",
        () -> {
          System.gc();
          return Ledger.leaks().size() > before;
        });
    Ledger.Leak leak = Ledger.leaks().get(Ledger.leaks().size() - 1);
    assertThat(leak.kind()).isEqualTo(Ledger.Kind.MAPPING);
    assertThat(leak.size()).isEqualTo(SIZE);
    assertThat(leak.site()).contains("aDroppedMappingIsUnmappedAndReported");
    Await.until(
        "it is unmapped, and the ledger knows",
        () -> !isMappedUnchecked(file) && Ledger.totals().mappings() == mappings);
  }

  private static boolean isMappedUnchecked(Path file) {
    try {
      return isMapped(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void optionsReachTheKernel() throws Exception {
    Path file = file();
    try (Mapping mapping =
        Mapping.map(file, Mode.READ_WRITE, 0, 1 << 20, Options.NONE.preallocate().populate())) {
      assertThat(Files.size(file)).isEqualTo(1 << 20);
      assertThat(mapping.residentPages()).isEqualTo(256);
    }
    Path sparse = Files.createFile(directory.resolve("sparse"));
    long large = (1L << 31) + 4096;
    Options extend = Options.NONE.extend().advice(Advice.SEQUENTIAL);
    try (Mapping mapping = Mapping.map(sparse, Mode.READ_WRITE, 0, large, extend)) {
      assertThat(Files.size(sparse)).isEqualTo(large);
      assertThatThrownBy(mapping::buffer)
          .isInstanceOf(UnsupportedOperationException.class)
          .hasMessageContaining("slice");
      mapping.slice(large - 8, 8).putLong(0, 42);
      assertThat(mapping.slice(large - 16, 16).getLong(8)).isEqualTo(42);
      assertThatThrownBy(() -> mapping.slice(large, 1))
          .isInstanceOf(IndexOutOfBoundsException.class);
    }
    try (Mapping mapping = Mapping.anonymous(8192, Options.NONE.lock().huge())) {
      assertThat(mapping.residentPages()).isEqualTo(2);
    }
    assertThatThrownBy(
            () -> Mapping.map(file, Mode.READ_ONLY, 2 << 20, 4096, Options.NONE.populate()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(file.toString());
  }

  @Test
  void aTruncatedFileIsAnExceptionAndTheJvmLives() throws Exception {
    Path file = file();
    try (Mapping mapping = Mapping.map(file, Mode.READ_WRITE);
        FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
        Ends.Pair pair = Ends.UNIX.open()) {
      ByteBuffer buffer = mapping.buffer();
      channel.truncate(4096);
      assertThatThrownBy(() -> sum(buffer)).isInstanceOf(InternalError.class);
      mapping.force();
    }
  }

  /** A transfer says which page it could not have, moves what lies before, and damages nothing. */
  @Test
  void aTransferNamesTheLostPage() throws Exception {
    Path file = file();
    Path other = TestFiles.of(directory, CONTENT);
    try (Mapping mapping = Mapping.map(file, Mode.READ_WRITE);
        FileChannel channel =
            FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
        FileChannel source = FileChannel.open(other);
        Ends.Pair pair = Ends.UNIX.open()) {
      MappedByteBuffer buffer = mapping.buffer();
      channel.truncate(8192);
      assertLost(() -> Transfer.from(mapping, 8192).to(pair.writer).transfer(), file, 8192);
      assertLost(
          () -> Transfer.from(buffer.slice(20_000, 100)).to(pair.writer).transfer(), file, 16384);
      assertLost(() -> Transfer.from(source, 0).to(buffer.slice(9000, 10)).transfer(), file, 8192);
      FileRegion[] regions = {new FileRegion(source, 0, 10)};
      ByteBuffer header = buffer.slice(8190, 10);
      assertLost(() -> Transfer.transferRegions(regions, header, pair.writer), file, 8192);
      assertThat(header.position()).isZero();
      Receipt receipt = Transfer.from(buffer).to(directory.resolve("copy")).transferWithReceipt();
      assertThat(receipt.bytes()).isBetween(1L, 8192L);
      assertThat(receipt.shortReason()).contains("offset 8192", file.toString(), "ZN_ELOST");
      mapping.force();
      channel.write(ByteBuffer.wrap(CONTENT), 0);
      assertThat(Transfer.from(mapping, 8192).to(pair.writer).transfer()).isPositive();
    }
  }

  private static void assertLost(ThrowingCallable transfer, Path file, long offset) {
    assertThatThrownBy(transfer)
        .isExactlyInstanceOf(LostPageException.class)
        .hasMessageContaining("offset " + offset)
        .hasMessageContaining(file.toString())
        .satisfies(
            thrown -> {
              LostPageException lost = (LostPageException) thrown;
              assertThat(lost.file()).isEqualTo(file.toString());
              assertThat(lost.offset()).isEqualTo(offset);
            });
  }

  /** The same with a mapping of the JDK: the kernel's own error, and no crash. */
  @Test
  void aHeaderInATruncatedMappingOfTheJdkIsAnError() throws Exception {
    Path file = file();
    try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
        Ends.Pair pair = Ends.UNIX.open()) {
      ByteBuffer header = channel.map(FileChannel.MapMode.READ_ONLY, 0, SIZE).slice(8190, 10);
      channel.truncate(8192);
      FileRegion[] regions = {new FileRegion(channel, 0, 10)};
      assertThatThrownBy(() -> Transfer.transferRegions(regions, header, pair.writer))
          .isInstanceOf(TransferException.class)
          .hasMessageContaining("EFAULT");
    }
  }

  private static long sum(ByteBuffer buffer) {
    long sum = 0;
    for (int i = 0; i < buffer.capacity(); i++) {
      sum += buffer.get(i);
    }
    return sum;
  }

  @Test
  void aRescueByAPageDamagesTheMapping() throws Exception {
    Path file = file();
    Mapping mapping = Mapping.map(file, Mode.READ_WRITE);
    MappedByteBuffer buffer = mapping.buffer();
    try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE);
        Ends.Pair pair = Ends.UNIX.open()) {
      channel.truncate(4096);
      java.util.zip.CRC32 crc = new java.util.zip.CRC32();
      crc.update(buffer.slice(8192, 100)); // native code of the JDK touches the lost page
      channel.write(ByteBuffer.wrap(CONTENT), 0); // as long as before
      assertThatThrownBy(mapping::force)
          .isInstanceOf(DamagedMappingException.class)
          .hasMessageContaining(file.toString())
          .hasMessageContaining("offset 8192");
      assertThatThrownBy(() -> Transfer.from(mapping, 8192).to(pair.writer).transfer())
          .isInstanceOf(DamagedMappingException.class);
      assertThatThrownBy(() -> Transfer.from(buffer).to(pair.writer).transfer())
          .isInstanceOf(DamagedMappingException.class);
      assertThatThrownBy(() -> Transfer.from(channel, 0).to(buffer).transfer())
          .isInstanceOf(DamagedMappingException.class)
          .hasMessageContaining(file.toString());
      FileRegion[] regions = {new FileRegion(channel, 0, 10)};
      ByteBuffer header = buffer.slice(0, 10);
      assertThatThrownBy(() -> Transfer.transferRegions(regions, header, pair.writer))
          .isInstanceOf(DamagedMappingException.class);
      assertThatThrownBy(() -> mapping.residency(0, 1)).isInstanceOf(DamagedMappingException.class);
      assertThatThrownBy(mapping::residentPages).isInstanceOf(DamagedMappingException.class);
      assertThatThrownBy(() -> mapping.load(0, 1)).isInstanceOf(DamagedMappingException.class);
      assertThatThrownBy(() -> mapping.advise(0, 1, Advice.NORMAL))
          .isInstanceOf(DamagedMappingException.class);
      assertThatThrownBy(mapping::close)
          .isInstanceOf(UncheckedIOException.class)
          .hasCauseInstanceOf(DamagedMappingException.class);
      assertThat(mapping.isOpen()).isFalse();
    }
    assertThat(isMapped(file)).isFalse();
    mapping.close();
  }

  @Test
  void freeDoesNotTakeMappings() throws Exception {
    try (Mapping mapping = Mapping.anonymous(4096)) {
      assertThatThrownBy(() -> DirectBuffers.free(mapping.buffer()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("Mapping");
    }
  }
}

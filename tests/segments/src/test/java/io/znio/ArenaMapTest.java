// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.nio.channels.FileChannel.MapMode.READ_ONLY;
import static java.nio.channels.FileChannel.MapMode.READ_WRITE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/*
 * One class for each channel, because a nested one is not counted in the reports of the tests.
 */

class ArenaMapOfJdkTest extends ArenaMapContract {
  ArenaMapOfJdkTest() {
    super(FileChannels.JDK);
  }
}

class ArenaMapOfZnioTest extends ArenaMapContract {
  ArenaMapOfZnioTest() {
    super(FileChannels.ZNIO);
  }
}

/** What a mapping of our channel into an arena has besides: the ledger, and damage is told. */
@ExtendWith(Leaks.class)
class ArenaMapTest {
  private static final int SIZE = 65_433;

  private final byte[] content = TestFiles.bytes(SIZE);

  @TempDir Path directory;

  private MemorySegment map(Arena arena) throws IOException {
    try (FileChannel channel =
        NativeFileChannel.open(TestFiles.of(directory, content), READ, WRITE)) {
      return channel.map(READ_WRITE, 0, SIZE, arena);
    }
  }

  private static int live() {
    int[] found = new int[1];
    Ledger.live(entry -> found[0] += entry.size() == SIZE ? 1 : 0);
    return found[0];
  }

  private static boolean isLeaked() {
    return Ledger.leaks().stream().anyMatch(leak -> leak.size() == SIZE);
  }

  @Test
  void theLedgerKnowsIt() throws IOException {
    long before = Ledger.limits().mappedLive();
    try (Arena arena = Arena.ofShared()) {
      map(arena);
      map(arena);
      assertThat(live()).isEqualTo(2);
      assertThat(Ledger.limits().mappedLive()).isEqualTo(before + 2 * SIZE);
    }
    assertThat(live()).isZero();
    assertThat(isLeaked()).isFalse();
    assertThat(Ledger.limits().mappedLive()).isEqualTo(before);
  }

  @Test
  void whatTheCollectorEndsIsNoLeak() throws IOException {
    map(Arena.ofAuto());
    Await.until(
        "it is unmapped",
        () -> {
          System.gc();
          return live() == 0;
        });
    assertThat(isLeaked()).isFalse();
  }

  /** Native code of others that met a lost page got zeros: whoever closes is told. */
  @Test
  void closingADamagedArenaTells() throws IOException {
    Arena arena = Arena.ofConfined();
    map(arena);
    Path file = TestFiles.of(directory, content);
    MemorySegment damaged;
    try (FileChannel channel = NativeFileChannel.open(file, READ, WRITE)) {
      damaged = channel.map(READ_WRITE, 0, SIZE, arena);
    }
    map(arena);
    try (FileChannel channel = FileChannel.open(file, WRITE)) {
      channel.truncate(4096);
    }
    new CRC32().update(damaged.asByteBuffer());
    assertThatThrownBy(arena::close)
        .isExactlyInstanceOf(UncheckedIOException.class)
        .hasCauseExactlyInstanceOf(DamagedMappingException.class)
        .hasMessageContaining(file.toString());
    assertThat(arena.scope().isAlive()).isFalse();
    assertThat(live()).isZero();
    assertThat(Files.readString(Path.of("/proc/self/maps"))).doesNotContain(file.toString());
  }

  @Test
  void theClassIsOurs() throws IOException {
    try (FileChannel channel = NativeFileChannel.open(TestFiles.of(directory, content))) {
      assertThat(channel).isInstanceOf(NativeFileChannel.class);
      assertThat(channel.getClass().getModule()).isEqualTo(NativeFileChannel.class.getModule());
      assertThat(channel.getClass().getPackageName()).isEqualTo("io.znio");
    }
  }
}

/** Without a look for leaks: it makes one. */
class DroppedArenaTest {
  private static final int SIZE = 43_210;

  private final byte[] content = TestFiles.bytes(SIZE);

  @TempDir Path directory;

  /** The JDK keeps such memory for ever, and somebody may have its address. */
  @Test
  void anArenaThatWasDroppedIsALeakThatStays() throws IOException {
    long address = mapAndDrop();
    Await.until(
        "the leak is found",
        () -> {
          System.gc();
          return Ledger.leaks().stream().anyMatch(leak -> leak.address() == address);
        });
    MemorySegment bare = MemorySegment.ofAddress(address).reinterpret(SIZE);
    assertThat(bare.get(JAVA_BYTE, 7)).isEqualTo(content[7]);
  }

  private long mapAndDrop() throws IOException {
    try (FileChannel channel = NativeFileChannel.open(TestFiles.of(directory, content), READ)) {
      return channel.map(READ_ONLY, 0, SIZE, Arena.ofConfined()).address();
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import io.znio.bench.Allocator;
import io.znio.bench.SkippedException;
import io.znio.bench.TransferSeries;
import io.znio.bench.TransferWork;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A benchmark whose bytes are wrong has no result. */
@Timeout(120)
class VerificationTest {
  private static final int SIZE = 4096;
  private static final int SLOTS = 50;

  @TempDir Path scratch;
  private Path file;

  @BeforeEach
  void makeFile() throws Exception {
    file = scratch.resolve("source");
    byte[] bytes = new byte[SLOTS * SIZE];
    new Random(11).nextBytes(bytes);
    Files.write(file, bytes);
  }

  private TransferWork work(String source, String target, boolean flip) {
    return new TransferWork(source, target, file, scratch, SIZE, flip);
  }

  private interface Maker {
    TransferSeries series(TransferWork work) throws Exception;
  }

  /** Right bytes pass, twice in a row, and one wrong bit does not. */
  private void check(Maker maker, String source, String target, int moves) throws Exception {
    try (TransferSeries series = maker.series(work(source, target, false))) {
      for (int round = 0; round < 2; round++) {
        series.begin();
        series.move(moves);
        series.move(1);
        series.end();
      }
    } catch (SkippedException e) {
      abort(e.getMessage());
    }
    try (TransferSeries series = maker.series(work(source, target, true))) {
      series.begin();
      series.move(moves);
      assertThatThrownBy(series::end).isInstanceOf(IllegalStateException.class);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "jdk, tcp",
    "jdk-heap, pipe",
    "jdk-direct, file",
    "znio, unix",
    "znio-channel, file",
    "netty-epoll, tcp",
    "netty-epoll, unix",
    "netty-io_uring, tcp",
    "netty-io_uring, unix",
    "one-nio, tcp",
    "one-nio, unix",
    "c, pipe",
  })
  void transfersToAreVerified(String by, String to) throws Exception {
    check(work -> TransferTo.series(by, work), "file", to, 3 * SLOTS + 7);
  }

  @ParameterizedTest
  @CsvSource({
    "jdk, tcp",
    "jdk-heap, unix",
    "jdk-direct, pipe",
    "znio, tcp",
    "znio-channel, pipe",
    "netty-epoll, tcp",
    "netty-epoll, unix",
    "c, tcp",
  })
  void transfersFromAreVerified(String by, String from) throws Exception {
    check(work -> TransferFrom.series(by, work), from, "file", 3 * SLOTS + 7);
  }

  @ParameterizedTest
  @CsvSource({
    "jdk, one",
    "jdk, each",
    "jdk-mapped, one",
    "jdk-mapped, each",
    "znio, one",
    "znio, each",
    "znio-header-file, one",
    "znio-header-file, each",
    "netty-epoll, one",
    "netty-epoll, each",
    "netty-io_uring, each",
  })
  void regionsAreVerified(String by, String headers) throws Exception {
    check(
        work -> {
          Regions.Batches benchmark = new Regions.Batches();
          benchmark.by = by;
          benchmark.headers = headers;
          return benchmark.series(work);
        },
        "file",
        "tcp",
        18); // more than there are batches
  }

  @ParameterizedTest
  @CsvSource({
    "jdk, direct",
    "jdk, heap",
    "znio-channel, direct",
    "znio-channel, heap",
    "jdk-map, direct",
    "jdk-map, heap",
    "znio-map, direct",
    "znio-map, heap",
    "agrona, direct",
    "agrona, heap",
    "one-nio, direct",
    "one-nio, heap",
  })
  void readsAreVerified(String by, String buffer) throws Exception {
    PositionalRead benchmark = new PositionalRead();
    benchmark.by = by;
    benchmark.buffer = buffer;
    benchmark.size = 64;
    for (boolean flip : new boolean[] {false, true}) {
      benchmark.open(file, flip);
      benchmark.begin();
      for (int i = 0; i < 5000; i++) {
        benchmark.read();
      }
      if (flip) {
        assertThatThrownBy(benchmark::verify).hasMessageContaining("5000 reads of 64 bytes");
      } else {
        benchmark.verify();
      }
      benchmark.close();
    }
  }

  @Test
  void filesOfRegionsAreDeleted() throws Exception {
    RegionBatches batches = new RegionBatches(work("file", "tcp", false), true);
    assertThat(Files.size(batches.work().file())).isEqualTo(16 * 1000 * (4096L + 16));
    batches.delete();
    try (Stream<Path> left = Files.list(scratch)) {
      assertThat(left).containsExactly(file);
    }
  }

  /** Gives heap memory, which changes under its readers when something is freed. */
  private static final class Treacherous implements Allocator<ByteBuffer> {
    final CountDownLatch changed = new CountDownLatch(1);
    private volatile ByteBuffer first;

    @Override
    public ByteBuffer allocate(int size) {
      ByteBuffer buffer = ByteBuffer.allocate(size);
      if (first == null) {
        first = buffer;
      }
      return buffer;
    }

    @Override
    public ByteBuffer buffer(ByteBuffer held) {
      return held;
    }

    @Override
    public void free(ByteBuffer held) {
      first.put(0, (byte) 77);
      changed.countDown();
    }
  }

  @Test
  void aReaderWhoseMemoryChangesIsHeard() throws Exception {
    Treacherous memory = new Treacherous();
    var closing = new CloseUnderLoad.Closing<>(FileChannel.open(file), memory, false);
    closing.start(1);
    closing.verify();
    closing.fill();
    closing.close();
    memory.changed.await();
    closing.awaitReaders(); // the one that there is ends by itself
    assertThatThrownBy(closing::verify).hasMessageContaining("own memory has changed");
    closing.stop();
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.bench.TransferWork;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Random;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Reads from random places of a file of 64 MiB, which is in the page cache, into a heap or a direct
 * buffer: by {@code FileChannel.read(buffer, position)}, or copied out of a mapping that is kept.
 * Places are multiples of the size; a direct buffer begins on a page, since some processors copy
 * from the page cache at a tenth of their speed to addresses just behind one.
 *
 * <p>Every buffer's first and last byte are added up, and the sum must be the file's.
 */
@State(Scope.Thread)
public class PositionalRead extends Comparison {
  private static final int PLACES = 4096;
  private static final int PAGE = 4096;
  private static final long SEED = 5;

  @Param({"jdk", "znio-channel", "jdk-map", "znio-map", "agrona", "one-nio"})
  public String by;

  @Param({"direct", "heap"})
  public String buffer;

  @Param({"64", "4096", "65536"})
  public int size;

  private final int[] places = new int[PLACES];

  /** Sums of the first so many places. */
  private final long[] sums = new long[PLACES + 1];

  private PositionalReaders.Reader reader;
  private ByteBuffer into;
  private long reads;
  private long sum;

  @Setup
  public void open() throws IOException {
    TransferWork work = TransferWork.of("file", "file", size);
    open(work.file(), work.flip());
  }

  /** Opens; with flip the sum of another file is expected. */
  final void open(Path file, boolean flip) throws IOException {
    into =
        buffer.equals("heap")
            ? ByteBuffer.allocate(size)
            : ByteBuffer.allocateDirect(size + 2 * PAGE).alignedSlice(PAGE).slice(0, size);
    reader = PositionalReaders.open(by, file, into);
    Random random = new Random(SEED);
    try (FileChannel channel = FileChannel.open(file)) {
      int slots = (int) Math.min(channel.size() / size, Integer.MAX_VALUE / size);
      ByteBuffer one = ByteBuffer.allocate(1);
      for (int i = 0; i < PLACES; i++) {
        places[i] = random.nextInt(slots) * size;
        sums[i + 1] = sums[i] + at(channel, one, places[i]);
        sums[i + 1] += at(channel, one, places[i] + size - 1) ^ (flip && i == 0 ? 1 : 0);
      }
    }
  }

  private static byte at(FileChannel channel, ByteBuffer one, int place) throws IOException {
    channel.read(one.clear(), place);
    return one.get(0);
  }

  @Setup(Level.Iteration)
  public void begin() {
    reads = 0;
    sum = 0;
  }

  @Benchmark
  public void read() throws IOException {
    reader.read(places[(int) (reads++ % PLACES)]);
    sum += into.get(0) + into.get(size - 1);
  }

  @TearDown(Level.Iteration)
  public void verify() {
    long expected = reads / PLACES * sums[PLACES] + sums[(int) (reads % PLACES)];
    if (sum != expected) {
      throw new IllegalStateException(
          reads + " reads of " + size + " bytes did not give what the file holds");
    }
  }

  @TearDown
  public void close() throws IOException {
    reader.close();
  }
}

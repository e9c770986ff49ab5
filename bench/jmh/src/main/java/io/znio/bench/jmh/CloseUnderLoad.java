// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.bench.Allocator;
import io.znio.bench.Allocators;
import io.znio.bench.MapAllocators;
import io.znio.bench.SkippedException;
import io.znio.bench.TransferWork;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Ends buffers or mappings, of 64 KiB and touched, while other threads read from others of the same
 * kind without a pause; the time is that of one end. Getting them is not in it.
 *
 * <p>What a call has to do with the readers differs: {@code jdk} (Unsafe.invokeCleaner) asks
 * nobody, and who still reads what was ended reads other memory or crashes; {@code arena-shared}
 * stops each thread once for each close; {@code znio-checked} does that once for many. Ending a
 * mapping makes the kernel interrupt the processors that read by the same page tables, whoever asks
 * for it.
 */
@State(Scope.Benchmark)
public class CloseUnderLoad extends Comparison {
  static final int COUNT = 64;
  private static final int SIZE = 1 << 16;
  private static final int PAGE = 4096;
  private static final long END_MS = 10_000;

  @Param({"jdk", "znio-unchecked", "znio-tracked", "znio-checked", "arena-shared"})
  public String by;

  @Param({"buffer", "mapping"})
  public String what;

  @Param({"0", "2"})
  public int readers;

  private Closing<?> closing;

  @Setup
  public void start() throws Exception {
    TransferWork work = TransferWork.of("file", "file", SIZE);
    if (Levels.isZnio(by)) {
      Levels.choose(by);
    }
    FileChannel file = FileChannel.open(work.file());
    closing = new Closing<>(file, allocator(file), what.equals("mapping"));
    closing.start(readers);
  }

  private Allocator<?> allocator(FileChannel file) throws SkippedException {
    String impl = by.equals("jdk") ? "jdk-clean" : Levels.isZnio(by) ? "znio" : by;
    return what.equals("mapping") ? MapAllocators.of(impl, file) : Allocators.of(impl, true);
  }

  @Setup(Level.Invocation)
  public void fill() {
    closing.fill();
  }

  @Benchmark
  @OperationsPerInvocation(COUNT)
  public void close() {
    closing.close();
  }

  @TearDown(Level.Iteration)
  public void verify() {
    closing.verify();
  }

  @TearDown
  public void stop() throws Exception {
    closing.stop();
  }

  /** One kind of memory, its readers, and what is ended next. */
  static final class Closing<H> {
    private final FileChannel file;
    private final Allocator<H> from;
    private final boolean isMapping;
    private final List<H> held = new ArrayList<>(COUNT);
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean stopped;
    private volatile Throwable failure;

    Closing(FileChannel file, Allocator<H> from, boolean isMapping) {
      this.file = file;
      this.from = from;
      this.isMapping = isMapping;
    }

    /** Starts readers, each with memory of its own, and waits until all read. */
    void start(int count) throws InterruptedException {
      CountDownLatch reading = new CountDownLatch(count);
      for (int i = 0; i < count; i++) {
        Thread thread = new Thread(() -> read(reading), "reader " + i);
        thread.setDaemon(true);
        thread.start();
        threads.add(thread);
      }
      reading.await();
    }

    private H touched() {
      H one = from.allocate(SIZE);
      for (int at = 0; at < SIZE; at += PAGE) {
        if (!isMapping) {
          from.put(one, at, (byte) (at >> 12 | 1));
        }
        from.get(one, at);
      }
      return one;
    }

    private void read(CountDownLatch reading) {
      try {
        H mine = touched();
        long expected = sum(from.buffer(mine));
        reading.countDown();
        while (!stopped) {
          if (sum(from.buffer(mine)) != expected) {
            throw new IllegalStateException("a reader's own memory has changed");
          }
        }
        from.free(mine);
      } catch (Throwable t) {
        failure = t;
        reading.countDown();
      }
    }

    private static long sum(ByteBuffer buffer) {
      long sum = 0;
      for (int at = 0; at < SIZE; at += Long.BYTES) {
        sum += buffer.getLong(at);
      }
      return sum;
    }

    void fill() {
      for (int i = 0; i < COUNT; i++) {
        held.add(touched());
      }
    }

    void close() {
      for (int i = 0; i < COUNT; i++) {
        from.free(held.get(i));
      }
      held.clear();
    }

    /** Fails if a reader has. */
    void verify() {
      if (failure != null) {
        throw new IllegalStateException("a reader has failed: " + failure, failure);
      }
    }

    void stop() throws IOException, InterruptedException {
      stopped = true;
      awaitReaders();
      file.close();
    }

    /** Waits until all readers have ended. */
    void awaitReaders() throws InterruptedException {
      for (Thread thread : threads) {
        thread.join(END_MS);
        if (thread.isAlive()) {
          throw new IllegalStateException(thread.getName() + " does not end");
        }
      }
    }
  }
}

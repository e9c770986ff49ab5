// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * One thread allocates and writes, another reads and frees. Buffers travel in batches, so that what
 * the hand-over costs is little beside the rest; both threads work at the same time, and the time
 * is that of the slower one.
 */
public final class CrossThreadLoop<H> extends MemoryLoop<H> {
  private static final int BATCHES = 4;
  private static final int BATCH_MAX = 1024;
  private static final long BATCH_BYTES_MAX = 16 * Sizes.MIB;
  private static final long WAIT_SECONDS = 30;

  /** Held objects, {@code count} of them, the first one made as number {@code from}. */
  private static final class Batch {
    final Object[] held;
    long from;
    int count;

    Batch(int length) {
      held = new Object[length];
    }
  }

  private final ExecutorService threads;
  private final BlockingQueue<Batch> full = new ArrayBlockingQueue<>(BATCHES);
  private final BlockingQueue<Batch> empty = new ArrayBlockingQueue<>(BATCHES);
  private final int batchLength;

  CrossThreadLoop(Allocator<H> allocator, MemoryPlan plan, ExecutorService threads) {
    this(allocator, plan.size(), plan.flip() ? 1 : 0, threads);
  }

  private CrossThreadLoop(Allocator<H> allocator, int size, int flip, ExecutorService threads) {
    super(allocator, size, flip);
    this.threads = threads;
    this.batchLength = (int) Math.max(1, Math.min(BATCH_MAX, BATCH_BYTES_MAX / size));
  }

  /**
   * A loop that is ready to run.
   *
   * @param size bytes of a buffer
   * @param threads where the other thread comes from
   */
  public static <H> CrossThreadLoop<H> of(
      Allocator<H> allocator, int size, ExecutorService threads) {
    CrossThreadLoop<H> loop = new CrossThreadLoop<>(allocator, size, 0, threads);
    loop.prepare();
    return loop;
  }

  /** Buffers that did not hold, in the other thread, what was written in this one. */
  public long wrong() {
    return wrong;
  }

  @Override
  void prepare() {
    for (int i = 0; i < BATCHES; i++) {
      empty.add(new Batch(batchLength));
    }
  }

  /** Allocates that many here, frees them there, and returns when all are freed. */
  @Override
  public void run(long count) throws Exception {
    Future<Long> partner = threads.submit(() -> freeAll(count));
    try {
      for (long from = 0; from < count; from += batchLength) {
        Batch batch = take(empty);
        batch.from = from;
        batch.count = (int) Math.min(batchLength, count - from);
        fill(batch);
        full.add(batch);
      }
      made += count;
      wrong += partner.get(WAIT_SECONDS, TimeUnit.SECONDS);
    } finally {
      partner.cancel(true);
    }
  }

  private long freeAll(long count) throws Exception {
    long different = 0;
    for (long freed = 0; freed < count; ) {
      Batch batch = take(full);
      different += drain(batch);
      freed += batch.count;
      empty.add(batch);
    }
    return different;
  }

  private static Batch take(BlockingQueue<Batch> queue) throws Exception {
    Batch batch = queue.poll(WAIT_SECONDS, TimeUnit.SECONDS);
    if (batch == null) {
      throw new IOException("the other thread has given nothing for " + WAIT_SECONDS + " s");
    }
    return batch;
  }

  private void fill(Batch batch) {
    for (int i = 0; i < batch.count; i++) {
      H held = allocator.allocate(size);
      write(held, batch.from + i);
      batch.held[i] = held;
    }
  }

  @SuppressWarnings("unchecked") // put there by fill
  private long drain(Batch batch) {
    long different = 0;
    for (int i = 0; i < batch.count; i++) {
      H held = (H) batch.held[i];
      batch.held[i] = null;
      different += difference(held, batch.from + i) == 0 ? 0 : 1;
      allocator.free(held);
    }
    return different;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** The command {@code memory}: one measurement of one row in this JVM. */
final class MemoryRun {
  /** They stay for the next measurement: caches of allocators belong to threads. */
  private static final ExecutorService THREADS =
      Executors.newCachedThreadPool(
          task -> {
            Thread thread = new Thread(task, "memory");
            thread.setDaemon(true);
            return thread;
          });

  private static final int PROOFS_MAX = 32;
  private static final long PROOF_BYTES = 4 * Sizes.MIB;
  private static final long DIRT = 0x5a5a5a5a5a5a5a5aL;

  private final MemoryPlan plan;

  MemoryRun(MemoryPlan plan) {
    this.plan = plan;
  }

  /** Runs and answers. */
  ObjectNode run() throws Exception {
    plan.requireLevel();
    if (!plan.isMap()) {
      return plan.op().equals(MemoryRows.LIVE)
          ? new LiveBuffers<>(Allocators.of(plan.impl(), plan.zeroed()), plan).run()
          : measure(Allocators.of(plan.impl(), plan.zeroed()));
    }
    try (FileChannel file = FileChannel.open(sparseFile())) {
      return measure(MapAllocators.of(plan.impl(), file));
    }
  }

  /** A file of holes, but for its first byte; made once for each size. */
  private Path sparseFile() throws IOException {
    Path path = plan.scratch().resolve("sparse-" + plan.size());
    if (!Files.exists(path) || Files.size(path) != plan.size()) {
      try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
        file.write(MemoryLoop.value(0));
        file.setLength(plan.size());
      }
    }
    return path;
  }

  /** Measures one way to get memory. */
  <H> ObjectNode measure(Allocator<H> allocator) throws Exception {
    MemoryLoop<H> loop = loop(allocator);
    Tally tally = Tally.of(plan);
    loop.prepare();
    long begin = System.nanoTime();
    loop.run(plan.count());
    long nanos = System.nanoTime() - begin;
    loop.settle();
    long dirty = plan.zeroed() && !plan.isMap() ? proveZeroes(loop) : 0;
    String problem = tally.problem(loop.made, 0);
    if (loop.wrong > 0) {
      problem = loop.wrong + " buffers did not hold what was written";
    } else if (dirty > 0) {
      problem = dirty + " buffers were not zeroed";
    }
    return answer(plan.count(), problem).put("nanos", nanos);
  }

  private <H> MemoryLoop<H> loop(Allocator<H> allocator) {
    return switch (plan.op()) {
      case MemoryRows.ALLOCATE_FREE ->
          plan.threads() == 1
              ? new MemoryLoop.AllocateFree<>(allocator, plan)
              : new TogetherLoop<>(allocator, plan, THREADS);
      case MemoryRows.RING -> new MemoryLoop.Ring<>(allocator, plan);
      case MemoryRows.CROSS_THREAD -> new CrossThreadLoop<>(allocator, plan, THREADS);
      case MemoryRows.MAP -> new MemoryLoop.Maps<>(allocator, plan);
      default -> throw new IllegalArgumentException("there is no op '" + plan.op() + "'");
    };
  }

  /** Allocates some, which must be zero in every byte, and leaves them dirty for the next. */
  private <H> long proveZeroes(MemoryLoop<H> loop) {
    long proofs = Math.max(2, Math.min(PROOFS_MAX, PROOF_BYTES / plan.size()));
    long dirty = 0;
    for (int i = 0; i < proofs; i++) {
      H held = loop.allocator.allocate(plan.size());
      ByteBuffer buffer = loop.allocator.buffer(held);
      dirty += isZero(buffer) ? 0 : 1;
      loop.allocator.free(held);
    }
    loop.made += proofs;
    return dirty;
  }

  /** Tells, and fills it with something else. */
  private static boolean isZero(ByteBuffer buffer) {
    long found = 0;
    LongBuffer longs = buffer.duplicate().asLongBuffer();
    for (int i = 0; i < longs.capacity(); i++) {
      found |= longs.get(i);
      longs.put(i, DIRT);
    }
    for (int i = longs.capacity() * Long.BYTES; i < buffer.capacity(); i++) {
      found |= buffer.get(i);
      buffer.put(i, (byte) DIRT);
    }
    return found == 0;
  }

  /** What all answers have. */
  static ObjectNode answer(long operations, String problem) {
    ObjectNode answer = Json.object();
    answer.put("ok", true);
    answer.put("operations", operations);
    answer.put("verified", problem == null);
    answer.put("problem", problem);
    return answer;
  }
}

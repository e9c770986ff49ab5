// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * What many live buffers take: of the heap, and of memory outside of it. To be asked once in a JVM
 * whose heap has been touched before.
 */
public final class LiveBuffers<H> {
  /** Allocations before the first look: few, for what they leave behind is used by those after. */
  private static final int WARM_UP = 4_000;

  private final Allocator<H> allocator;
  private final MemoryPlan plan;

  LiveBuffers(Allocator<H> allocator, MemoryPlan plan) {
    this.allocator = allocator;
    this.plan = plan;
  }

  /**
   * What one of many live buffers takes.
   *
   * @param heapBytes of the heap
   * @param nativeBytes of memory outside of it, the buffer's own bytes included
   */
  public record Share(double heapBytes, double nativeBytes) {}

  /**
   * Makes them, looks, and frees them. To be asked once in a JVM whose heap has been touched
   * before.
   *
   * @param size bytes of a buffer
   * @param count how many live at the same time
   */
  public static <H> Share measure(Allocator<H> allocator, int size, int count) throws Exception {
    MemoryPlan plan =
        new MemoryPlan(MemoryRows.LIVE, "any", null, size, true, 1, count, null, false);
    ObjectNode answer = new LiveBuffers<>(allocator, plan).run();
    if (!answer.get("verified").asBoolean()) {
      throw new IllegalStateException(answer.get("problem").asText());
    }
    return new Share(
        answer.get("heap_bytes").asDouble() / count, answer.get("native_bytes").asDouble() / count);
  }

  ObjectNode run() throws Exception {
    MemoryLoop<H> loop = new MemoryLoop.AllocateFree<>(allocator, plan);
    loop.run(WARM_UP);
    Object[] all = new Object[(int) plan.count()];
    ProcMemory memory = new ProcMemory();
    long heap = heapUsed();
    long anonymous = memory.anonymousBytes();
    Tally tally = Tally.of(plan);
    for (int i = 0; i < all.length; i++) {
      H held = allocator.allocate(plan.size());
      loop.write(held, i);
      all[i] = held;
    }
    heap = heapUsed() - heap;
    anonymous = memory.anonymousBytes() - anonymous;
    String problem = tally.problem(all.length, all.length);
    long wrong = loop.wrong + freeAll(all, loop);
    problem = problem == null ? tally.problem(all.length, 0) : problem;
    ObjectNode answer =
        MemoryRun.answer(
            all.length, wrong > 0 ? wrong + " buffers did not hold what was written" : problem);
    answer.put("native_bytes", anonymous);
    return answer.put("heap_bytes", heap);
  }

  @SuppressWarnings("unchecked") // put there by run
  private long freeAll(Object[] all, MemoryLoop<H> loop) {
    long wrong = 0;
    for (int i = 0; i < all.length; i++) {
      H held = (H) all[i];
      wrong += loop.difference(held, i) == 0 ? 0 : 1;
      allocator.free(held);
    }
    return wrong;
  }

  private static long heapUsed() {
    System.gc();
    System.gc(); // what the first one has made unreachable
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }
}

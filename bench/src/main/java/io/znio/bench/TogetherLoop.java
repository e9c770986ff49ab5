// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Several threads run {@link MemoryLoop.AllocateFree} at the same time, each on its own. */
final class TogetherLoop<H> extends MemoryLoop<H> {
  private static final long WAIT_SECONDS = 60;

  private final MemoryPlan plan;
  private final ExecutorService threads;

  TogetherLoop(Allocator<H> allocator, MemoryPlan plan, ExecutorService threads) {
    super(allocator, plan);
    this.plan = plan;
    this.threads = threads;
  }

  @Override
  void run(long count) throws Exception {
    CountDownLatch start = new CountDownLatch(plan.threads());
    List<AllocateFree<H>> loops = new ArrayList<>();
    List<Future<?>> running = new ArrayList<>();
    for (int i = 0; i < plan.threads(); i++) {
      AllocateFree<H> loop = new AllocateFree<>(allocator, plan);
      loops.add(loop);
      running.add(
          threads.submit(
              () -> {
                start.countDown();
                if (!start.await(WAIT_SECONDS, TimeUnit.SECONDS)) {
                  throw new TimeoutException("the threads did not start together");
                }
                loop.run(count);
                return null;
              }));
    }
    for (Future<?> one : running) {
      one.get(WAIT_SECONDS, TimeUnit.SECONDS);
    }
    for (AllocateFree<H> loop : loops) {
      wrong += loop.wrong;
      made += loop.made;
    }
  }
}

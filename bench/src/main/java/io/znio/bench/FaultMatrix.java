// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/** Runs many cells, two children at a time. */
final class FaultMatrix {
  private static final int CHILDREN = 2;

  private FaultMatrix() {}

  /**
   * Runs cells and returns their results in the same order.
   *
   * @param step told of each result, in that order
   */
  static List<FaultResult> run(
      FaultRunner runner, List<FaultCell> cells, Consumer<FaultResult> step)
      throws InterruptedException {
    ExecutorService pool = Executors.newFixedThreadPool(CHILDREN);
    try {
      List<Future<FaultResult>> futures = new ArrayList<>();
      for (FaultCell cell : cells) {
        futures.add(pool.submit(() -> runner.run(cell)));
      }
      List<FaultResult> results = new ArrayList<>();
      for (Future<FaultResult> future : futures) {
        results.add(future.get());
        step.accept(results.get(results.size() - 1));
      }
      return results;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } finally {
      pool.shutdownNow();
    }
  }
}

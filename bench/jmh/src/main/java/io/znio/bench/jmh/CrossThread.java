// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.bench.CrossThreadLoop;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * One thread allocates and writes, another reads and frees, both at the same time; buffers travel
 * in batches. A row is the time of the slower one for each buffer.
 */
@State(Scope.Thread)
public class CrossThread extends Comparison {
  private static final int BUFFERS = 4096;

  @Param({"64", "4096"})
  public int size;

  private ExecutorService other;
  private CrossThreadLoop<?> loop;

  @Setup
  public void open(Uninitialized memory) {
    other = Executors.newSingleThreadExecutor();
    loop = CrossThreadLoop.of(memory.allocator(), size, other);
  }

  @Benchmark
  @OperationsPerInvocation(BUFFERS)
  public void allocateHereFreeThere(Uninitialized memory) throws Exception {
    loop.run(BUFFERS);
  }

  @TearDown
  public void close() {
    other.shutdown();
    if (loop.wrong() > 0) {
      throw new IllegalStateException(loop.wrong() + " buffers did not hold what was written");
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;

/**
 * {@link AllocateFree} in several threads at the same time, each with buffers of its own. A row is
 * the time that one operation takes in one thread: where it does not grow with the threads, as long
 * as each has a processor, they do not hinder one another.
 */
@State(Scope.Thread)
public class AllocateFreeThreads extends Comparison {
  @Param("4096")
  public int size;

  private int turn;

  @Benchmark
  @Threads(2)
  public void two(Uninitialized memory) {
    Work.once(memory.allocator(), size, turn++);
  }

  @Benchmark
  @Threads(4)
  public void four(Uninitialized memory) {
    Work.once(memory.allocator(), size, turn++);
  }
}

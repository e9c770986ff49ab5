// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * Allocates, writes and reads the first and the last byte, frees: at most one buffer lives. {@code
 * jdk} is {@code ByteBuffer.allocateDirect} and {@code Unsafe.invokeCleaner}, and always zeroes;
 * {@code jdk-gc} and {@code arena-auto} leave the freeing to the garbage collector. {@code -t N}
 * runs N threads.
 *
 * <p>What they cost is to be read beside what they do on a use after free, which {@code peers.json}
 * says and {@link Safety} tests. Nobody notices: jdk, agrona, lwjgl, one-nio, znio-unchecked. An
 * exception, but not by a ByteBuffer over the same memory: netty, arrow, znio-tracked. Always an
 * exception: znio-checked, arena-confined, arena-shared. It cannot be: jdk-gc, arena-auto.
 */
@State(Scope.Thread)
public class AllocateFree extends Comparison {
  @Param({"64", "4096", "65536", "1048576"})
  public int size;

  private int turn;

  @Benchmark
  public void zeroed(Zeroed memory) {
    Work.once(memory.allocator(), size, turn++);
  }

  @Benchmark
  public void uninitialized(Uninitialized memory) {
    Work.once(memory.allocator(), size, turn++);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.bench.Allocator;
import io.znio.bench.SkippedException;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Allocates, writes and reads the first and the last byte, frees: at most one buffer lives. */
@State(Scope.Benchmark)
public class AllocateFree extends Comparison {
  @Param({"jdk", "znio-unchecked", "znio-tracked", "znio-checked"})
  public String by;

  @Param({"64", "4096", "65536", "1048576"})
  public int size;

  private Allocator<?> allocator;

  @Setup
  public void setUp() throws SkippedException {
    allocator = Peers.allocator(by, true);
  }

  @Benchmark
  public int zeroed() {
    return once(allocator);
  }

  private <H> int once(Allocator<H> from) {
    H held = from.allocate(size);
    from.put(held, 0, (byte) 1);
    from.put(held, size - 1, (byte) 1);
    int sum = from.get(held, 0) + from.get(held, size - 1);
    from.free(held);
    return sum;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.bench.Allocator;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Of 512 live buffers, frees the oldest and allocates a new one. */
@State(Scope.Thread)
public class Ring extends Comparison {
  private static final int SLOTS = 512;

  @Param({"64", "4096"})
  public int size;

  private final Object[] ring = new Object[SLOTS];
  private int turn;

  @Setup
  public void fill(Uninitialized memory) {
    for (turn = 0; turn < SLOTS; turn++) {
      put(memory.allocator());
    }
  }

  @Benchmark
  public void replace(Uninitialized memory) {
    take(memory.allocator());
    put(memory.allocator());
    turn++;
  }

  /** Every one that lives is the oldest once. */
  @TearDown
  public void empty(Uninitialized memory) {
    for (int left = SLOTS; left > 0; left--, turn++) {
      take(memory.allocator());
    }
  }

  private <H> void put(Allocator<H> from) {
    H held = from.allocate(size);
    Work.write(from, held, size, turn);
    ring[turn & SLOTS - 1] = held;
  }

  @SuppressWarnings("unchecked") // put there by put
  private <H> void take(Allocator<H> from) {
    H held = (H) ring[turn & SLOTS - 1];
    Work.check(from, held, size, turn - SLOTS);
    from.free(held);
  }
}

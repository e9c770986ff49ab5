// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.bench.Allocator;
import io.znio.bench.SkippedException;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Who gives memory that is zero in every byte: of its own accord, or because it is asked to. */
@State(Scope.Benchmark)
public class Zeroed {
  private static final int PROOFS = 64;
  private static final int PROOF_BYTES = 4096;

  @Param({
    "jdk",
    "jdk-gc",
    "znio-unchecked",
    "znio-tracked",
    "znio-checked",
    "netty-pooled",
    "netty-adaptive",
    "lwjgl-jemalloc",
    "lwjgl-mimalloc",
    "lwjgl-system",
    "agrona",
    "arrow-unsafe",
    "arrow-netty",
    "one-nio",
    "arena-confined",
    "arena-shared",
    "arena-auto"
  })
  public String by;

  private Allocator<?> allocator;

  /**
   * Opens it, and refuses what does not zero.
   *
   * @throws SkippedException if this JDK or this machine has no such thing
   */
  @Setup
  public void open() throws SkippedException {
    allocator = Peers.allocator(by, true);
    for (int i = 0; i < PROOFS; i++) {
      requireZeroes(allocator);
    }
  }

  Allocator<?> allocator() {
    return allocator;
  }

  /** Leaves the memory dirty for the next one. */
  private <H> void requireZeroes(Allocator<H> from) {
    H held = from.allocate(PROOF_BYTES);
    for (int i = 0; i < PROOF_BYTES; i++) {
      if (from.get(held, i) != 0) {
        throw new IllegalStateException("memory of " + by + " is not zero");
      }
      from.put(held, i, (byte) -1);
    }
    from.free(held);
  }
}

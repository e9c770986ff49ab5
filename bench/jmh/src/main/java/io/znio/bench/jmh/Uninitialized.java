// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.bench.Allocator;
import io.znio.bench.SkippedException;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Who gives memory as it comes. What knows no such thing is not here, but for the JDK, which is
 * what everybody is compared with.
 */
@State(Scope.Benchmark)
public class Uninitialized {
  @Param({
    "jdk",
    "znio-unchecked",
    "znio-tracked",
    "znio-checked",
    "netty-pooled",
    "netty-adaptive",
    "lwjgl-jemalloc",
    "lwjgl-mimalloc",
    "lwjgl-system",
    "arrow-unsafe",
    "arrow-netty",
    "one-nio"
  })
  public String by;

  private Allocator<?> allocator;

  /**
   * Opens it.
   *
   * @throws SkippedException if this JDK or this machine has no such thing
   */
  @Setup
  public void open() throws SkippedException {
    allocator = Peers.allocator(by, false);
  }

  Allocator<?> allocator() {
    return allocator;
  }
}

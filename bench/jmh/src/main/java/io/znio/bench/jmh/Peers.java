// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.netty.buffer.AdaptiveByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.znio.bench.Allocator;
import io.znio.bench.Allocators;
import io.znio.bench.SkippedException;

/** Who gives memory, by the names that the rows have; {@code peers.json} says what each is. */
final class Peers {
  private Peers() {}

  /**
   * The way to get memory of that name.
   *
   * @param zeroed whether its memory must be zero; what always zeroes does so in either case
   * @throws SkippedException if this JDK or this machine has no such thing
   */
  static Allocator<?> allocator(String by, boolean zeroed) throws SkippedException {
    if (Levels.isZnio(by)) {
      Levels.choose(by);
      return Allocators.of("znio", zeroed);
    }
    return switch (by) {
      case "jdk" -> Allocators.of("jdk-clean", zeroed);
      case "netty-pooled" -> new PeerBuffers.Netty(PooledByteBufAllocator.DEFAULT, zeroed);
      case "netty-adaptive" ->
          new PeerBuffers.Netty(new AdaptiveByteBufAllocator(true, true), zeroed);
      case "lwjgl-jemalloc", "lwjgl-mimalloc", "lwjgl-system" -> {
        System.setProperty("org.lwjgl.system.allocator", by.substring("lwjgl-".length()));
        yield Allocators.of("lwjgl", zeroed);
      }
      case "agrona" -> new PeerBuffers.Agrona();
      case "arrow-unsafe" -> PeerBuffers.Arrow.of("Unsafe", zeroed);
      case "arrow-netty" -> PeerBuffers.Arrow.of("Netty", zeroed);
      case "one-nio" -> PeerBuffers.OneNio.of(zeroed);
      default -> Allocators.of(by, zeroed);
    };
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.bench.Allocator;
import io.znio.bench.Allocators;
import io.znio.bench.SkippedException;

/** Who gives memory, by the names that the rows have. */
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
      default -> Allocators.of(by, zeroed);
    };
  }
}

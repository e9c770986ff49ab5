// SPDX-License-Identifier: Apache-2.0
/**
 * Off-heap memory and mapped files of {@code io.znio} as {@code MemorySegment}s. A module of its
 * own, for {@code io.znio} is compiled for JDK 17, which does not know that type.
 */
module io.znio.segments {
  requires transitive io.znio;

  exports io.znio.segments;
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.Locale;

/** Ends of memory that no program should ask for. */
enum FaultMisuse {
  DOUBLE_FREE,
  FREE_SLICE,
  FREE_DUPLICATE,
  FREE_HEAP_BUFFER,
  /** A direct buffer that somebody else made. */
  FREE_FOREIGN,
  /** Not the way to end a mapping. */
  FREE_MAPPING,
  /** While a channel of the JDK reads into it. */
  FREE_WHILE_READING,
  UNMAP_WHILE_READING,
  /** While a transfer of znio fills it. */
  FREE_WHILE_TRANSFERRING,
  UNMAP_WHILE_TRANSFERRING,
  /** While another thread is in a hot loop over it. */
  FREE_UNDER_LOOP,
  UNMAP_UNDER_LOOP;

  /** One clause for reports. */
  static final String TEXT = "memory is ended twice, by the wrong owner, or while it is in use";

  String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** Whether the owner's API lets one ask for it. */
  boolean isPossible(FaultImpl impl) {
    return switch (this) {
      case DOUBLE_FREE, FREE_WHILE_READING, UNMAP_WHILE_READING -> true;
      case FREE_UNDER_LOOP, UNMAP_UNDER_LOOP -> true;
      case FREE_SLICE, FREE_DUPLICATE, FREE_HEAP_BUFFER -> impl != FaultImpl.ARENA;
      case FREE_FOREIGN, FREE_MAPPING -> impl.isZnio();
      case FREE_WHILE_TRANSFERRING, UNMAP_WHILE_TRANSFERRING -> impl.isZnio();
    };
  }
}

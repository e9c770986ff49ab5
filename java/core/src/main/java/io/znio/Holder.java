// SPDX-License-Identifier: Apache-2.0
package io.znio;

/** What znio attaches to its buffers and all their views: the owner of the memory. */
abstract class Holder {
  /** Of {@link Life}. */
  final Object life = Life.open();

  final boolean isOpen() {
    return Life.isOpen(life);
  }
}

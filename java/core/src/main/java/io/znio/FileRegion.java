// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.nio.channels.FileChannel;
import java.util.Objects;

/**
 * A piece of a file for {@link Transfer#transferRegions}; any thread may use it.
 *
 * @param file an open, readable file channel of the JDK or of znio; it stays the caller's
 * @param position first byte, {@code >= 0}
 * @param count bytes, {@code >= 0}
 */
public record FileRegion(FileChannel file, long position, long count) {
  /**
   * Checks the numbers. The channel is checked by the transfer.
   *
   * @param file an open, readable file channel of the JDK or of znio; it stays the caller's
   * @param position first byte, {@code >= 0}
   * @param count bytes, {@code >= 0}
   * @throws IllegalArgumentException if position or count is negative, or their sum overflows
   */
  public FileRegion {
    Objects.requireNonNull(file, "file");
    if (position < 0) {
      throw new IllegalArgumentException("Negative position " + position + " of a file region");
    }
    if (count < 0) {
      throw new IllegalArgumentException("Negative count " + count + " of a file region");
    }
    if (position > Long.MAX_VALUE - count) {
      throw new IllegalArgumentException(
          "Position " + position + " and count " + count + " of a file region overflow");
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;

/**
 * A page of a mapped file could not be had, because the file was cut short or its disk is full, and
 * native code that touched it went on with a page of zeros in its place. What was written to that
 * page is lost; the message names the file and the offset.
 */
public final class DamagedMappingException extends IOException {
  private static final long serialVersionUID = 1;

  private final long offset;

  DamagedMappingException(String message, long offset) {
    super(message);
    this.offset = offset;
  }

  /** Where the first lost page begins in the file, in bytes. */
  public long offset() {
    return offset;
  }
}

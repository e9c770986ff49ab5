// SPDX-License-Identifier: Apache-2.0
package io.znio;

/**
 * A page of a mapped file could not be had, because the file was cut short or its disk is full, and
 * native code that touched it went on with a page of zeros in its place. What was written to that
 * page is lost; the message names the file and the offset.
 *
 * <p>All that follows on the mapping throws this, too. What helps is to close it, to write anew
 * what may be lost, and to map the file again.
 */
public final class DamagedMappingException extends LostPageException {
  private static final long serialVersionUID = 1;

  DamagedMappingException(String message, String file, long offset) {
    super(message, file, offset);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;

/**
 * A page of a {@link Mapping} could not be had by a transfer, because its file was cut short or the
 * file's disk is full. No page was put in its place and no byte of it was moved: when the file is
 * long again, or the disk has room, the same transfer works. A {@link DamagedMappingException} is
 * final.
 */
public sealed class LostPageException extends IOException permits DamagedMappingException {
  private static final long serialVersionUID = 1;

  /** Of the mapped file. */
  private final String file;

  /** In the file, of the page. */
  private final long offset;

  LostPageException(String message, String file, long offset) {
    super(message);
    this.file = file;
    this.offset = offset;
  }

  /** "the page at offset 8192 of /a/file (device 2049, inode 77)". */
  static String place(String file, long device, long inode, long offset) {
    return "the page at offset "
        + offset
        + " of "
        + file
        + " (device "
        + Long.toUnsignedString(device)
        + ", inode "
        + Long.toUnsignedString(inode)
        + ")";
  }

  /**
   * {@return the file's path, or what is known instead: "a file" if it was mapped by a nameless
   * channel}
   */
  public String file() {
    return file;
  }

  /** {@return where the first lost page begins in the file, in bytes; -1: not known} */
  public long offset() {
    return offset;
  }
}

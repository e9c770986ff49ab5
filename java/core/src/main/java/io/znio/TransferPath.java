// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.Objects;

/**
 * A way to move bytes. The numbers and names are those of {@code ZN_PATH_MAP} in {@code
 * znio/transfer.h}, and part of its ABI.
 */
public enum TransferPath {
  /** The library chooses, by measured tables. */
  AUTO("auto"),
  /** read, then write: two copies; works for every pair. */
  READ_WRITE("read-write"),
  /** A mapping of the source file is written: one copy. */
  MMAP_WRITE("mmap-write"),
  /** File to socket, pipe or file by sendfile(2). */
  SENDFILE("sendfile"),
  /** Page references through a pipe: splice(2). */
  SPLICE("splice"),
  /** Pages of a {@link Mapping} lent to a pipe: vmsplice(2). */
  VMSPLICE("vmsplice"),
  /** One source to two targets: tee(2). Needs {@link Transfer#tee}. */
  TEE("tee"),
  /** File to file inside the kernel: copy_file_range(2). */
  COPY_FILE_RANGE("copy-file-range"),
  /** File to file by sharing extents: FICLONERANGE. */
  REFLINK("reflink"),
  /** Memory or file to TCP socket with MSG_ZEROCOPY; the memory is lent until its completion. */
  MSG_ZEROCOPY("msg-zerocopy"),
  /** O_DIRECT with io_uring at {@link Transfer#depth}. */
  DIRECT_URING("direct-uring"),
  /** io_uring with registered buffers. */
  URING_REGISTERED("uring-registered"),
  /** io_uring SEND_ZC; the memory is lent until its notification. */
  URING_SEND_ZC("uring-send-zc"),
  /** A copy-on-write mapping (MAP_PRIVATE) of the source file. */
  PRIVATE_MAP("private-map"),
  /** Through memory without a name, which another process can share. */
  MEMFD("memfd");

  private static final TransferPath[] PATHS = values();

  private final String text;

  TransferPath(String text) {
    this.text = text;
  }

  /** {@return the path's name in reports and options, "msg-zerocopy"} */
  public String text() {
    return text;
  }

  /** The number of the path in the C API. */
  int number() {
    return ordinal();
  }

  /** The path with a number of the C API. */
  static TransferPath of(long number) {
    return PATHS[(int) number];
  }

  /**
   * The path with this name.
   *
   * @param text as of {@link #text}
   * @return the path
   * @throws IllegalArgumentException if there is none; the message lists the names
   */
  public static TransferPath ofText(String text) {
    Objects.requireNonNull(text, "text");
    for (TransferPath path : PATHS) {
      if (path.text.equals(text)) {
        return path;
      }
    }
    StringBuilder names = new StringBuilder();
    for (TransferPath path : PATHS) {
      names.append(names.isEmpty() ? "" : ", ").append(path.text);
    }
    throw new IllegalArgumentException("No path is named \"" + text + "\"; there are: " + names);
  }

  @Override
  public String toString() {
    return text;
  }
}

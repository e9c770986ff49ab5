// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A transfer failed, or the path that was asked for cannot do it.
 *
 * <p>A path that is impossible here ({@link #isRefusal}) is an {@code IOException} too, because it
 * depends on the file system, the kernel and the system's policy, not on the program alone: nothing
 * was moved, and another path, or {@link TransferPath#AUTO}, may do it.
 *
 * <p>Not one byte is lost: those that were taken out of the source and did not reach the target are
 * in {@link #stranded}.
 */
public final class TransferException extends IOException {
  private static final long serialVersionUID = 1L;

  /** Of C: -errno, or one of znio's own. */
  private final int code;

  /** Of the code. */
  private final String codeName;

  /** That was asked for, or ran. */
  private final TransferPath path;

  /** Its kind. */
  private final String source;

  /** Its kind. */
  private final String target;

  /** In one sentence. */
  private final String reason;

  /** That reached the target. */
  private final long bytes;

  private final transient ByteBuffer stranded;

  TransferException(
      TransferPath path,
      int sourceKind,
      int targetKind,
      int code,
      long bytes,
      ByteBuffer stranded) {
    super(message(path, sourceKind, targetKind, code, bytes, stranded));
    this.code = code;
    this.codeName = Native.errorName(code);
    this.path = path;
    this.source = Errors.kindName(sourceKind);
    this.target = Errors.kindName(targetKind);
    this.reason = Native.errorText(code);
    this.bytes = bytes;
    this.stranded = stranded;
  }

  /** "sendfile from file to tcp". */
  static String describe(TransferPath path, int sourceKind, int targetKind) {
    return path.text()
        + " from "
        + Errors.kindName(sourceKind)
        + " to "
        + Errors.kindName(targetKind);
  }

  private static String message(
      TransferPath path,
      int sourceKind,
      int targetKind,
      int code,
      long bytes,
      ByteBuffer stranded) {
    StringBuilder text = new StringBuilder(describe(path, sourceKind, targetKind)).append(": ");
    text.append(Errors.describe(code));
    if (stranded != null) {
      text.append("; ").append(bytes).append(" bytes were moved, and ");
      text.append(stranded.remaining());
      text.append(" bytes were taken from the source and not delivered: see stranded()");
    }
    return text.toString();
  }

  /** {@return the code's name: "ENOSPC" of an errno, "ZN_EFILESYSTEM" of a reason of znio's own} */
  public String codeName() {
    return codeName;
  }

  /** {@return the errno, {@code > 0}; 0 if {@link #codeName} is one of znio's own} */
  public int errno() {
    return isRefusal() ? 0 : -code;
  }

  /** {@return whether the code is znio's own: the path cannot join these two ends here} */
  public boolean isRefusal() {
    return code < Errors.LAST_ERRNO;
  }

  /** {@return the path that was asked for, or that ran last} */
  public TransferPath path() {
    return path;
  }

  /** {@return the source's kind: "file", "tcp", "unix", "pipe", "memory" or "another channel"} */
  public String source() {
    return source;
  }

  /** {@return the target's kind, named as that of {@link #source}} */
  public String target() {
    return target;
  }

  /** {@return why, in one sentence} */
  public String reason() {
    return reason;
  }

  /** {@return how many bytes did reach the target} */
  public long bytes() {
    return bytes;
  }

  /**
   * Bytes that were taken out of a socket, pipe or another channel and did not reach the target, in
   * order, from position to limit; a heap buffer, which nobody has to free.
   *
   * @return the buffer, the same at each call and the caller's; an empty one if there are none, and
   *     after deserialization
   */
  public ByteBuffer stranded() {
    return stranded == null ? ByteBuffer.allocate(0) : stranded;
  }
}

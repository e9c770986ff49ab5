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

  private final int code;
  private final String codeName;
  private final TransferPath path;
  private final String source;
  private final String target;
  private final String reason;
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

  /** The code's name: "ENOSPC" for an errno, "ZN_EFILESYSTEM" for a reason of znio's own. */
  public String codeName() {
    return codeName;
  }

  /** The errno, {@code > 0}; 0 if {@link #codeName} is one of znio's own. */
  public int errno() {
    return isRefusal() ? 0 : -code;
  }

  /** True if the code is znio's own: the path cannot join these two ends here. */
  public boolean isRefusal() {
    return code < Errors.LAST_ERRNO;
  }

  /** The path that was asked for, or that ran last. */
  public TransferPath path() {
    return path;
  }

  /** The source's kind: "file", "tcp", "unix", "pipe" or "memory". */
  public String source() {
    return source;
  }

  /** The target's kind, named as {@link #source}. */
  public String target() {
    return target;
  }

  /** Why, in one sentence. */
  public String reason() {
    return reason;
  }

  /** Bytes that did reach the target. */
  public long bytes() {
    return bytes;
  }

  /**
   * Bytes that were taken out of a socket or pipe and did not reach the target, in order, from
   * position to limit; empty if there are none. The buffer is the caller's.
   */
  public ByteBuffer stranded() {
    return stranded == null ? ByteBuffer.allocate(0) : stranded;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;

/**
 * The one table from result codes to what Java sees.
 *
 * <table>
 *   <caption>Codes</caption>
 *   <tr><td>-EAGAIN</td><td>0, or waiting in blocking mode; never an exception, except with
 *       stranded bytes</td></tr>
 *   <tr><td>-EINTR</td><td>the call is repeated while the channels are open</td></tr>
 *   <tr><td>-EBADF and all others, channel closed meanwhile</td><td>{@link
 *       java.nio.channels.AsynchronousCloseException} or {@link
 *       java.nio.channels.ClosedByInterruptException}</td></tr>
 *   <tr><td>any other, and the private codes</td><td>{@link TransferException}, or an {@link
 *       IOException} where no transfer is concerned, with errno's name and number</td></tr>
 * </table>
 */
final class Errors {
  static final int ENOENT = -2;
  static final int EINTR = -4;
  static final int EBADF = -9;
  static final int EAGAIN = -11;
  static final int ENOMEM = -12;
  static final int EACCES = -13;
  static final int EBUSY = -16;
  static final int EEXIST = -17;
  static final int EINVAL = -22;
  static final int ENFILE = -23;
  static final int EMFILE = -24;
  static final int EFBIG = -27;
  static final int ENOSPC = -28;
  static final int EPIPE = -32;
  static final int ELOOP = -40;
  static final int ECONNRESET = -104;
  static final int EALREADY = -114;
  static final int EDQUOT = -122;
  static final int ELIMIT = -5014;
  static final int EDAMAGED = -5021;
  static final int EUNGUARDED = -5022;
  static final int ECLOSED = -5023;
  static final int ELOST = -5024;

  /** Codes below this are znio's own (ZN_...). */
  static final int LAST_ERRNO = -4095;

  private static final String[] KINDS = {
    "another channel", "file", "tcp", "unix", "pipe", "memory"
  };

  private Errors() {}

  /** The name of a kind of end, as in {@code zn_end_kind_name}. */
  static String kindName(int kind) {
    return KINDS[kind];
  }

  /** "Broken pipe (EPIPE, errno 32)", or the text and name of a private code. */
  static String describe(int code) {
    String text = Native.errorText(code);
    String name = Native.errorName(code);
    return code < LAST_ERRNO
        ? text + " (" + name + ")"
        : text + " (" + name + ", errno " + -code + ")" + remedy(code);
  }

  /** What to do about a limit of the system that is reached; empty for all else. */
  private static String remedy(int code) {
    return switch (code) {
      case EMFILE -> ": close some, or raise the limit of this process by ulimit -n";
      case ENFILE -> ": the limit of the system is fs.file-max";
      case ENOSPC -> ": free some space on the file system";
      case EDQUOT -> ": free some space, or raise the user's quota";
      case EFBIG -> ": more than the file system allows, or the limit of this process (ulimit -f)";
      case ENOMEM ->
          ": no memory, address space (ulimit -v) or room for another mapping (vm.max_map_count)";
      default -> "";
    };
  }

  /** An exception for a failed operation that is not a transfer. */
  static IOException io(String operation, int code) {
    return new IOException(operation + ": " + describe(code));
  }
}

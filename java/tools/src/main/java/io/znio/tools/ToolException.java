// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

/** What a command cannot do, in one sentence with the remedy: it is printed, without a stack. */
final class ToolException extends RuntimeException {
  private static final long serialVersionUID = 1;

  ToolException(String message) {
    super(message);
  }

  ToolException(String message, Throwable cause) {
    super(message, cause);
  }
}

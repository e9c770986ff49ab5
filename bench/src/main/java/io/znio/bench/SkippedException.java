// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

/** What this machine, or this pair of ends, cannot do; the message is one sentence. */
final class SkippedException extends Exception {
  private static final long serialVersionUID = 1;

  SkippedException(String message) {
    super(message);
  }
}

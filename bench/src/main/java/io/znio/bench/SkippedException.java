// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

/** What this machine, or this pair of ends, cannot do; the message is one sentence. */
public final class SkippedException extends Exception {
  private static final long serialVersionUID = 1;

  /**
   * Says why.
   *
   * @param message one sentence
   */
  public SkippedException(String message) {
    super(message);
  }
}

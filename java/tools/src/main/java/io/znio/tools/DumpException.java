// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import java.io.IOException;

/** A file is no dump that can be used; the message is one line that names the file and says why. */
final class DumpException extends IOException {
  private static final long serialVersionUID = 1;

  DumpException(String message) {
    super(message);
  }
}

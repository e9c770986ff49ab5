// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** How a row of any chapter stands: open, skipped or failed, and whether it was verified. */
class Outcome {
  /** False once any answer was wrong; null as long as there is none. */
  Boolean verified;

  /** Why this machine or JDK cannot run the row, or null. */
  String skipped;

  /** What went wrong, or null. */
  String failed;

  final boolean isOpen() {
    return skipped == null && failed == null;
  }

  /** Takes in the verdict of a worker's answer; false if there is nothing more in it. */
  final boolean accept(JsonNode answer) {
    if (!answer.path("ok").asBoolean()) {
      if (answer.hasNonNull("skipped")) {
        skipped = answer.get("skipped").asText();
      } else {
        failed = answer.path("failed").asText("the worker gave no reason");
      }
      return false;
    }
    verified = answer.path("verified").asBoolean() && !Boolean.FALSE.equals(verified);
    return true;
  }

  /** What a report says of {@link #verified}: null for a row that was skipped. */
  final Boolean reportedVerdict() {
    return skipped == null ? verified : null;
  }

  final void putReasons(ObjectNode node) {
    node.put("skipped", skipped);
    node.put("failed", failed);
  }
}

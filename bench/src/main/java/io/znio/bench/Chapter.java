// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** A part of the report: something that is measured on its own. */
interface Chapter {
  /** The name that {@code --chapters} takes and the report uses. */
  String name();

  /** Measures; problems of single rows are rows of the result, never an exception. */
  ObjectNode run(Session session) throws InterruptedException;

  /** What the terminal shows of what {@link #run} has returned. */
  String text(JsonNode chapter);
}

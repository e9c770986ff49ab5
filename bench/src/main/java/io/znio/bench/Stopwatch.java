// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;

/** How the time of a chapter was spent. One thread. */
final class Stopwatch {
  private final Map<String, Long> nanos = new LinkedHashMap<>();
  private long last = System.nanoTime();

  /** Adds the time since the last lap to a part. */
  void lap(String part) {
    long now = System.nanoTime();
    nanos.merge(part, now - last, Long::sum);
    last = now;
  }

  ObjectNode seconds() {
    ObjectNode node = Json.object();
    nanos.forEach((part, value) -> Json.put(node, part, value / 1e9));
    return node;
  }
}

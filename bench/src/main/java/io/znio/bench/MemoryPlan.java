// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import io.znio.SafetyLevel;
import io.znio.Znio;
import java.nio.file.Path;
import java.util.Locale;

/**
 * What a worker was told to do: the words of a command {@code memory}, checked.
 *
 * @param op a name of {@link MemoryRows}
 * @param level znio's safety level, which this JVM must have; null for the others
 * @param size bytes of a buffer or mapping
 * @param zeroed whether the memory must be zero when it comes
 * @param count operations of each thread; live buffers
 * @param scratch a directory for the file that is mapped
 * @param flip whether every byte shall be written with a bit wrong
 */
record MemoryPlan(
    String op,
    String impl,
    String level,
    int size,
    boolean zeroed,
    int threads,
    long count,
    Path scratch,
    boolean flip) {
  static MemoryPlan of(Wire wire) {
    MemoryPlan plan =
        new MemoryPlan(
            wire.need("op"),
            wire.need("impl"),
            wire.get("level"),
            Math.toIntExact(wire.needLong("size")),
            "1".equals(wire.get("zeroed")),
            wire.has("threads") ? (int) wire.needLong("threads") : 1,
            wire.needLong("count"),
            Path.of(wire.need("scratch")),
            "1".equals(wire.get("flip")));
    if (plan.size < 1 || plan.count < 1 || plan.threads < 1) {
      throw new IllegalArgumentException("size, count and threads are 1 or more");
    }
    return plan;
  }

  boolean isZnio() {
    return impl.equals("znio");
  }

  boolean isMap() {
    return op.equals(MemoryRows.MAP);
  }

  /** What is measured must be what the row says. */
  void requireLevel() throws SkippedException {
    if (!isZnio()) {
      return;
    }
    Znio.Capabilities can = Znio.capabilities();
    if (can.safety() != SafetyLevel.valueOf(level.toUpperCase(Locale.ROOT))) {
      throw new SkippedException(
          "the level " + level + " cannot be had on " + can.jdk() + ": " + can.checkedRefusal());
    }
  }
}

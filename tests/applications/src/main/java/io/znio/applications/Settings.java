// SPDX-License-Identifier: Apache-2.0
package io.znio.applications;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * What a run is told on the command line.
 *
 * @param java the brokers' java
 * @param agent as in {@code -agentpath:}, without a report; or null
 * @param directory for all files; exists
 * @param records how many
 * @param heap the brokers' {@code -Xmx}
 */
record Settings(String java, String agent, Path directory, int records, String heap) {
  static Settings of(String[] arguments, int from) {
    Map<String, String> values = new HashMap<>();
    for (int i = from; i < arguments.length; i++) {
      String[] pair = arguments[i].split("=", 2);
      if (pair.length < 2 || !pair[0].matches("java|agent|directory|records|heap")) {
        throw new IllegalArgumentException(
            arguments[i] + ": write java=, agent=, directory=, records= or heap=, and a value");
      }
      values.put(pair[0], pair[1]);
    }
    return new Settings(
        values.getOrDefault("java", System.getProperty("java.home") + "/bin/java"),
        values.get("agent"),
        Path.of(values.getOrDefault("directory", ".")).toAbsolutePath(),
        Integer.parseInt(values.getOrDefault("records", "300000")),
        values.getOrDefault("heap", "384m"));
  }
}

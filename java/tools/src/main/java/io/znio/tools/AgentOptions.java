// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import io.znio.Agent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Options of the agent, as they are typed: checked by the agent itself. */
final class AgentOptions {
  private static final Pattern FILE = Pattern.compile("(json|html)=(.+)");

  private AgentOptions() {}

  /**
   * Joins and checks options.
   *
   * @param given each an option, or some with commas between them; null: none
   * @return all of them, with commas between them
   * @throws IllegalArgumentException that names the first wrong one
   */
  static String join(List<String> given) {
    String options = given == null ? "" : String.join(",", given);
    Agent.check(options);
    return options;
  }

  /** The same options, their files named from the root: another process has other directories. */
  static String absolute(String options) {
    List<String> result = new ArrayList<>();
    for (String option : Arrays.asList(options.split(","))) {
      Matcher file = FILE.matcher(option);
      boolean matches = file.matches();
      result.add(matches ? file.group(1) + "=" + Path.of(file.group(2)).toAbsolutePath() : option);
    }
    return String.join(",", result);
  }
}

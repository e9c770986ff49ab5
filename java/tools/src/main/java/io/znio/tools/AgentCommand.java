// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import io.znio.Platform;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code znio agent}: what to put on the command line of a JVM. */
@Command(
    name = "agent",
    mixinStandardHelpOptions = true,
    description = {
      "Prints the option that starts a JVM with the agent.",
      "As in: java $(java/znio agent io json=report-%%p.json) -jar application.jar"
    })
final class AgentCommand implements Callable<Integer> {
  @Parameters(
      paramLabel = "OPTION",
      arity = "0..*",
      description = "of the agent, such as io, stacks=N, json=FILE; java/AGENT.md has all")
  private List<String> options;

  @Mixin private LibraryOption library;
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    String joined = check(spec, options);
    Path file = library.put(Platform.current());
    String option = "-agentpath:" + file + (joined.isEmpty() ? "" : "=" + joined);
    spec.commandLine().getOut().println(quote(option));
    spec.commandLine().getOut().flush();
    return 0;
  }

  /** Wrong options are wrong usage. */
  static String check(CommandSpec spec, List<String> options) {
    try {
      return AgentOptions.join(options);
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  /** For a shell, if it needs that. */
  static String quote(String text) {
    boolean plain =
        text.chars().allMatch(c -> c > ' ' && c < 127 && "'\"\\$`&|;<>()*?[]#~!{}".indexOf(c) < 0);
    return plain ? text : "'" + text.replace("'", "'\\''") + "'";
  }
}

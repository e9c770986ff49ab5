// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code znio completion}: completion for bash. */
@Command(
    name = "completion",
    mixinStandardHelpOptions = true,
    description = {
      "Prints a script that makes bash complete commands and options of znio.",
      "In this shell: source <(java/znio completion). For good: put its output into a file in "
          + "~/.local/share/bash-completion/completions, by the name znio."
    })
final class CompletionCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    spec.commandLine().getOut().print(AutoComplete.bash(Tools.NAME, spec.root().commandLine()));
    spec.commandLine().getOut().flush();
    return 0;
  }
}

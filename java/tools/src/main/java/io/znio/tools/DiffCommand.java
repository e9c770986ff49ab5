// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code znio diff}: what changed between two dumps. */
@Command(
    name = "diff",
    mixinStandardHelpOptions = true,
    description = "Says what changed from one dump to another: live memory, sites, transfers.",
    exitCodeListHeading = "Exit codes:%n",
    exitCodeList = {
      "0:no kind of memory has more live bytes in B than in A",
      "1:one has",
      "2:wrong usage, or no dump"
    })
final class DiffCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(index = "0", paramLabel = "A.json", description = "The dump before.")
  private Path before;

  @Parameters(index = "1", paramLabel = "B.json", description = "The dump after.")
  private Path after;

  @Option(
      names = "--sites",
      paramLabel = "N",
      defaultValue = "10",
      description = "At most so many sites, those that grew most first (${DEFAULT-VALUE}).")
  private int sites;

  @Override
  public Integer call() {
    if (sites < 0) {
      throw new ParameterException(
          spec.commandLine(), "--sites " + sites + " is below 0: give 0 or more");
    }
    try {
      Dump a = Dump.read(before);
      Dump b = Dump.read(after);
      PrintWriter out = spec.commandLine().getOut();
      out.print(DumpDiff.text(a, b, sites));
      out.flush();
      return DumpDiff.grew(a, b) ? 1 : 0;
    } catch (DumpException e) {
      return ReportCommand.refuse(spec, e);
    }
  }
}

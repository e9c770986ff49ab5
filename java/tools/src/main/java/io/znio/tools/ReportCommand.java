// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code znio report}: a dump as a page. */
@Command(
    name = "report",
    mixinStandardHelpOptions = true,
    description = "Makes an HTML page of a dump: one file that needs no network.",
    exitCodeListHeading = "Exit codes:%n",
    exitCodeList = {"0:the page is written", "2:wrong usage, no dump, or no page could be written"})
final class ReportCommand implements Callable<Integer> {
  static final int UNUSABLE = 2;

  @Spec private CommandSpec spec;

  @Parameters(paramLabel = "DUMP.json", description = "What the agent wrote for json=FILE.")
  private Path dump;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE.html",
      required = true,
      description = "The page; a file that is there is replaced.")
  private Path page;

  @Override
  public Integer call() {
    try {
      Dump read = Dump.read(dump);
      if (Files.exists(page) && Files.isSameFile(page, dump)) {
        throw new DumpException(page + ": is the dump itself: name another file by -o");
      }
      write(read);
      return 0;
    } catch (IOException e) {
      return refuse(spec, e);
    }
  }

  private void write(Dump read) throws IOException {
    try {
      ReportPage.write(read, page);
    } catch (DumpException e) {
      throw e;
    } catch (IOException e) {
      throw new DumpException(page + ": cannot be written: " + Dump.reason(e));
    }
  }

  /** Says what is wrong in one line. */
  static int refuse(CommandSpec spec, IOException e) {
    spec.commandLine().getErr().println(spec.qualifiedName() + ": " + e.getMessage());
    spec.commandLine().getErr().flush();
    return UNUSABLE;
  }
}

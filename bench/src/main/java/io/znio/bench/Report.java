// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/**
 * {@code bench/report JSON...}: puts znio beside every peer that the result files have, and says
 * first where it is ahead and where it is not.
 *
 * <p>Exit status: 0 reported; 1 the page cannot be written; 2 the command line cannot be obeyed, or
 * a file is no result file or has nothing to compare.
 */
@Command(
    name = "report",
    mixinStandardHelpOptions = true,
    sortOptions = false,
    version = "znio bench/report, report schema " + ReportJson.SCHEMA,
    description = "Where znio is ahead of its peers and of the JDK, and where it is not.",
    footer = {
      "",
      "Make result files by",
      "  java -jar bench/target/benchmarks.jar -rf json -rff FILE",
      "  bench/compare --peers lwjgl --json FILE",
      "Several files of the same work are one longer measurement.",
      "",
      "Exit status: 0 reported; 1 the page cannot be written; 2 bad option, or a file that",
      "is no result file or has nothing to compare."
    })
public final class Report implements Callable<Integer> {
  private static final int EXIT_UNWRITTEN = 1;
  private static final int EXIT_USAGE = 2;

  @Spec private CommandSpec spec;

  @Parameters(
      arity = "1..*",
      paramLabel = "JSON",
      description = "Result files of JMH (-rf json) and of bench/compare (--json), in any mixture.")
  private List<Path> files;

  @Option(
      names = {"-o", "--html"},
      paramLabel = "FILE",
      description = "Write one web page that needs no network.")
  private Path page;

  @Option(
      names = "--readme",
      description = "Print what README.md and bench/RESULTS.md have of this, in Markdown.")
  private boolean readme;

  /** Runs the program and ends the JVM with its exit status. */
  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  /** The command line, which answers each mistake by one sentence. */
  static CommandLine commandLine() {
    return OneSentence.answer(new CommandLine(new Report()), EXIT_USAGE, EXIT_UNWRITTEN);
  }

  @Override
  public Integer call() throws IOException {
    Options.checkOutput(spec.commandLine(), "-o", page);
    ReportFiles read;
    try {
      read = ReportFiles.read(files);
    } catch (ReportFiles.InputException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage());
    }
    List<Pair> pairs = read.pairs();
    if (pairs.isEmpty()) {
      throw new ParameterException(
          spec.commandLine(),
          "nothing to compare in "
              + files
              + "; expected are figures of znio and of a peer on the same work and JDK"
              + (read.leftOut.isEmpty() ? "" : " (" + String.join("; ", read.leftOut) + ")"));
    }
    JsonNode machine = read.machine();
    PrintWriter out = spec.commandLine().getOut();
    out.print(readme ? ReportReadme.text(pairs, machine) : new Standings(pairs).text());
    if (!readme) {
      read.leftOut.forEach(line -> out.println("left out: " + line));
    }
    out.flush();
    if (page != null) {
      Files.writeString(
          page, ReportPage.render(ReportPage.json(read, pairs, machine)), StandardCharsets.UTF_8);
    }
    return 0;
  }
}

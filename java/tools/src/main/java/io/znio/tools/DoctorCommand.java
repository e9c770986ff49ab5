// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code znio doctor}: what of this machine limits znio. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description = {
      "Looks at kernel, limits, file systems and JDKs, and says what limits znio and what helps.",
      "Status 0: nothing limits it; 1: something does."
    })
final class DoctorCommand implements Callable<Integer> {
  /** The JDKs that the launcher has found, with commas between them. */
  private static final String JDKS = "io.znio.tools.jdks";

  @Parameters(
      paramLabel = "DIRECTORY",
      arity = "0..*",
      description = "where data lies, to see what its file system can do (default: this one)")
  private List<Path> directories;

  @Option(
      names = "--jdk",
      paramLabel = "HOME",
      description = "a JDK to look at; may be repeated (default: all that are found)")
  private List<Path> jdks;

  @Option(
      names = "--java-option",
      paramLabel = "OPTION",
      description = "for the JVMs that are looked at, as your program has it; may be repeated")
  private List<String> javaOptions;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    List<Path> places = directories == null ? List.of(Path.of("").toAbsolutePath()) : directories;
    for (Path place : places) {
      if (!Files.isDirectory(place)) {
        throw new ParameterException(spec.commandLine(), place + " is not a directory");
      }
    }
    List<Finding> findings = look(places);
    PrintWriter out = spec.commandLine().getOut();
    findings.forEach(finding -> print(out, finding));
    long limits = findings.stream().filter(f -> f.grade() == Finding.Grade.LIMIT).count();
    out.println(limits == 0 ? "Nothing limits znio here." : "Limits found: " + limits);
    out.flush();
    return limits == 0 ? 0 : Tools.EXIT_FAILED;
  }

  private List<Finding> look(List<Path> places) {
    SystemChecks system = new SystemChecks(Path.of("/"));
    List<Finding> findings = new ArrayList<>(system.all());
    Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
    findings.add(system.execution("library, programs", temporary));
    findings.add(system.execution("library, agent", AgentLibrary.defaultDirectory()));
    for (Path place : places) {
      findings.addAll(new DirectoryChecks(place).all());
    }
    for (Path home : homes()) {
      List<String> options = javaOptions == null ? List.of() : javaOptions;
      findings.addAll(new JdkChecks(home, options).all());
    }
    return findings;
  }

  private List<Path> homes() {
    if (jdks != null) {
      return jdks;
    }
    String found = System.getProperty(JDKS, System.getProperty("java.home"));
    return Arrays.stream(found.split(",")).map(Path::of).toList();
  }

  private static void print(PrintWriter out, Finding finding) {
    String grade = finding.grade().toString().toLowerCase(Locale.ROOT);
    out.printf("%-5s  %-18s  %s%n", grade, finding.subject(), finding.found());
    if (!finding.fix().isEmpty()) {
      out.printf("%27s%s%n", "-> ", finding.fix());
    }
  }
}

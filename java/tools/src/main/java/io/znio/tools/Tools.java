// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * {@code znio COMMAND}: the agent from outside. Each command says what it does by {@code --help}.
 *
 * <p>Exit status of all: 0 done; 1 it could not be done, or something was found; 2 the command line
 * is wrong. What is wrong is one line on the standard error.
 */
@Command(
    name = Tools.NAME,
    mixinStandardHelpOptions = true,
    versionProvider = Tools.Version.class,
    synopsisSubcommandLabel = "COMMAND",
    description =
        "Where a JVM's off-heap memory goes, and what its transfers do: the agent's tools.",
    subcommands = {
      AgentCommand.class,
      AttachCommand.class,
      DumpCommand.class,
      TopCommand.class,
      ReportCommand.class,
      DiffCommand.class,
      DoctorCommand.class,
      CompletionCommand.class,
    },
    footer = {
      "",
      "znio COMMAND --help tells more.",
      "Exit status: 0 done; 1 it could not be done, or something was found; 2 wrong usage.",
    })
public final class Tools implements Runnable {
  static final String NAME = "znio";
  static final int EXIT_FAILED = 1;
  static final int EXIT_USAGE = 2;

  @Spec private CommandSpec spec;

  /** For picocli; programs call {@link #main}. */
  Tools() {}

  /**
   * Runs a command and ends the JVM with its exit status.
   *
   * @param arguments the command and its arguments
   */
  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  /** The command line, which answers each mistake by one line. */
  static CommandLine commandLine() {
    CommandLine line = new CommandLine(new Tools());
    line.setParameterExceptionHandler(
        (exception, arguments) -> {
          String command = exception.getCommandLine().getCommandSpec().qualifiedName();
          say(exception.getCommandLine(), oneLine(exception) + " (" + command + " --help)");
          return EXIT_USAGE;
        });
    line.setExecutionExceptionHandler(
        (exception, commandLine, result) -> {
          say(commandLine, oneLine(exception));
          return EXIT_FAILED;
        });
    return line;
  }

  private static void say(CommandLine line, String message) {
    line.getErr().println(NAME + ": " + message);
    line.getErr().flush();
  }

  private static String oneLine(Exception exception) {
    String message = exception.getMessage();
    boolean sentence =
        exception instanceof ToolException || exception instanceof ParameterException;
    String text = sentence && message != null ? message : exception.toString();
    return text.replaceAll("\\s*\\R\\s*", " ");
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "Name a command: one of " + commands());
  }

  private String commands() {
    return String.join(", ", spec.subcommands().keySet());
  }

  /** The version of the jar. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Tools.class.getPackage().getImplementationVersion();
      return new String[] {NAME + " " + (version == null ? "(not from a jar)" : version)};
    }
  }
}

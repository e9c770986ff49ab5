// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import picocli.CommandLine;

/** A command line that answers each mistake by one sentence, without usage or a stack. */
final class OneSentence {
  private OneSentence() {}

  /** Returns the command line, which ends with one status for bad usage and another for failure. */
  static CommandLine answer(CommandLine line, int usage, int failure) {
    line.setParameterExceptionHandler(
        (exception, arguments) -> {
          say(exception.getCommandLine(), exception);
          return usage;
        });
    line.setExecutionExceptionHandler(
        (exception, commandLine, result) -> {
          say(commandLine, exception);
          return failure;
        });
    return line;
  }

  private static void say(CommandLine line, Exception exception) {
    line.getErr().println(line.getCommandName() + ": " + oneLine(exception));
  }

  private static String oneLine(Exception exception) {
    String message = exception.getMessage();
    return (message == null ? exception.toString() : message).replaceAll("\\s*\\R\\s*", " ");
  }
}

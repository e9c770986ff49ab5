// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import java.io.PrintWriter;
import java.io.StringWriter;
import picocli.CommandLine;

/**
 * What a command answered.
 *
 * @param status its exit status
 * @param output of the standard output
 * @param errors of the standard error
 */
record Answer(int status, String output, String errors) {
  /** Runs a command in this JVM. */
  static Answer of(String... arguments) {
    StringWriter output = new StringWriter();
    StringWriter errors = new StringWriter();
    CommandLine line = Tools.commandLine();
    line.setOut(new PrintWriter(output)).setErr(new PrintWriter(errors));
    int status = line.execute(arguments);
    return new Answer(status, output.toString(), errors.toString());
  }
}

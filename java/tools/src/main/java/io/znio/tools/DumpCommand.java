// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code znio dump}: the agent's report, now. */
@Command(
    name = "dump",
    mixinStandardHelpOptions = true,
    description =
        "Makes the agent write its report now, waits until it is whole, and prints its name.")
final class DumpCommand implements Callable<Integer> {
  private static final long LOOK_MILLIS = 20;

  @Parameters(index = "0", paramLabel = "PID", description = "of a JVM with the agent in it")
  private long pid;

  @Option(
      names = "--timeout",
      paramLabel = "SECONDS",
      defaultValue = "60",
      description = "how long it may take (default: ${DEFAULT-VALUE})")
  private int seconds;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (seconds <= 0) {
      throw new ParameterException(
          spec.commandLine(), "--timeout " + seconds + " is no time: write 1 or more seconds");
    }
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    Target target = Target.of(pid);
    target.requireAttachable();
    String name =
        MeterPage.open(target)
            .told("json")
            .orElseThrow(
                () ->
                    new ToolException(
                        String.format(
                            "the agent in process %1$d was told no file for its report: java/znio"
                                + " attach %1$d json=FILE",
                            pid)));
    Path file = target.file(name);
    FileTime before = modified(file);
    request(deadline);
    awaitWhole(file, name, before, target, deadline);
    spec.commandLine().getOut().println(shown(file, name));
    spec.commandLine().getOut().flush();
    return 0;
  }

  /** The JDK's own tool: of the JVM's data dumps, it alone asks for the agents' and no other. */
  private void request(long deadline) throws IOException, InterruptedException {
    Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
    if (!Files.isExecutable(jcmd)) {
      throw new ToolException(
          "this Java has no jcmd (" + jcmd + "): run java/znio with the java of a JDK");
    }
    Path said = Files.createTempFile("znio-jcmd", ".log");
    try {
      Process process =
          new ProcessBuilder(jcmd.toString(), Long.toString(pid), "JVMTI.data_dump")
              .redirectErrorStream(true)
              .redirectOutput(said.toFile())
              .start();
      if (!process.waitFor(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
        process.destroyForcibly().waitFor();
        throw late("the JVM does not answer");
      }
      if (process.exitValue() != 0) {
        throw new ToolException("the JVM refused to dump: " + Files.readString(said).strip());
      }
    } finally {
      Files.delete(said);
    }
  }

  private ToolException late(String what) {
    return new ToolException(what + " within " + seconds + " s: --timeout gives it longer");
  }

  private void awaitWhole(Path file, String name, FileTime before, Target target, long deadline)
      throws IOException, InterruptedException {
    while (before.equals(modified(file)) || !isWhole(file, target)) {
      if (System.nanoTime() > deadline) {
        throw late(
            "no whole report came to "
                + name
                + " (a line on the standard error of the process says why, if it cannot be"
                + " written)");
      }
      Thread.sleep(LOOK_MILLIS);
    }
  }

  private static FileTime modified(Path file) throws IOException {
    try {
      return Files.getLastModifiedTime(file);
    } catch (NoSuchFileException e) {
      return FileTime.fromMillis(0);
    }
  }

  private static boolean isWhole(Path file, Target target) throws IOException {
    JsonNode report;
    try {
      report = new ObjectMapper().readTree(file.toFile());
    } catch (com.fasterxml.jackson.core.JacksonException e) {
      return false; // half of it is there
    }
    return report.path("process").asLong() == target.ownPid();
  }

  /** As we see it ourselves, where that is the same file. */
  private static Path shown(Path file, String name) throws IOException {
    Path plain = Path.of(name);
    if (plain.isAbsolute() && Files.exists(plain) && Files.isSameFile(plain, file)) {
      return plain;
    }
    Path real = file.getParent().toRealPath().resolve(file.getFileName());
    return Files.exists(real) && Files.isSameFile(real, file) ? real : file;
  }
}

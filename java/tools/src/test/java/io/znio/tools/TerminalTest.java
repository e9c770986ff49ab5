// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code top} on a terminal of its own, which script(1) makes. */
class TerminalTest {
  @TempDir Path directory;

  @Test
  void theKeyLeavesAndTheTerminalIsAsBefore() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/script")), "script(1) is not there");
    Answer agent = Answer.of("agent", "--directory", directory + "/library");
    try (TargetJvm target = TargetJvm.start(directory, agent.output().strip())) {
      target.work();
      String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
      String top =
          String.format(
              "stty -a >before; '%s' -cp '%s' %s top %s; echo status $?; stty -a >after",
              java, System.getProperty("java.class.path"), Tools.class.getName(), target.pid());
      String shown = onTerminal(top, "q");
      // Twice: on the screen, which goes away, and what stays.
      assertThat(shown.split("allocateMemory0", -1)).as(shown).hasSize(3);
      assertThat(shown).contains("\033[?1049h", "q: leave", "\033[?1049l", "status 0");
      assertThat(directory.resolve("after")).hasSameTextualContentAs(directory.resolve("before"));
    }
  }

  private String onTerminal(String command, String keys) throws IOException, InterruptedException {
    Path script = directory.resolve("command");
    Files.writeString(script, command + "\n");
    Path output = directory.resolve("shown");
    Process process =
        new ProcessBuilder("/usr/bin/script", "-qec", "sh " + script, "/dev/null")
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      // Its input stays open: at its end script would send one to the program, too.
      process.getOutputStream().write(keys.getBytes());
      process.getOutputStream().flush();
      assertThat(process.waitFor(40, TimeUnit.SECONDS)).as("ends").isTrue();
      return Files.readString(output);
    } finally {
      process.destroyForcibly().waitFor();
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is typed wrong is answered by one line and status 2, and all commands say what they do. */
class UsageTest {
  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''                      | Unmatched argument",
        "nothing                 | Unmatched argument at index 0: 'nothing'",
        "agent iox               | there is no option \"iox\"",
        "agent io,stacks=0       | \"stacks=0\": write stacks=off",
        "agent json=             | \"json=\" names no file",
        "attach                  | Missing required parameter: 'PID'",
        "attach x                | Invalid value for positional parameter at index 0 (PID)",
        "attach 1 log=x          | \"log=x\" is no level",
        "top --interval 0 1      | --interval 0.0: write 0.1 to 3600 seconds",
        "dump --timeout -1 1     | --timeout -1 is no time",
        "doctor /no/such/place   | /no/such/place is not a directory",
      })
  void oneLineSaysWhatIsWrong(String arguments, String message) {
    Answer answer = Answer.of(arguments.split(" "));
    assertThat(answer.status()).as(answer.errors()).isEqualTo(2);
    assertThat(answer.errors()).startsWith("znio: ").contains(message).hasLineCount(1);
    assertThat(answer.output()).isEmpty();
  }

  @Test
  void withoutACommandAllAreNamed() {
    Answer answer = Answer.of();
    assertThat(answer.status()).isEqualTo(2);
    assertThat(answer.errors()).contains("agent, attach, dump, top").hasLineCount(1);
  }

  @Test
  void thereIsNoSuchProcess() {
    for (String command : new String[] {"attach", "dump", "top"}) {
      Answer answer = Answer.of(command, "999999999");
      assertThat(answer)
          .isEqualTo(
              new Answer(1, "", "znio: there is no process 999999999" + System.lineSeparator()));
    }
  }

  @Test
  void everyCommandHelps() {
    for (String command : Tools.commandLine().getSubcommands().keySet()) {
      Answer answer = Answer.of(command, "--help");
      assertThat(answer.status()).isZero();
      assertThat(answer.output()).startsWith("Usage: znio " + command).contains("--help");
      assertThat(Answer.of("--help").output()).contains("  " + command + " ");
    }
  }

  /** Bash itself completes what is typed. */
  @Test
  void bashCompletes() throws Exception {
    Path script = directory.resolve("completion");
    Files.writeString(script, Answer.of("completion").output());
    assertThat(complete(script, "znio", "at")).isEqualTo("attach");
    assertThat(complete(script, "znio", "top", "--o")).isEqualTo("--once");
  }

  private static String complete(Path script, String... words)
      throws IOException, InterruptedException {
    String typed = String.join(" ", words);
    String command =
        "source '%s' && COMP_WORDS=(%s) COMP_CWORD=%d COMP_LINE='%s' COMP_POINT=%d"
            + " && _complete_znio && echo \"${COMPREPLY[*]}\"";
    Process bash =
        new ProcessBuilder(
                "bash",
                "-c",
                String.format(command, script, typed, words.length - 1, typed, typed.length()))
            .redirectError(ProcessBuilder.Redirect.DISCARD) // compopt: nobody completes
            .start();
    bash.getOutputStream().close();
    String printed = new String(bash.getInputStream().readAllBytes());
    assertThat(bash.waitFor(20, TimeUnit.SECONDS)).isTrue();
    return printed.strip();
  }

  @ParameterizedTest
  @CsvSource({"ann, ann, true", "root, ann, true", "ann, bob, false"})
  void onlyOwnersAndRootMayAttach(String self, String owner, boolean may) {
    String refusal = new Target(7).refusal(self, owner);
    assertThat(refusal == null).isEqualTo(may);
    if (!may) {
      assertThat(refusal)
          .isEqualTo("process 7 belongs to bob, and you are ann: sudo -u bob java/znio ...");
    }
  }
}

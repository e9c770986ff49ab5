// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class CompareTest {
  @TempDir Path directory;

  private record Outcome(int status, String err) {}

  private static Outcome run(String... arguments) {
    StringWriter err = new StringWriter();
    CommandLine line = Compare.commandLine();
    line.setErr(new PrintWriter(err));
    line.setOut(new PrintWriter(new StringWriter()));
    return new Outcome(line.execute(arguments), err.toString());
  }

  private static void assertRefused(Outcome outcome, String... words) {
    assertThat(outcome.status()).isEqualTo(2);
    assertThat(outcome.err().lines()).hasSize(1);
    assertThat(outcome.err()).startsWith("compare: ").contains(words);
  }

  @ParameterizedTest
  @CsvSource({
    "--nonsense, --nonsense",
    "--only=nonsense, nonsense",
    "--sizes=many, many",
    "--sizes=0, 0",
    "--rounds=0, 1000",
    "--rounds=x, x",
    "--targets=moon, moon",
    "--chapters=none, none",
    "--peers=nobody, lwjgl",
    "--json=/no/such/directory/x.json, /no/such/directory",
    "--html=/, directory",
    "--jdks=/no/such/jdk, /no/such/jdk",
    "/no/such/file, does not exist"
  })
  void aMistakeIsOneSentenceThatNamesIt(String argument, String word) {
    assertRefused(run(argument), word);
  }

  @Test
  void aDirectoryIsNoFile() {
    assertRefused(run(directory.toString()), directory.toString(), "directory");
  }

  @Test
  void anEmptyFileIsRefused() throws IOException {
    Path empty = Files.createFile(directory.resolve("empty"));
    assertRefused(run(empty.toString()), empty.toString(), "empty");
  }

  @Test
  void twoFilesAreOneTooMany() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "x");
    assertRefused(run(file.toString(), "other"), "other");
  }

  @Test
  void aDeviceIsNoFile() {
    assertRefused(run("/dev/zero"), "/dev/zero", "regular");
  }

  @Test
  void helpIsNoMistake() {
    assertThat(run("--help").status()).isZero();
  }
}

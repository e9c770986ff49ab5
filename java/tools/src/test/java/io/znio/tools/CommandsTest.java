// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The commands report and diff: what they print, and their exit codes. */
class CommandsTest {
  @TempDir Path directory;

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(Object command, Object... arguments) {
    return new CommandLine(command)
        .setOut(new PrintWriter(out))
        .setErr(new PrintWriter(err))
        .execute(List.of(arguments).stream().map(Object::toString).toArray(String[]::new));
  }

  private void saidInOneLine(String start) {
    assertThat(err.toString()).startsWith(start).hasLineCount(1);
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void reportWritesThePageAndSaysNothing() throws IOException {
    Path page = directory.resolve("page.html");
    int code = run(new ReportCommand(), Dumps.file(directory, "after.json"), "-o", page);
    assertThat(code).isZero();
    assertThat(out + "" + err).isEmpty();
    assertThat(Files.readString(page)).isEqualTo(ReportPage.render(Dumps.after()));
  }

  @Test
  void reportRefusesWhatIsNoDump() throws IOException {
    Path page = directory.resolve("page.html");
    Path bad = Files.writeString(directory.resolve("bad.json"), "{");
    assertThat(run(new ReportCommand(), bad, "-o", page)).isEqualTo(2);
    saidInOneLine("report: " + bad + ": is cut short");
    assertThat(page).doesNotExist();
  }

  @Test
  void reportSaysThatThePageCannotBeWritten() throws IOException {
    Path page = directory.resolve("nowhere").resolve("page.html");
    int code = run(new ReportCommand(), Dumps.file(directory, "after.json"), "-o", page);
    assertThat(code).isEqualTo(2);
    saidInOneLine("report: " + page + ": cannot be written: there is no such file or directory");
  }

  @Test
  void reportLeavesTheDumpAlone() throws IOException {
    Path dump = Dumps.file(directory, "after.json");
    assertThat(run(new ReportCommand(), dump, "-o", dump)).isEqualTo(2);
    saidInOneLine("report: " + dump + ": is the dump itself");
    assertThat(dump).hasContent(Dumps.text("after.json"));
  }

  @Test
  void diffTellsByItsCodeWhetherMemoryGrew() throws IOException {
    Path before = Dumps.file(directory, "before.json");
    Path after = Dumps.file(directory, "after.json");
    assertThat(run(new DiffCommand(), before, after)).isEqualTo(1);
    assertThat(out.toString()).contains("2 grew, 3 changed");
    assertThat(run(new DiffCommand(), after, after)).isZero();
    assertThat(err.toString()).isEmpty();
  }

  @Test
  void diffRefusesWhatIsNoDump() throws IOException {
    Path before = Dumps.file(directory, "before.json");
    Path none = directory.resolve("none.json");
    assertThat(run(new DiffCommand(), before, none)).isEqualTo(2);
    saidInOneLine("diff: " + none + ": there is no such file or directory");
  }

  @Test
  void diffRefusesANumberOfSitesBelowNothing() throws IOException {
    Path before = Dumps.file(directory, "before.json");
    assertThat(run(new DiffCommand(), before, before, "--sites=-1")).isEqualTo(2);
    assertThat(err.toString()).startsWith("--sites -1 is below 0");
  }
}

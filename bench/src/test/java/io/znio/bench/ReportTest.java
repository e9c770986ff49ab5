// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class ReportTest {
  private static final String EVIL = "</script><b id=evil>evil</b>|`x`";
  private static final Path CHROMIUM = Path.of("/usr/bin/chromium");

  @TempDir Path directory;

  private record Outcome(int status, String out, String err) {}

  private static Outcome run(Object... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine line = Report.commandLine();
    line.setOut(new PrintWriter(out));
    line.setErr(new PrintWriter(err));
    String[] words = new String[arguments.length];
    for (int i = 0; i < words.length; i++) {
      words[i] = arguments[i].toString();
    }
    return new Outcome(line.execute(words), out.toString(), err.toString());
  }

  private static void assertRefused(Outcome outcome, String... words) {
    assertThat(outcome.status()).isEqualTo(2);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err().lines()).hasSize(1);
    assertThat(outcome.err()).startsWith("report: ").contains(words);
  }

  @Test
  void theTwoLinesComeFirst() {
    Outcome outcome = run(ReportFilesTest.JMH, ReportFilesTest.COMPARE);
    assertThat(outcome.status()).isZero();
    assertThat(outcome.err()).isEmpty();
    List<String> lines = outcome.out().lines().toList();
    assertThat(lines.get(0)).startsWith("znio is ahead: ").contains("JDK arena shared 2 (most: ");
    assertThat(lines.get(1)).startsWith("znio is not ahead: ").contains("won by: JDK ");
    assertThat(lines).anyMatch(line -> line.contains("LWJGL") && line.contains("silent"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "''; is empty",
        "[]; is empty",
        "{}; is empty",
        "znio is fast; is not JSON (line 1)",
        "{\"schema\":; is not JSON (line 1)",
        "{\"a\":1}; is JSON, but of neither kind",
        "[1,2]; is JSON, but of neither kind",
        "[{\"benchmark\":\"x\"}]; is JSON, but of neither kind",
        "{\"schema\":2,\"chapters\":{}}; has the schema 2, and only 1 is known",
        "{\"schema\":1,\"chapters\":{\"memory\":{\"rows\":[{\"verified\":true}]}}};"
            + " older bench/compare"
      })
  void aFileThatIsNoResultIsNamedWithWhatWasExpected(String text, String why) throws IOException {
    Path file = Files.writeString(directory.resolve("results.json"), text);
    assertRefused(run(ReportFilesTest.JMH, file), file.toString(), why, "-rf json", "--json");
  }

  @Test
  void aFileThatIsNotThereIsNamed() {
    Path file = directory.resolve("missing.json");
    assertRefused(run(file), file.toString(), "does not exist");
    assertRefused(run(directory), directory.toString(), "is a directory");
    assertRefused(run(), "JSON");
    assertRefused(run("--nonsense", ReportFilesTest.JMH), "--nonsense");
    assertRefused(
        run("-o", "/no/such/directory/x.html", ReportFilesTest.JMH), "/no/such/directory");
  }

  @Test
  void nothingToCompareIsSaid() throws IOException {
    Path file =
        Files.writeString(directory.resolve("empty.json"), "{\"schema\":1,\"chapters\":{}}");
    assertRefused(run(file), file.toString(), "nothing to compare");
  }

  @Test
  void theSectionForReadmeStandsBetweenItsMarkers() {
    Outcome outcome = run("--readme", ReportFilesTest.COMPARE, ReportFilesTest.JMH);
    assertThat(outcome.status()).isZero();
    assertThat(outcome.out())
        .startsWith(ReportReadme.BEGIN + "\n")
        .endsWith(ReportReadme.END + "\n")
        .contains("AMD EPYC, 2 cores, Linux 6.18, ")
        .contains("JDK 17.0.15 and 25.0.3, 2026-11-21.")
        .contains("* **znio is ahead**: ")
        .contains("* **znio is not ahead**: ")
        .containsOnlyOnce(ReportReadme.BEGIN_ROWS + "\n")
        .contains("| LWJGL jemalloc | ")
        .contains("| AllocateFree, zeroed, 64 B | checked | 17 | *")
        .doesNotContain("unchecked");
  }

  /** A page of results in which everything that can have a name has an evil one. */
  private Path evilPage() throws IOException {
    JsonNode results = Json.MAPPER.readTree(ReportFilesTest.JMH.toFile());
    for (JsonNode result : results) {
      ((ObjectNode) result).put("benchmark", "a.b" + EVIL + ".read");
      ((ObjectNode) result).put("jdkVersion", EVIL);
      ((ObjectNode) result.get("params")).put("x" + EVIL, EVIL);
    }
    Path file = directory.resolve("evil.json");
    Json.MAPPER.writeValue(file.toFile(), results);
    Path page = directory.resolve("evil.html");
    assertThat(run("-o", page, file, ReportFilesTest.COMPARE).status()).isZero();
    assertThat(run("--readme", file).out()).doesNotContain("<b").contains("&lt;b");
    return page;
  }

  @Test
  void thePageHoldsNamesAsDataOnly() throws IOException {
    String page = Files.readString(evilPage());
    assertThat(page).doesNotContain("<b id=evil>").doesNotContain("{{");
    assertThat(page).doesNotContainPattern("<(?:script|link|img)[^>]+(?:src|href)=");
  }

  @Test
  void aBrowserDrawsIt() throws Exception {
    assumeTrue(Files.isExecutable(CHROMIUM), "there is no chromium to draw the page");
    String drawn =
        Shell.run(
            50,
            List.of(
                CHROMIUM.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--user-data-dir=" + directory.resolve("chromium"),
                "--dump-dom",
                evilPage().toUri().toString()));
    assertThat(drawn)
        .contains("<h1>znio beside its peers</h1>")
        .contains("<h2>Where a peer wins</h2>")
        .contains("<h2>JMH</h2>")
        .contains("<h2>compare: memory</h2>")
        .contains("<canvas")
        .contains("<h2>How this is computed</h2>")
        .doesNotContain("<b id=\"evil\">");
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportPageTest {
  private static final Path CHROMIUM = Path.of("/usr/bin/chromium");
  private static final int TIMEOUT_SECONDS = 50;

  @TempDir Path directory;

  private static String data(String page) {
    String start = "<script type=\"application/json\" id=\"dump\">";
    int from = page.indexOf(start) + start.length();
    return page.substring(from, page.indexOf("</script>", from));
  }

  /** What a browser makes of the page: its elements and their text, without its program. */
  private String draw(Dump dump) throws IOException, InterruptedException {
    return draw(dump, "");
  }

  /** The same after a script has run at the end of the page. */
  private String draw(Dump dump, String script) throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(CHROMIUM), "there is no chromium to draw the page");
    Path page = directory.resolve("page.html");
    String end = "<script>" + script + "</script></html>";
    Files.writeString(page, ReportPage.render(dump).replace("</html>", end));
    Path out = directory.resolve("dom.html");
    Process browser =
        new ProcessBuilder(
                CHROMIUM.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--user-data-dir=" + directory.resolve("chromium"),
                "--dump-dom",
                page.toUri().toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .redirectOutput(out.toFile())
            .start();
    if (!browser.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
      browser.destroyForcibly().waitFor();
      throw new AssertionError("the browser did not end");
    }
    String dom = Files.readString(out);
    return dom.substring(dom.indexOf("<body>"), dom.indexOf("<noscript>"));
  }

  @Test
  void thePageHoldsTheDumpUnchanged() throws IOException {
    Dump dump = Dumps.after();
    String page = ReportPage.render(dump);
    JsonNode data = new ObjectMapper().readTree(data(page));
    assertThat(data).isEqualTo(dump.root());
    assertThat(data.toString()).contains(Dumps.EVIL);
  }

  @Test
  void nothingInTheDumpCanEndTheScript() throws IOException {
    Dump dump = Dumps.of("\"x\": \"</script><!-- {{dump}} \\u2028 \\ud800 \\u0000 $1 größe\"");
    String embedded = ReportPage.embed(dump.root());
    assertThat(embedded).doesNotContain("<").matches("\\p{ASCII}*").containsIgnoringCase("\\ud800");
    assertThat(new ObjectMapper().readTree(embedded)).isEqualTo(dump.root());
    assertThat(ReportPage.render(dump)).containsIgnoringCase("\\u003c!-- {{dump}} ");
  }

  @Test
  void theFileIsTheOwnersOnlyAndReplaced() throws IOException {
    Path page = directory.resolve("page.html");
    ReportPage.write(Dumps.after(), page);
    long size = Files.size(page);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(page)))
        .isEqualTo("rw-------");
    ReportPage.write(Dumps.of(""), page);
    assertThat(Files.size(page)).isLessThan(size);
    assertThat(Files.readString(page)).endsWith("</html>\n");
  }

  @Test
  void aPageIsAtMostTenMebibytes() throws IOException {
    Dump dump = Dumps.of("\"x\": \"" + "ä".repeat(4 << 20) + "\"");
    Path page = directory.resolve("page.html");
    assertThatThrownBy(() -> ReportPage.write(dump, page))
        .isInstanceOf(DumpException.class)
        .hasMessageContaining("dump: would make a page of 24.0 MiB, and 10.0 MiB is the most");
    assertThat(page).doesNotExist();
  }

  @Test
  void everyPartIsDrawn() throws Exception {
    String page = draw(Dumps.after());
    for (String part :
        List.of("live", "time", "sites", "records", "lifetimes", "ends", "transfers", "natives")) {
      assertThat(page).contains("<section id=\"" + part + "\"");
    }
    assertThat(page)
        .contains("Off-heap memory of process 4711")
        .contains("<dd>3 min</dd>")
        .contains(">22.0 MiB<")
        .contains("app.New.größe:40")
        .contains("Never called: force0.")
        .contains("Live and not sampled: 5 items, 200 B. stacks=all samples each birth.")
        .contains("last GC 1 min 30 s before, 3.20 ms")
        .contains("None that was sampled has been released.")
        .contains("<td>6 (30 %)</td>")
        .contains("No lifetime is known of 3 items")
        .doesNotContain("This part could not be drawn")
        .doesNotContain("class=\"panel notice\"")
        .doesNotContain("id=\"evil\"");
  }

  @Test
  void everyControlWorks() throws Exception {
    StringBuilder sites = new StringBuilder();
    StringBuilder records = new StringBuilder();
    for (int i = 0; i < 60; i++) {
      String comma = i == 0 ? "" : ", ";
      sites.append(comma).append("{\"items\": 1, \"bytes\": ").append(1 + i);
      sites.append(", \"born_bytes\": 9, \"stack\": [\"app.Site.number").append(i).append("\"]}");
      records.append(comma).append("{\"kind\": \"unsafe\", \"bytes\": 1, \"born_ms\": ").append(i);
      records.append(", \"died_ms\": ").append(i % 2 == 0 ? "null" : "1000").append("}");
    }
    Dump dump =
        Dumps.of("\"age_ms\": 1000, \"sites\": [%s], \"records\": [%s]".formatted(sites, records));
    String controls =
        """
        const failed = [];
        window.addEventListener("error", (event) => failed.push(event.message));
        const rows = (id) => document.querySelectorAll("#" + id + " .rows > details").length;
        const press = (text) => [...document.querySelectorAll("button")]
          .find((button) => button.textContent.startsWith(text)).click();
        const seen = [rows("sites"), rows("records")];
        press("Never released");
        press("Show all 60");
        press("Show all 30");
        seen.push(rows("sites"), rows("records"));
        press("All that was born");
        press("Open all");
        const search = document.querySelector("input[type=search]");
        search.value = "SITE.NUMBER7";
        search.dispatchEvent(new Event("input"));
        seen.push(rows("sites"), document.querySelector("[role=status]").textContent);
        document.title = seen.join("|") + "|" + failed.join("|");
        document.body.prepend(document.title);
        """;
    assertThat(draw(dump, controls)).contains("20|20|60|30|1|1 of 60 sites|");
  }

  @Test
  void whatIsAbsentIsLeftOut() throws Exception {
    assertThat(draw(Dumps.of(""))).contains("<h1>Off-heap memory</h1>").doesNotContain("<section");
  }

  @Test
  void whatIsEmptySaysWhy() throws Exception {
    String page =
        draw(
            Dumps.of(
                "\"age_ms\": 5, \"stacks\": 0, \"series\": [], \"sites\": [], \"records\": [],"
                    + "\"natives\": [], \"transfers\": [], \"pools\": [],"
                    + "\"lifetimes\": {\"unsafe\": []}, \"ends\": {\"unsafe\": {}}"));
    assertThat(page)
        .contains("No point was taken: the agent looked for 5.00 ms only.")
        .contains("No stack was taken: the agent ran with stacks=off.")
        .contains("No record: nothing is sampled with stacks=off.")
        .contains("No native of this JDK was bound.")
        .contains("No transferTo or transferFrom reached its native.")
        .contains("The JDK named no pool.")
        .contains("Nothing is sampled with stacks=off.")
        .doesNotContain("could not be drawn");
  }

  @Test
  void membersOfTheWrongTypeSpoilNoOtherPart() throws Exception {
    String page =
        draw(
            Dumps.of(
                "\"age_ms\": \"x\", \"gc\": {\"marks\": 7}, \"ends\": {\"unsafe\": 5},"
                    + "\"lifetimes\": {\"unsafe\": \"x\"}, \"live\": {\"unsafe\": [null]},"
                    + "\"series\": [{\"ms\": \"x\"}], \"records\": [{}], \"process\": {},"
                    + "\"sites\": [{\"stack\": [7, null]}], \"natives\": [{\"name\": 5}]"));
    assertThat(page).contains("<section id=\"sites\"").contains("<section id=\"natives\"");
  }
}

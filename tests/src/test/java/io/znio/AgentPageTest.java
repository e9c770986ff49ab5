// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The report as a page, as {@code html=FILE} writes it. */
class AgentPageTest extends AgentFixture {
  private static final String START = "<script type=\"application/json\" id=\"dump\">";

  /** Runs in a child JVM: a place of birth whose name is not ASCII, and a thread with markup. */
  public static final class Strange {
    static final List<ByteBuffer> LIVE = new ArrayList<>();

    static void größe𝒳() {
      LIVE.add(ByteBuffer.allocateDirect(3 << 20));
    }

    public static void main(String[] arguments) throws Exception {
      Thread thread = new Thread(Strange::größe𝒳, "</script><b id=evil>evil</b>");
      thread.start();
      thread.join();
    }

    private Strange() {}
  }

  private Path page() {
    return directory.resolve("page.html");
  }

  private String agent(String options) {
    return "-agentpath:" + library + "=" + options;
  }

  /** The data of a page: what its parser makes of the script element. */
  private static String data(Path page) throws IOException {
    String text = Files.readString(page);
    int from = text.indexOf(START) + START.length();
    assertThat(from).isGreaterThan(START.length());
    return text.substring(from, text.indexOf("</script>", from));
  }

  @Test
  void thePageHoldsWhatTheJsonHolds() throws Exception {
    Child child = run(List.of(agent("stacks=all,html=" + page() + ",json=" + json)), Strange.class);
    assertThat(child).isEqualTo(new Child(0, ""));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(page())))
        .isEqualTo("rw-------");
    String data = data(page());
    assertThat(data).doesNotContain("<").startsWith("{").endsWith("}\n");
    assertThat(data).contains("\"thread\": \"\\u003c/script>\\u003cb id=evil>evil\\u003c/b>\"");
    AgentReport report = AgentReport.read(json);
    AgentReport shown = new AgentReport(data.replace("\\u003c", "<"));
    assertThat(shown.live("unsafe", "bytes")).isEqualTo(report.live("unsafe", "bytes"));
    assertThat(shown.live("unsafe", "bytes")).isGreaterThanOrEqualTo(3 << 20);
    assertThat(shown.sites()).isEqualTo(report.sites());
    assertThat(shown.sites().get(0).stack())
        .contains("DirectByteBuffer.<init>")
        .contains(".gr\\u00f6\\u00dfe\\ud835\\udcb3");
  }

  @Test
  void thePageAsksForNothingElse() throws Exception {
    run(List.of(agent("html=" + page())), Strange.class);
    String text = Files.readString(page());
    assertThat(text)
        .startsWith("<!DOCTYPE html>")
        .endsWith("</html>\n")
        .contains("default-src 'none'")
        .doesNotContain("{{dump}}")
        .doesNotContainPattern("(src|href)=\"[^#]")
        .doesNotContain("innerHTML");
    assertThat(text.replace("http://www.w3.org/2000/svg", "")).doesNotContain("://");
  }

  @Test
  void aBrowserDrawsIt() throws Exception {
    Path chromium = Path.of("/usr/bin/chromium");
    assumeTrue(Files.isExecutable(chromium), "there is no chromium to draw the page");
    run(List.of(agent("stacks=all,html=" + page())), Strange.class);
    Child browser =
        Child.command(
            List.of(
                chromium.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--user-data-dir=" + directory.resolve("chromium"),
                "--dump-dom",
                page().toUri().toString()));
    assertThat(browser.output())
        .contains("größe𝒳")
        .contains("<h2 id=\"sites-title\">Sites</h2>")
        .contains("<h2 id=\"natives-title\">Natives</h2>")
        .contains("<h2 id=\"records-title\">Largest and longest-lived</h2>")
        .doesNotContain(">This part could not be drawn")
        .doesNotContain("<b id=\"evil\">");
  }

  @Test
  void aLinkIsNotFollowed() throws Exception {
    Path target = Files.writeString(directory.resolve("target.html"), "precious");
    Path link = Files.createSymbolicLink(directory.resolve("link.html"), target);
    Child child = run(List.of(agent("html=" + link + ",json=" + json)), Strange.class);
    assertThat(child.output())
        .contains("no report can be written to " + link + " (ELOOP")
        .contains(": name another file by html=FILE")
        .hasLineCount(1);
    assertThat(target).hasContent("precious");
    assertThat(AgentReport.read(json).member("why")).isEqualTo("exit");
  }

  @Test
  void bothFormsIntoOneFileIsSaid() throws Exception {
    Child child = run(List.of(agent("html=" + json + ",json=" + json)), Strange.class);
    assertThat(child.output()).contains("json and html name the same file " + json).hasLineCount(1);
    assertThat(Files.readString(json)).startsWith("{");
  }
}

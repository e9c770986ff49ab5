// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ReportHtmlTest {
  private static final String EVIL =
      "</script><script>alert(1)</script><!-- & {{style}} \u2028 $1 \\";

  @Test
  void nothingInTheDataCanEndTheScriptElementThatHoldsIt() throws IOException {
    ObjectNode report = ReportJson.start(Json.object());
    report.put("file", EVIL);
    String embedded = ReportHtml.embed(report);
    assertThat(embedded).doesNotContain("<").doesNotContain(">").doesNotContain("\u2028");
    assertThat(Json.MAPPER.readTree(embedded)).isEqualTo(report);
  }

  @Test
  void thePageHoldsTheWholeReportUnchanged() throws IOException {
    ObjectNode report = PathsJsonTest.report(List.of());
    report.put("file", EVIL);
    String page = ReportHtml.render(report);
    String start = "id=\"data\">";
    int from = page.indexOf(start) + start.length();
    JsonNode data = Json.MAPPER.readTree(page.substring(from, page.indexOf("</script>", from)));
    assertThat(data.toString()).isEqualTo(report.toString());
  }

  @Test
  void thePageAsksForNothingElse() throws IOException {
    String page = ReportHtml.render(PathsJsonTest.report(List.of()));
    assertThat(page).contains("Chart").hasSizeGreaterThan(200_000);
    assertThat(Pattern.compile("<(?:script|link|img)[^>]+(?:src|href)=").matcher(page).find())
        .isFalse();
    assertThat(page).doesNotContain("@import").doesNotContain("{{data}}");
  }
}

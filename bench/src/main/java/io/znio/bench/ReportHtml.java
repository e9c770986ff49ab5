// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.core.SerializableString;
import com.fasterxml.jackson.core.io.CharacterEscapes;
import com.fasterxml.jackson.core.io.SerializedString;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The one renderer of reports: a page that holds its data, its style, its program and the chart
 * library, and so needs no network.
 *
 * <p>The template knows nothing of chapters: each has a program of its own, {@code NAME.js}, that
 * draws its part of the embedded JSON with the tools of {@code report.js}.
 */
final class ReportHtml {
  private static final Pattern SLOT = Pattern.compile("\\{\\{(\\w+)}}");

  private ReportHtml() {}

  static void write(JsonNode report, Path file) throws IOException {
    Files.writeString(file, render(report), StandardCharsets.UTF_8);
  }

  /** The page of {@code bench/compare}. */
  static String render(JsonNode report) throws IOException {
    return render(
        report, Compare.chapters().stream().map(chapter -> chapter.name() + ".js").toList());
  }

  /** A page whose chapters these resources draw; its title is the report's. */
  static String render(JsonNode report, List<String> programs) throws IOException {
    Properties webjars = new Properties();
    try (InputStream in = open("webjars.properties")) {
      webjars.load(in);
    }
    Map<String, String> slots =
        Map.of(
            "style", text("report.css"),
            "chart", text(webjars.getProperty("chart")),
            "program", text("report.js"),
            "chapters", texts(programs),
            "data", embed(report));
    // One pass: a slot's name inside what was put in is left alone.
    Matcher matcher = SLOT.matcher(text("report.html"));
    return matcher.replaceAll(
        slot -> {
          String value = slots.get(slot.group(1));
          if (value == null) {
            throw new IllegalStateException("the template has an unknown slot " + slot.group());
          }
          return Matcher.quoteReplacement(value);
        });
  }

  /** JSON that is safe inside a script element: nothing in it can end that, or open a comment. */
  static String embed(JsonNode report) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    mapper.getFactory().setCharacterEscapes(new ForScript());
    return mapper.writeValueAsString(report);
  }

  private static String texts(List<String> resources) throws IOException {
    StringBuilder texts = new StringBuilder();
    for (String resource : resources) {
      texts.append(text(resource)).append('\n');
    }
    return texts.toString();
  }

  private static String text(String resource) throws IOException {
    try (InputStream in = open(resource)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static InputStream open(String resource) throws IOException {
    InputStream in = ReportHtml.class.getResourceAsStream(resource);
    if (in == null) {
      throw new IOException("the resource " + resource + " is missing from the class path");
    }
    return in;
  }

  /** Writes every character that HTML could take for its own as an escape of JSON. */
  private static final class ForScript extends CharacterEscapes {
    private static final long serialVersionUID = 1;

    @Override
    public int[] getEscapeCodesForAscii() {
      int[] codes = standardAsciiEscapesForJSON();
      codes['<'] = ESCAPE_STANDARD;
      codes['>'] = ESCAPE_STANDARD;
      codes['&'] = ESCAPE_STANDARD;
      return codes;
    }

    @Override
    public SerializableString getEscapeSequence(int character) {
      // Line separators of Unicode end a line in old JavaScript strings.
      if (character == 0x2028 || character == 0x2029) {
        return new SerializedString("\\u" + Integer.toHexString(character));
      }
      return null;
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the agent wrote as JSON. */
record AgentReport(String text) {
  static AgentReport read(Path file) throws IOException {
    return new AgentReport(Files.readString(file));
  }

  /** A count of one native. */
  long of(String name, String column) {
    return number("\"name\": \"" + name + "\"[^}]*?\"" + column + "\": (-?\\d+)");
  }

  /** Who serves a native: "jdk" or "znio". */
  String servedBy(String name) {
    return find("\"name\": \"" + name + "\"[^}]*?\"served_by\": \"(\\w+)\"");
  }

  /** "calls", "bytes" or "short" of what FileChannel.transferFrom moved by a path; 0: nothing. */
  long transferFrom(String path, String column) {
    String start = "\"native\": \"transferFrom\",\\s*\"path\": \"" + path + "\"";
    Matcher matcher = Pattern.compile(start + "[^}]*?\"" + column + "\": (\\d+)").matcher(text);
    return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
  }

  /** Live "items" or "bytes" of "unsafe" or "mapped". */
  long live(String kind, String column) {
    return number("\"" + kind + "\": \\{[^}]*?\"" + column + "\": (-?\\d+)");
  }

  String member(String name) {
    return find("\"" + name + "\": \"([^\"]*)\"");
  }

  /**
   * A place of birth: what is live of it, as sampled and as that counts.
   *
   * @param stack its frames, as they are written
   */
  record Site(long items, long bytes, long estimatedItems, long estimatedBytes, String stack) {}

  /** The places of birth, those with most live bytes first. */
  List<Site> sites() {
    Matcher matcher =
        Pattern.compile(
                "\\{\\s*\"items\": (\\d+),\\s*\"bytes\": (\\d+),\\s*\"estimated_items\": (\\d+),"
                    + "\\s*\"estimated_bytes\": (\\d+),[^{}]*\"stack\": \\[([^]]*)]")
            .matcher(text);
    List<Site> sites = new ArrayList<>();
    while (matcher.find()) {
      sites.add(
          new Site(
              Long.parseLong(matcher.group(1)),
              Long.parseLong(matcher.group(2)),
              Long.parseLong(matcher.group(3)),
              Long.parseLong(matcher.group(4)),
              matcher.group(5)));
    }
    return sites;
  }

  /**
   * The members of each object in an array, as they are written: strings with quotes.
   *
   * @param array its name; its objects hold no others
   */
  List<Map<String, String>> objects(String array) {
    Matcher body = Pattern.compile("\"" + array + "\": \\[([^]]*)]").matcher(text);
    assertThat(body.find()).as("%s in %s", array, text).isTrue();
    List<Map<String, String>> objects = new ArrayList<>();
    Matcher object = Pattern.compile("\\{([^{}]*)}").matcher(body.group(1));
    while (object.find()) {
      Map<String, String> members = new LinkedHashMap<>();
      Matcher member =
          Pattern.compile("\"(\\w+)\": (\"(?:[^\"\\\\]|\\\\.)*\"|[^,]+)").matcher(object.group(1));
      while (member.find()) {
        members.put(member.group(1), member.group(2));
      }
      objects.add(members);
    }
    return objects;
  }

  /** A number in an object. */
  long count(String object, String member) {
    return number("\"" + object + "\": \\{[^}]*?\"" + member + "\": (-?\\d+)");
  }

  /** A number in an object of an object. */
  long in(String object, String inner, String member) {
    return number(
        "\"" + object + "\": \\{[^]]*?\"" + inner + "\": \\{[^}]*?\"" + member + "\": (-?\\d+)");
  }

  private long number(String pattern) {
    return Long.parseLong(find(pattern));
  }

  private String find(String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    assertThat(matcher.find()).as("%s in %s", pattern, text).isTrue();
    return matcher.group(1);
  }
}

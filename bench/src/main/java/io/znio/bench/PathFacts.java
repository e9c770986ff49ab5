// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;

/**
 * What the texts say about each path, and how often the sender's kernel copies by its construction:
 * the resource {@code paths.json}, which the report draws from too. Immutable.
 */
final class PathFacts {
  private static final PathFacts INSTANCE = load();

  private final JsonNode document;
  private final Map<String, JsonNode> byName;

  private PathFacts(JsonNode document) {
    this.document = document;
    Map<String, JsonNode> map = new LinkedHashMap<>();
    document.get("paths").forEach(path -> map.put(path.get("name").textValue(), path));
    this.byName = Collections.unmodifiableMap(map);
  }

  static PathFacts get() {
    return INSTANCE;
  }

  private static PathFacts load() {
    try (InputStream in = PathFacts.class.getResourceAsStream("paths.json")) {
      return new PathFacts(new ObjectMapper().readTree(in));
    } catch (IOException e) {
      throw new UncheckedIOException("the resource paths.json of bench/compare is damaged", e);
    }
  }

  /** The facts of all paths by name, in the order in which reports list them. */
  Map<String, JsonNode> all() {
    return byName;
  }

  /** The array that the report embeds. */
  JsonNode paths() {
    return document.get("paths");
  }

  /** Returns the facts of a path; IllegalArgumentException for an unknown name. */
  JsonNode of(String path) {
    JsonNode facts = byName.get(path);
    if (facts == null) {
      throw new IllegalArgumentException("unknown path '" + path + "'");
    }
    return facts;
  }

  boolean isExplainedOnly(String path) {
    return of(path).path("explained").asBoolean();
  }

  /**
   * How often the CPU copies the data on the way from source to target, in the kernel of the side
   * that is measured and in its program; the copy that the other side makes is not counted.
   *
   * @param fs a file system that behaves in its own way ("xfs", "btrfs"), or null
   * @return empty where the construction does not decide it
   */
  OptionalInt cpuCopies(String path, String source, String target, String fs) {
    JsonNode copies = of(path).get("copies");
    String pair = source + ">" + target;
    for (String key : new String[] {pair + "@" + fs, pair, "*"}) {
      if (copies.has(key)) {
        JsonNode value = copies.get(key);
        return value.isNull() ? OptionalInt.empty() : OptionalInt.of(value.intValue());
      }
    }
    return OptionalInt.empty();
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Who is measured beside znio: what each is, and what a use after the end does. From {@code
 * peers.json}, and from the file of the same form that the JMH suite has, if {@code
 * -Dznio.bench.peers} names it and it is there.
 */
final class PeerFacts {
  /** Of what a row is about, in {@code peers.json}. */
  static final String MEMORY = "memory";

  /** Mapping a file that is open. */
  static final String OPEN = "open";

  /** Opening and mapping a file. */
  static final String CLOSED = "closed";

  private static final String MORE = "znio.bench.peers";
  private static final PeerFacts KNOWN = load();

  private final ObjectNode peers;

  private PeerFacts(ObjectNode peers) {
    this.peers = peers;
  }

  static PeerFacts get() {
    return KNOWN;
  }

  private static PeerFacts load() {
    String more = System.getProperty(MORE);
    try (InputStream in = PeerFacts.class.getResourceAsStream("peers.json")) {
      JsonNode own = Json.MAPPER.readTree(in);
      return more != null && Files.isRegularFile(Path.of(more))
          ? of(own, Json.MAPPER.readTree(Path.of(more).toFile()))
          : of(own, Json.object());
    } catch (IOException e) {
      throw new IllegalStateException("no list of peers can be read: " + e.getMessage(), e);
    }
  }

  /** The peers of both; where they differ, the second is right. */
  static PeerFacts of(JsonNode own, JsonNode more) throws IOException {
    return new PeerFacts(Json.MAPPER.readerForUpdating(own.deepCopy()).readValue(more));
  }

  /** For people: "JDK", "LWJGL jemalloc", "JDK arena shared". */
  String name(String peer) {
    String library = peers.path(peer).path("library").asText(peer);
    String[] words = peer.split("-");
    String lower = library.toLowerCase(Locale.ROOT);
    boolean named = lower.equals(peer) || Arrays.asList(lower.split(" ")).contains(words[0]);
    int from = lower.equals(peer) ? words.length : named ? 1 : 0;
    String rest = String.join(" ", Arrays.asList(words).subList(from, words.length));
    return rest.isEmpty() || library.equals(peer) ? library : library + " " + rest;
  }

  /** What is known of a peer; an empty node if nothing. */
  JsonNode facts(String peer) {
    return peers.path(peer).isObject() ? peers.get(peer) : Json.object();
  }

  /**
   * What a use after the end does to a figure's memory or mapping; empty where there is none, or
   * where nothing is known.
   */
  String afterFree(Figure figure) {
    JsonNode facts = facts(figure.who());
    if (figure.isZnio()) { // its levels are peers of their own
      facts = facts(figure.who() + "-" + figure.variant().split(",")[0]);
    }
    return figure.use() == null ? "" : afterFree(facts.path(figure.use()));
  }

  /** The same of a peer in short: "silent, of mappings crash". */
  String afterFree(String peer) {
    String memory = afterFree(facts(peer).path(MEMORY));
    String mappings =
        Stream.of(OPEN, CLOSED)
            .map(use -> afterFree(facts(peer).path(use)))
            .filter(text -> !text.isEmpty())
            .distinct()
            .collect(Collectors.joining(" or "));
    boolean more = !mappings.isEmpty() && !mappings.equals(memory);
    return Stream.of(memory, more ? "of mappings " + mappings : "")
        .filter(text -> !text.isEmpty())
        .collect(Collectors.joining(", "));
  }

  private static String afterFree(JsonNode use) {
    String root = use.path("root").asText("");
    String view = use.hasNonNull("view") ? use.get("view").asText() : root;
    return view.equals(root) ? root : root + ", views " + view;
  }

  /**
   * The peer that a word names or begins with, the longest that fits: of "jdk-heap" "jdk", unless
   * there is a peer of that name; all levels of znio are znio.
   */
  Optional<String> of(String word) {
    String dashed = dashed(word);
    return dashed.matches(Figure.ZNIO + "(-.*)?")
        ? Optional.of(Figure.ZNIO)
        : peers.properties().stream()
            .map(Map.Entry::getKey)
            .filter(peer -> dashed.equals(peer) || dashed.startsWith(peer + "-"))
            .max(Comparator.comparingInt(String::length));
  }

  /** What a word says beyond the name of its peer: "checked" of "znio-checked". */
  static String rest(String word, String peer) {
    return dashed(word).substring(peer.length()).replaceFirst("-", "");
  }

  private static String dashed(String word) {
    return word.replaceAll("([a-z0-9])([A-Z])", "$1-$2")
        .replaceAll("[ /+]+", "-")
        .toLowerCase(Locale.ROOT);
  }
}

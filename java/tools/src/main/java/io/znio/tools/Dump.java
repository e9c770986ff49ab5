// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A dump of the agent: what its option {@code json=FILE} writes, in format {@value #FORMAT}.
 * Members that this version does not know are kept; those that it knows have the type that it
 * expects.
 *
 * @param name the file, for messages
 * @param root all of it, an object
 */
record Dump(String name, JsonNode root) {
  static final int FORMAT = 2;

  /** Largest dump in bytes. The agent lists so little that its own stay below this. */
  static final int SIZE_MAX = 10 << 20;

  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  /** Members that are lists of objects. */
  private static final List<String> LISTS =
      List.of("pools", "series", "records", "sites", "transfers", "natives");

  private static final List<String> OBJECTS =
      List.of("live", "gc", "lifetimes", "ends", "not_sampled");

  /**
   * Reads a dump.
   *
   * @throws DumpException it cannot be read, is too large or cut short, is no dump, or one of
   *     another format; the message names the file
   */
  static Dump read(Path file) throws DumpException {
    byte[] bytes;
    // Not by the file's size: a pipe has none, and a file that is being written grows.
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(SIZE_MAX + 1);
    } catch (IOException e) {
      throw new DumpException(file + ": " + reason(e));
    }
    if (bytes.length > SIZE_MAX) {
      throw new DumpException(
          file + ": is larger than " + Figures.bytes(SIZE_MAX) + ", which no dump of the agent is");
    }
    return parse(file.toString(), bytes);
  }

  /** What went wrong with a file, which the caller names. */
  static String reason(IOException e) {
    if (e instanceof NoSuchFileException) {
      return "there is no such file or directory";
    }
    if (e instanceof AccessDeniedException) {
      return "access is denied";
    }
    String reason = e instanceof java.nio.file.FileSystemException f ? f.getReason() : null;
    return reason != null ? reason : String.valueOf(e.getMessage());
  }

  static Dump parse(String name, byte[] json) throws DumpException {
    JsonNode root;
    try {
      root = MAPPER.readTree(json);
    } catch (JsonEOFException e) {
      throw new DumpException(name + ": is cut short" + at(e));
    } catch (JsonProcessingException e) {
      throw new DumpException(name + ": is no dump of the agent: not JSON" + at(e));
    } catch (IOException e) {
      throw new DumpException(name + ": is no dump of the agent: not JSON");
    }
    Dump dump = new Dump(name, root);
    dump.check();
    return dump;
  }

  private static String at(JsonProcessingException e) {
    JsonLocation location = e.getLocation();
    return location == null
        ? ""
        : " (line " + location.getLineNr() + ", column " + location.getColumnNr() + ")";
  }

  private void check() throws DumpException {
    if (root instanceof MissingNode) {
      throw new DumpException(name + ": is empty");
    }
    if (!root.isObject() || !root.has("znio") || !root.has("format")) {
      throw new DumpException(name + ": is no dump of the agent: no JSON object with a format");
    }
    JsonNode format = root.get("format");
    if (!format.isInt() || format.intValue() != FORMAT) {
      throw new DumpException(
          "%s: has format %s, and this version of znio reads %d: use the version that wrote it"
              .formatted(name, shortened(format), FORMAT));
    }
    for (String object : OBJECTS) {
      expect(root.path(object).isObject() || absent(root, object), object, "an object");
    }
    for (String list : LISTS) {
      checkList(list);
    }
    for (JsonNode site : list("sites")) {
      expect(site.path("stack").isArray(), "stack of a site", "a list");
    }
  }

  private void checkList(String list) throws DumpException {
    expect(root.path(list).isArray() || absent(root, list), list, "a list");
    for (JsonNode item : root.path(list)) {
      expect(item.isObject(), "an element of " + list, "an object");
    }
  }

  private static boolean absent(JsonNode parent, String member) {
    return !parent.hasNonNull(member);
  }

  private void expect(boolean met, String what, String kind) throws DumpException {
    if (!met) {
      throw new DumpException(name + ": is no dump of the agent: " + what + " is not " + kind);
    }
  }

  private static String shortened(JsonNode node) {
    String text = node.toString();
    return text.length() <= 40 ? text : text.substring(0, 40) + "...";
  }

  /** The elements of a list; none if there is no such list. */
  List<JsonNode> list(String name) {
    List<JsonNode> items = new ArrayList<>();
    root.path(name).forEach(items::add);
    return items;
  }

  /** A whole number; 0 if it is missing, or none. */
  static long number(JsonNode node, String member) {
    JsonNode value = node.path(member);
    return value.isIntegralNumber() && value.canConvertToLong() ? value.longValue() : 0;
  }
}

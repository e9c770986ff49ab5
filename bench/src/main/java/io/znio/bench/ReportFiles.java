// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The result files that {@code bench/report} was given, of both kinds, as one collection. */
final class ReportFiles {
  /** A file is not what it should be; the message names it and says what was expected. */
  static final class InputException extends RuntimeException {
    private static final long serialVersionUID = 1;

    InputException(Path file, String why) {
      super(file + " " + why + "; " + EXPECTED);
    }
  }

  private static final String EXPECTED =
      "expected is what JMH writes with -rf json or bench/compare with --json";

  /** Reports of {@code bench/compare}, as they are. */
  final List<JsonNode> compared = new ArrayList<>();

  /** One sentence for each thing in the files that cannot be compared. */
  final List<String> leftOut = new ArrayList<>();

  private String date;
  private final List<Figure> figures = new ArrayList<>();

  /** Reads them all, or throws for the first that is not right. */
  static ReportFiles read(List<Path> files) {
    ReportFiles read = new ReportFiles();
    files.forEach(read::add);
    return read;
  }

  List<Pair> pairs() {
    return Pairs.of(figures);
  }

  /** Where the figures are from: as bench/compare says; JMH says nothing, so this machine. */
  ObjectNode machine() {
    ObjectNode machine;
    if (compared.isEmpty()) {
      machine = Machine.here();
      machine.put("date", date);
    } else {
      machine = compared.get(0).path("machine").deepCopy();
    }
    ArrayNode versions = machine.putArray("jdks");
    figures.stream()
        .map(Figure::jdk)
        .filter(Objects::nonNull)
        .distinct()
        .sorted()
        .forEach(versions::add);
    return machine;
  }

  private void add(Path file) {
    JsonNode root = parse(file);
    if (isJmh(root)) {
      date = lastModified(file);
      JmhFigures.Found found = JmhFigures.of(root);
      figures.addAll(found.figures());
      found.leftOut().stream().distinct().forEach(leftOut::add);
    } else if (root.path("schema").isInt() && root.path("chapters").isObject()) {
      addCompared(file, root);
    } else {
      throw new InputException(file, "is JSON, but of neither kind");
    }
  }

  private void addCompared(Path file, JsonNode root) {
    int schema = root.get("schema").asInt();
    if (schema != ReportJson.SCHEMA) {
      throw new InputException(
          file, "has the schema " + schema + ", and only " + ReportJson.SCHEMA + " is known");
    }
    CompareFigures.Found found = CompareFigures.of(root, compared.size());
    if (found.withoutRounds()) {
      throw new InputException(file, "has no figures by round: an older bench/compare wrote it");
    }
    compared.add(root);
    figures.addAll(found.figures());
    if (found.leftOut() > 0) {
      leftOut.add(
          file.getFileName() + ": " + found.leftOut() + " rows failed or were not verified");
    }
  }

  private static JsonNode parse(Path file) {
    if (!Files.exists(file)) {
      throw new InputException(file, "does not exist");
    }
    if (Files.isDirectory(file)) {
      throw new InputException(file, "is a directory");
    }
    try {
      JsonNode root = Json.MAPPER.readTree(file.toFile());
      if (root.isMissingNode() || root.isEmpty()) {
        throw new InputException(file, "is empty");
      }
      return root;
    } catch (JsonProcessingException e) {
      throw new InputException(file, "is not JSON (line " + line(e) + ")");
    } catch (IOException e) {
      throw new InputException(file, "cannot be read (" + e.getMessage() + ")");
    }
  }

  private static String lastModified(Path file) {
    return Instant.ofEpochMilli(file.toFile().lastModified())
        .atZone(ZoneId.systemDefault())
        .toOffsetDateTime()
        .truncatedTo(ChronoUnit.SECONDS)
        .toString();
  }

  private static int line(JsonProcessingException e) {
    return e.getLocation() == null ? 1 : e.getLocation().getLineNr();
  }

  private static boolean isJmh(JsonNode root) {
    if (!root.isArray()) {
      return false;
    }
    for (JsonNode result : root) {
      if (!result.path("benchmark").isTextual() || !result.path("primaryMetric").isObject()) {
        return false;
      }
    }
    return true;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What each cell of the matrix must come to, from {@code faults-FEATURE.txt}.
 *
 * <p>A line is {@code IMPL SITUATION OPERATION MODE OUTCOME # WHY}. A word is alternatives with |
 * between them, each may hold *; the last line that fits a cell counts.
 */
final class FaultExpectations {
  /** One line of the file. */
  static final class Line {
    private final String text;
    private final List<Pattern> words;
    private final Set<String> outcomes;

    /** What stands behind #, or empty. */
    final String why;

    /** Whether it has decided on a cell. */
    boolean used;

    private Line(String text) {
      this.text = text;
      String[] parts = text.split("#", 2);
      String[] columns = parts[0].strip().split("\\s+");
      if (columns.length != 5) {
        throw new IllegalArgumentException("not five words: " + text);
      }
      this.words = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        words.add(Pattern.compile(columns[i].replace("*", ".*")));
      }
      this.outcomes = Set.of(columns[4].split("\\|"));
      outcomes.forEach(FaultOutcome::of);
      this.why = parts.length > 1 ? parts[1].strip() : "";
    }

    private boolean fits(FaultCell cell) {
      return words.get(0).matcher(cell.impl().word).matches()
          && words.get(1).matcher(cell.situation()).matches()
          && words.get(2).matcher(cell.operation()).matches()
          && words.get(3).matcher(cell.mode().word()).matches();
    }

    boolean allows(FaultOutcome outcome) {
      return outcomes.contains(outcome.word());
    }

    @Override
    public String toString() {
      return text;
    }
  }

  private final List<Line> lines = new ArrayList<>();

  /** Reads the file of a JDK. */
  static FaultExpectations of(int feature) throws IOException {
    String name = "faults-" + feature + ".txt";
    try (InputStream in = FaultExpectations.class.getResourceAsStream(name)) {
      return in == null ? null : parse(new InputStreamReader(in, StandardCharsets.UTF_8));
    }
  }

  private static FaultExpectations parse(Reader reader) throws IOException {
    FaultExpectations expectations = new FaultExpectations();
    try (BufferedReader lines = new BufferedReader(reader)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (!line.isBlank() && !line.startsWith("#")) {
          expectations.lines.add(new Line(line));
        }
      }
    }
    return expectations;
  }

  /** The line that decides on a cell, or null. */
  Line of(FaultCell cell) {
    Line last = null;
    for (Line line : lines) {
      if (line.fits(cell)) {
        last = line;
      }
    }
    if (last != null) {
      last.used = true;
    }
    return last;
  }

  List<Line> lines() {
    return lines;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormat;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs benchmarks in rounds: {@code java -cp benchmarks.jar io.znio.bench.jmh.Suite [--rounds N]
 * [any option of JMH]}. JMH itself runs all forks of a row one after the other, so that a machine
 * that slows down for a minute slows down one row. Here a round is one fork of every row; rows that
 * are compared with one another follow each other, in an order that each round shuffles. What comes
 * out is what JMH writes: one row of raw data for each fork.
 *
 * <p>A row that fails is named with the reason, left out from then on, and is no failure of the
 * run: no JDK and no machine has everything.
 */
public final class Suite {
  private static final String BY = "by";
  private static final int ROUNDS = 3;

  /** The line of a stack that names what was thrown. */
  private static final Pattern CAUSE = Pattern.compile("^[\\w.$]+(Exception|Error)\\b");

  /** One line of the result: a benchmark with its parameters. */
  private record Row(String benchmark, Map<String, String> params) {
    /** Rows of the same group differ only in who does the work. */
    Row group() {
      Map<String, String> others = new TreeMap<>(params);
      others.remove(BY);
      return new Row(benchmark, others);
    }

    @Override
    public String toString() {
      StringBuilder text = new StringBuilder(benchmark);
      params.forEach((name, value) -> text.append(' ').append(name).append('=').append(value));
      return text.toString();
    }
  }

  private final int rounds;
  private final CommandLineOptions options;
  private final Rounds results = new Rounds();
  private final Map<Row, String> failures = new LinkedHashMap<>();

  private Suite(int rounds, CommandLineOptions options) {
    this.rounds = rounds;
    this.options = options;
  }

  /**
   * Runs, and exits with 1 if nothing could be run, with 2 if the command makes no sense.
   *
   * @param arguments {@code --rounds N} first, or {@code --list} for the names of the rows only,
   *     then options of JMH
   */
  public static void main(String... arguments) throws IOException {
    List<String> words = new ArrayList<>(Arrays.asList(arguments));
    try {
      int rounds = ROUNDS;
      if (!words.isEmpty() && words.get(0).equals("--rounds")) {
        rounds = words.size() < 2 ? 0 : Integer.parseInt(words.get(1));
        if (rounds < 1) {
          throw new NumberFormatException();
        }
        words.subList(0, 2).clear();
      }
      boolean lists = words.remove("--list");
      CommandLineOptions options = new CommandLineOptions(words.toArray(String[]::new));
      if (options.shouldHelp()) {
        System.out.println(
            "Usage: java ... " + Suite.class.getName() + " [--rounds N | --list] [options]");
        options.showHelp();
        return;
      }
      Suite suite = new Suite(rounds, options);
      if (lists) {
        suite.groups().values().forEach(group -> group.forEach(System.out::println));
        return;
      }
      System.exit(suite.run() ? 0 : 1);
    } catch (NumberFormatException e) {
      System.err.println("--rounds needs a number from 1 on");
    } catch (CommandLineOptionException e) {
      System.err.println(e.getMessage());
    }
    System.exit(2);
  }

  private boolean run() throws IOException {
    Map<Row, List<Row>> groups = groups();
    for (int round = 1; round <= rounds; round++) {
      System.out.println("round " + round + " of " + rounds);
      for (List<Row> group : groups.values()) {
        Collections.shuffle(group, new Random(round));
        for (Row row : group) {
          if (!failures.containsKey(row)) {
            runOnce(row);
          }
        }
      }
      write();
    }
    failures.forEach((row, why) -> System.out.println("not run: " + row + ": " + why));
    return !results.isEmpty();
  }

  /** All rows that the options ask for, by what is compared. */
  private Map<Row, List<Row>> groups() {
    OutputFormat none = OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT);
    List<String> includes = options.getIncludes().isEmpty() ? List.of(".*") : options.getIncludes();
    Map<Row, List<Row>> groups = new LinkedHashMap<>();
    for (BenchmarkListEntry entry :
        BenchmarkList.defaultList().find(none, includes, options.getExcludes())) {
      Map<String, String[]> declared =
          entry.getParams().hasValue() ? entry.getParams().get() : Map.of();
      for (Map<String, String> params : product(new TreeMap<>(declared))) {
        Row row = new Row(entry.getUsername(), params);
        List<Row> group = groups.computeIfAbsent(row.group(), key -> new ArrayList<>());
        if (!group.contains(row)) { // once for all modes, which the run itself knows
          group.add(row);
        }
      }
    }
    return groups;
  }

  /** Every combination of the values of all parameters; -p replaces what is declared. */
  private List<Map<String, String>> product(Map<String, String[]> declared) {
    List<Map<String, String>> product = List.of(Map.of());
    for (Map.Entry<String, String[]> param : declared.entrySet()) {
      Collection<String> values =
          options.getParameter(param.getKey()).orElse(Arrays.asList(param.getValue()));
      List<Map<String, String>> longer = new ArrayList<>();
      for (Map<String, String> shorter : product) {
        for (String value : values) {
          Map<String, String> one = new TreeMap<>(shorter);
          one.put(param.getKey(), value);
          longer.add(one);
        }
      }
      product = longer;
    }
    return product;
  }

  private void runOnce(Row row) {
    OptionsBuilder one = new OptionsBuilder();
    one.parent(options).include("^" + Pattern.quote(row.benchmark) + "$").forks(1);
    row.params.forEach((name, value) -> one.param(name, value));
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(said, true, StandardCharsets.UTF_8)) {
      Collection<RunResult> result =
          new Runner(one.build(), OutputFormatFactory.createFormatInstance(out, VerboseMode.NORMAL))
              .run();
      for (RunResult each : result) {
        results.add(each);
        Result<?> score = each.getPrimaryResult();
        System.out.printf("  %s: %.3f %s%n", row, score.getScore(), score.getScoreUnit());
      }
      if (result.isEmpty()) {
        failed(row, said.toString(StandardCharsets.UTF_8));
      }
    } catch (RunnerException e) {
      failed(row, e + "\n" + said.toString(StandardCharsets.UTF_8));
    }
  }

  private void failed(Row row, String said) {
    String why = said.lines().filter(CAUSE.asPredicate()).findFirst().orElse(said).strip();
    failures.put(row, why);
    System.out.println("  " + row + ": not run: " + why);
  }

  /** After each round: a run that is ended early has what it has measured. */
  private void write() throws IOException {
    if (results.isEmpty()) {
      return;
    }
    ResultFormatFactory.getInstance(ResultFormatType.TEXT, System.out).writeOut(results.merged());
    ResultFormatType type = options.getResultFormat().orElse(ResultFormatType.JSON);
    String file =
        options.getResult().orElse("jmh-result." + type.toString().toLowerCase(Locale.ROOT));
    try (PrintStream out = new PrintStream(file, StandardCharsets.UTF_8)) {
      ResultFormatFactory.getInstance(type, out).writeOut(results.merged());
    }
    System.out.println("written: " + file);
  }
}

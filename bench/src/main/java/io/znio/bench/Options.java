// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** The command line of {@code bench/compare} and its checks: each mistake is one sentence. */
final class Options {
  private static final int ROUNDS = 7;
  private static final int ROUNDS_MAX = 1000;
  private static final Set<String> TARGETS = Set.of("tcp", "unix", "pipe", "file", "memory");

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "FILE",
      description = "The file to transfer; without it 64 MiB of pseudo-random bytes are made.")
  private Path file;

  @Option(names = "--json", paramLabel = "FILE", description = "Write the report as JSON.")
  private Path json;

  @Option(names = "--html", paramLabel = "FILE", description = "Write the report as one web page.")
  private Path html;

  @Option(names = "--quick", description = "Fewer sizes, shorter measurements: about a minute.")
  private boolean quick;

  @Option(
      names = "--chapters",
      paramLabel = "LIST",
      split = ",",
      description = "Chapters to run (default: all; with --only, --sizes or --targets: paths).")
  private List<String> chapters;

  @Option(
      names = "--only",
      paramLabel = "PATHS",
      split = ",",
      description = "Only these paths or operations, and the JDK rows they are compared with.")
  private List<String> only = List.of();

  @Option(
      names = "--sizes",
      paramLabel = "LIST",
      split = ",",
      description = "Sizes, for example 4KiB,1MiB,file (file: transfers of the file's own size).")
  private List<String> sizes = List.of();

  @Option(
      names = "--targets",
      paramLabel = "LIST",
      split = ",",
      description = "Only rows towards these: tcp, unix, pipe, file, memory.")
  private List<String> targets = List.of();

  @Option(
      names = "--peers",
      paramLabel = "LIST",
      split = ",",
      description = "Other libraries to measure too in the chapter memory: lwjgl.")
  private List<String> peers = List.of();

  @Option(
      names = "--rounds",
      paramLabel = "N",
      description = "Measurements of each row (default: " + ROUNDS + ").")
  private int rounds = ROUNDS;

  @Option(
      names = "--jdks",
      paramLabel = "LIST",
      split = ",",
      description = "More JDKs to run the Java rows: their directories or java programs.")
  private List<Path> jdks;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Seed of the order of rows in a round (default: drawn).")
  private Long seed;

  @Option(
      names = "--scratch",
      paramLabel = "DIR",
      description = "Where scratch files go (default: beside FILE or under the system's own).")
  private Path scratch;

  @Option(
      names = "--flip-byte",
      description = "Self-test: flip one received bit, keep one buffer: no row may be verified.")
  private boolean flip;

  /** Returns the chapters asked for. */
  List<Chapter> chapters(CommandLine line) {
    List<Chapter> known = Compare.chapters();
    if (chapters == null && !(only.isEmpty() && sizes.isEmpty() && targets.isEmpty())) {
      return known.subList(0, 1); // these choose rows of the paths
    }
    if (chapters == null || chapters.contains("all")) {
      return known;
    }
    List<Chapter> chosen = new ArrayList<>();
    for (String name : chapters) {
      chosen.add(
          known.stream()
              .filter(chapter -> chapter.name().equals(name))
              .findFirst()
              .orElseThrow(
                  () ->
                      bad(
                          line,
                          "--chapters: there is no chapter '%s'; choose from %s or all",
                          name,
                          String.join(", ", known.stream().map(Chapter::name).toList()))));
    }
    return chosen;
  }

  /** Checks everything, makes the scratch directory, and the file if none was given. */
  Settings settings(CommandLine line, Cleanup cleanup) throws IOException {
    checkRounds(line);
    Set<String> paths = checkedPaths(line);
    Set<String> wantedTargets = checkedTargets(line);
    Set<String> wantedPeers =
        checkedWords(line, "--peers", "library known here", peers, MemoryRows.PEERS);
    List<Long> wantedSizes = checkedSizes(line);
    boolean own = sizes.isEmpty() || sizes.contains("file");
    checkOutput(line, "--json", json);
    checkOutput(line, "--html", html);
    List<Path> launchers = launchers(line);
    if (file != null) {
      checkFile(line);
    }
    Path tools = tools(line);
    Path source = file == null ? SampleFile.make() : file.toAbsolutePath();
    Path directory = Scratch.create(scratch, source, cleanup);
    return new Settings(
        source,
        Files.size(source),
        quick,
        paths,
        wantedSizes,
        own,
        wantedTargets,
        rounds,
        flip,
        seed == null ? System.nanoTime() & 0xffff_ffffL : seed,
        launchers,
        tools.resolve("znio-bench-runner"),
        tools.resolve("znio-bench-peer"),
        !sizes.isEmpty(),
        wantedPeers,
        directory);
  }

  /** Writes the files that were asked for. */
  void write(ObjectNode report) throws IOException {
    if (json != null) {
      ReportJson.write(report, json);
    }
    if (html != null) {
      ReportHtml.write(report, html);
    }
  }

  private void checkRounds(CommandLine line) {
    if (rounds < 1 || rounds > ROUNDS_MAX) {
      throw bad(line, "--rounds: %d is out of range; give 1 to %d", rounds, ROUNDS_MAX);
    }
  }

  private Set<String> checkedPaths(CommandLine line) {
    Set<String> known = new TreeSet<>(PathFacts.get().all().keySet());
    known.addAll(Workloads.NAMES);
    known.addAll(MemoryRows.OPS);
    known.addAll(ChannelRows.OPS);
    known.addAll(AgentRows.OPS);
    for (String path : only) {
      if (!known.contains(path)) {
        throw bad(
            line, "--only: there is no path '%s'; choose from %s", path, String.join(", ", known));
      }
    }
    return new LinkedHashSet<>(only);
  }

  private Set<String> checkedTargets(CommandLine line) {
    return checkedWords(line, "--targets", "kind of target", targets, TARGETS);
  }

  private static Set<String> checkedWords(
      CommandLine line, String option, String noun, List<String> words, Set<String> known) {
    for (String word : words) {
      if (!known.contains(word)) {
        throw bad(
            line,
            "%s: '%s' is no %s; choose from %s",
            option,
            word,
            noun,
            String.join(", ", new TreeSet<>(known)));
      }
    }
    return new LinkedHashSet<>(words);
  }

  private List<Long> checkedSizes(CommandLine line) {
    if (sizes.isEmpty()) {
      return Rows.sizes(quick);
    }
    Set<Long> parsed = new TreeSet<>();
    for (String size : sizes) {
      if (!size.equals("file")) {
        try {
          parsed.add(Sizes.parse(size));
        } catch (IllegalArgumentException e) {
          throw bad(line, "--sizes: %s, or file", e.getMessage());
        }
      }
    }
    return List.copyOf(parsed);
  }

  private void checkFile(CommandLine line) throws IOException {
    if (!Files.exists(file)) {
      throw bad(line, "%s does not exist; give a file, or none to have one made", file);
    }
    if (Files.isDirectory(file)) {
      throw bad(line, "%s is a directory; give a file", file);
    }
    if (!Files.isRegularFile(file)) {
      throw bad(line, "%s is not a regular file; give one", file);
    }
    if (!Files.isReadable(file)) {
      throw bad(line, "%s cannot be read: permission denied", file);
    }
    if (Files.size(file) == 0) {
      throw bad(line, "%s is empty; give a file with at least one byte", file);
    }
  }

  /** A report that cannot be written must not be found out after minutes of measuring. */
  static void checkOutput(CommandLine line, String option, Path output) {
    if (output == null) {
      return;
    }
    Path directory = output.toAbsolutePath().getParent();
    if (directory == null || !Files.isDirectory(directory)) {
      throw bad(line, "%s: the directory of %s does not exist", option, output);
    }
    if (Files.isDirectory(output)) {
      throw bad(line, "%s: %s is a directory", option, output);
    }
    if (!Files.isWritable(Files.exists(output) ? output : directory)) {
      throw bad(line, "%s: %s cannot be written", option, output);
    }
  }

  /** Java programs from --jdks, else from what the launcher found. */
  private List<Path> launchers(CommandLine line) {
    List<Path> asked = jdks;
    if (asked == null) {
      // A quick run keeps to one JVM: the time would be the same for fewer rounds of each.
      String found = quick ? "" : System.getProperty("znio.bench.jdks", "");
      asked = new ArrayList<>();
      for (String path : found.split("[,:]")) {
        if (!path.isBlank()) {
          asked.add(Path.of(path.strip()));
        }
      }
    }
    List<Path> launchers = new ArrayList<>();
    for (Path path : asked) {
      Path java = Files.isDirectory(path) ? path.resolve("bin/java") : path;
      if (!Files.isExecutable(java)) {
        throw bad(line, "--jdks: %s is no JDK and no java program", path);
      }
      launchers.add(java);
    }
    return launchers;
  }

  private static Path tools(CommandLine line) {
    String directory = System.getProperty("znio.bench.c");
    if (directory == null) {
      throw bad(line, "-Dznio.bench.c=DIR is missing: the directory of znio-bench-runner");
    }
    Path tools = Path.of(directory).toAbsolutePath();
    for (String program : List.of("znio-bench-runner", "znio-bench-peer")) {
      if (!Files.isExecutable(tools.resolve(program))) {
        throw bad(line, "%s is missing; build the C side first", tools.resolve(program));
      }
    }
    return tools;
  }

  private static ParameterException bad(CommandLine line, String format, Object... arguments) {
    return new ParameterException(line, String.format(format, arguments));
  }
}

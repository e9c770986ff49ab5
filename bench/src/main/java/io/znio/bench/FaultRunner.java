// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import io.znio.Mapping;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs one cell of the matrix in a child JVM and reads what came of it. Any thread. */
final class FaultRunner {
  private static final long TIMEOUT_SECONDS = 60;
  private static final int ATTEMPTS = 5;
  private static final int LAST_LINES = 12;
  private static final long CUT_TO = FaultMemory.OFFSET - 4096;

  /**
   * A line of -XX:+PrintCompilation: time, number, marks, tier, method. Of accesses: the method, or
   * the reference to it, into which the JIT has put the method.
   */
  private static final Pattern COMPILED =
      Pattern.compile(
          "^ *\\d+ +\\d+ +[%s!bn ]* +(\\d) +[\\w.]+\\."
              + "(?:FaultAccesses::(\\w+)|FaultOperation\\$\\$Lambda.*::run) \\(.*");

  private static final String FRAME_TITLE = "# Problematic frame:";

  private final Path java;
  private final int feature;
  private final Path scratch;
  private final FaultDisk disk;

  /**
   * Takes a JDK.
   *
   * @param feature its release
   * @param scratch where each child gets a directory of its own
   */
  FaultRunner(Path java, int feature, Path scratch, FaultDisk disk) {
    this.java = java;
    this.feature = feature;
    this.scratch = scratch;
    this.disk = disk;
  }

  /** Runs a cell; whatever goes wrong is told by the result. */
  FaultResult run(FaultCell cell) throws InterruptedException {
    boolean full = cell.fault() == FaultSituation.FULL_DISK;
    if (full && disk.refusal() != null) {
      return FaultResult.skipped(cell, disk.refusal());
    }
    try {
      Path own = Files.createTempDirectory(scratch, "fault-");
      try {
        FaultResult result = run(cell, own);
        for (int i = 1; i < ATTEMPTS && result == null; i++) {
          Scratch.delete(own);
          Files.createDirectory(own);
          result = run(cell, own);
        }
        return result == null
            ? FaultResult.failed(cell, "in " + ATTEMPTS + " attempts the memory was not reused")
            : result;
      } finally {
        Scratch.delete(own);
        Files.deleteIfExists(disk.directory().resolve(own.getFileName()));
      }
    } catch (IOException e) {
      return FaultResult.failed(cell, e.toString());
    }
  }

  /** Null: try again. */
  private FaultResult run(FaultCell cell, Path own) throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(command(cell, own)).redirectErrorStream(true);
    // Blocks of the cases get pages of their own: once freed, nothing smaller of the JVM's settles
    // in them, and the next owner gets the same.
    builder.environment().put("GLIBC_TUNABLES", "glibc.malloc.mmap_threshold=4096");
    Process process = builder.start();
    Watchdog watchdog = new Watchdog(process);
    watchdog.start();
    try {
      Output output = new Output(cell, process, errorFile(own));
      output.read();
      int status = process.waitFor();
      return watchdog.hasBitten()
          ? FaultResult.failed(cell, "no end after " + TIMEOUT_SECONDS + " s: " + output.last())
          : output.result(status);
    } finally {
      process.destroyForcibly();
      watchdog.interrupt();
      watchdog.join();
    }
  }

  private List<String> command(FaultCell cell, Path own) {
    List<String> command = new ArrayList<>(List.of(java.toString(), "-Xmx64m", "-Xshare:auto"));
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:-UsePerfData", "-XX:-CreateCoredumpOnCrash"));
    command.add("-XX:ErrorFile=" + errorFile(own));
    command.add("-XX:+PrintCompilation");
    command.addAll(cell.mode().options);
    command.add("--enable-native-access=ALL-UNNAMED");
    if (feature >= 23) {
      command.add("--sun-misc-unsafe-memory-access=allow");
    }
    if (cell.impl().isZnio()) {
      command.add("-Dio.znio.safety=" + cell.impl().level);
      command.add("-Dio.znio.jmx=off");
      command.add("-Dio.znio.maxBytes=1g"); // the heap's size would be the default
      String library = System.getProperty("io.znio.library");
      if (library != null) {
        command.add("-Dio.znio.library=" + library);
      }
    }
    command.addAll(List.of("-cp", classPath(), FaultChild.class.getName()));
    command.addAll(List.of(cell.situation(), cell.operation()));
    command.addAll(List.of(cell.impl().name(), cell.mode().name(), own.toString()));
    command.add(disk.directory().toString());
    return command;
  }

  /** Where the JVM reports its death: the sign of it that nothing else can garble. */
  private static Path errorFile(Path own) {
    return own.resolve("hs_err.log");
  }

  /** This program and znio; the children need nothing else. */
  private static String classPath() {
    Set<String> entries = new LinkedHashSet<>();
    for (Class<?> type : List.of(FaultChild.class, Mapping.class)) {
      try {
        entries.add(
            Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString());
      } catch (URISyntaxException e) {
        throw new IllegalStateException(e);
      }
    }
    return String.join(":", entries);
  }

  /** Ends a child that does not end. */
  private static final class Watchdog extends Thread {
    private final Process process;
    private volatile boolean bitten;

    Watchdog(Process process) {
      super("watchdog");
      this.process = process;
      setDaemon(true);
    }

    @Override
    public void run() {
      try {
        if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
          bitten = true;
          process.destroyForcibly();
        }
      } catch (InterruptedException e) {
        // the child has ended
      }
    }

    boolean hasBitten() {
      return bitten;
    }
  }

  /** What a child says. */
  private static final class Output {
    private final FaultCell cell;
    private final Process process;
    private final Path errorFile;
    private final Deque<String> last = new ArrayDeque<>();
    private FaultVerdict verdict;
    private int level;
    private boolean again;

    Output(FaultCell cell, Process process, Path errorFile) {
      this.errorFile = errorFile;
      this.cell = cell;
      this.process = process;
    }

    void read() throws IOException {
      try (BufferedReader lines =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          take(line);
        }
      }
    }

    private void take(String line) throws IOException {
      Matcher compiled = COMPILED.matcher(line);
      if (compiled.matches()) {
        String method =
            cell.fault() == null ? FaultOperation.BYTE_LOOP.method() : cell.access().method();
        if (compiled.group(2) == null || compiled.group(2).equals(method)) {
          level = Math.max(level, Integer.parseInt(compiled.group(1)));
        }
        return;
      }
      // What the JVM was about to print may stand before it.
      int from = line.indexOf(FaultChild.MARK);
      if (from >= 0) {
        obey(line.substring(from + FaultChild.MARK.length()).split(" ", 3));
      } else if (!line.isBlank()) {
        last.add(line);
        if (last.size() > LAST_LINES) {
          last.remove();
        }
      }
    }

    private void obey(String[] words) throws IOException {
      if (words[0].equals("truncate")) {
        try (RandomAccessFile file = new RandomAccessFile(words[1], "rw")) {
          file.setLength(CUT_TO);
        }
        process.getOutputStream().write('\n');
        process.getOutputStream().flush();
      } else if (words[0].equals("again")) {
        again = true;
      } else {
        verdict = new FaultVerdict(FaultOutcome.of(words[1]), words[2]);
      }
    }

    String last() {
      return String.join(" | ", last);
    }

    /** Null: try again. */
    FaultResult result(int status) throws IOException {
      if (Files.exists(errorFile)) {
        verdict = new FaultVerdict(FaultOutcome.CRASH, frame());
      } else if (again) {
        return null;
      }
      if (verdict == null) {
        return FaultResult.failed(cell, "status " + status + " and no outcome: " + last());
      }
      if (!isCompiled()) {
        return FaultResult.failed(
            cell, "compiled with tier " + level + ", not " + cell.mode().level);
      }
      return FaultResult.of(cell, verdict);
    }

    /** Where the JVM died, by its own report. */
    private String frame() throws IOException {
      List<String> lines = Files.readAllLines(errorFile, StandardCharsets.ISO_8859_1);
      int title = lines.indexOf(FRAME_TITLE);
      return title < 0 || title + 1 >= lines.size()
          ? "the JVM does not say where"
          : lines.get(title + 1).replaceFirst("^# *", "");
    }

    /** Of misuses only those with a loop have anything to compile. */
    private boolean isCompiled() {
      boolean loops = cell.fault() != null || cell.operation().endsWith("loop");
      return !loops || level == cell.mode().level;
    }
  }
}

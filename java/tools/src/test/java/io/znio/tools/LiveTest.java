// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The commands that meet a JVM that runs: what is printed is what the agent counted there. */
class LiveTest {
  private static final String LATE = "-XX:+EnableDynamicAgentLoading";

  @TempDir Path directory;

  /** Lines of "top --once" by their first word, as numbers by the words of the head line. */
  private static Map<String, Map<String, Long>> table(String once) {
    Map<String, Map<String, Long>> result = new LinkedHashMap<>();
    List<String> head = List.of();
    for (String line : once.lines().toList()) {
      List<String> words = List.of(line.strip().split(" +"));
      if (words.get(0).equals("live") || words.get(0).equals("native")) {
        head = words;
      } else if (words.size() > 1) {
        Map<String, Long> cells = new LinkedHashMap<>();
        for (int i = 1; i < words.size(); i++) {
          cells.put(head.get(i), Long.parseLong(words.get(i)));
        }
        result.put(words.get(0), cells);
      }
    }
    return result;
  }

  private static Map<String, Map<String, Long>> once(TargetJvm target) {
    Answer answer = Answer.of("top", "--once", target.pid());
    assertThat(answer.status()).as(answer.errors()).isZero();
    return table(answer.output());
  }

  private static JsonNode dump(TargetJvm target, Path file) throws IOException {
    Answer answer = Answer.of("dump", target.pid());
    assertThat(answer).isEqualTo(new Answer(0, file + System.lineSeparator(), ""));
    return new ObjectMapper().readTree(file.toFile());
  }

  private static void checkSame(Map<String, Map<String, Long>> counted, JsonNode report) {
    JsonNode natives = report.path("natives");
    assertThat(natives.size()).isGreaterThan(10);
    for (JsonNode entry : natives) {
      Map<String, Long> cells = counted.get(entry.path("name").asText());
      assertThat(cells).as(entry.toString()).hasSizeGreaterThanOrEqualTo(10);
      cells.forEach(
          (column, count) ->
              assertThat(entry.path(column).asLong(-1)).as(column + entry).isEqualTo(count));
    }
    for (String kind : List.of("unsafe", "mapped")) {
      JsonNode live = report.path("live").path(kind);
      counted
          .get(kind)
          .forEach((word, count) -> assertThat(live.path(word).asLong(-1)).isEqualTo(count));
    }
  }

  /** Puts the library where the test's own files are: nothing stays in the user's cache. */
  private Answer attach(TargetJvm target, String... options) {
    String[] arguments = new String[options.length + 4];
    arguments[0] = "attach";
    arguments[1] = "--directory";
    arguments[2] = directory.resolve("library").toString();
    arguments[3] = target.pid();
    System.arraycopy(options, 0, arguments, 4, options.length);
    return Answer.of(arguments);
  }

  @Test
  void theCountersAreThoseOfTheReport() throws Exception {
    Path json = directory.resolve("report.json");
    try (TargetJvm target = TargetJvm.start(directory, LATE)) {
      assertThat(attach(target, "json=" + json, "stacks=all"))
          .isEqualTo(
              new Answer(
                  0,
                  String.format(
                      "The agent is in process %1$s. Its counters: java/znio top %1$s; its report:"
                          + " java/znio dump %1$s%n",
                      target.pid()),
                  ""));
      target.workAndStay();
      Map<String, Map<String, Long>> counted = once(target);
      checkSame(counted, dump(target, json));
      assertThat(once(target)).isEqualTo(counted); // the dump itself counts nothing
      assertThat(counted.get("pread0")).containsEntry("calls", 80L).containsEntry("bytes", 8000L);
      target.work(); // the JDK's own memory was allocated the first time
      Map<String, Map<String, Long>> more = once(target);
      assertThat(more.get("pread0")).containsEntry("calls", 160L).containsEntry("bytes", 16000L);
      for (String word : List.of("items", "bytes")) {
        long born = more.get("unsafe").get(word) - counted.get("unsafe").get(word);
        assertThat(born).as(word).isEqualTo(word.equals("items") ? 80 : 64000);
      }
      assertThat(target.errors()).isEmpty();
    }
  }

  @Test
  void whatAgentPrintsStartsAJvm() throws Exception {
    Answer answer =
        Answer.of("agent", "--directory", directory + "/library", "json=r-%p.json,stacks=all");
    assertThat(answer.status()).as(answer.errors()).isZero();
    try (TargetJvm target = TargetJvm.start(directory, answer.output().strip())) {
      target.work();
      Path json = directory.resolve("r-" + target.pid() + ".json"); // in its working directory
      checkSame(once(target), dump(target, json.toRealPath()));
    }
  }

  @Test
  void otherOptionsComeByAttachingOnceMore() throws Exception {
    try (TargetJvm target = TargetJvm.start(directory, LATE)) {
      assertThat(attach(target, "log=off").status()).isZero();
      Answer without = Answer.of("dump", target.pid());
      assertThat(without.status()).isEqualTo(1);
      assertThat(without.errors())
          .isEqualTo(
              String.format(
                  "znio: the agent in process %1$s was told no file for its report: java/znio"
                      + " attach %1$s json=FILE%n",
                  target.pid()));
      // The library that is there is the one that is used: no directory is needed for it.
      Path json = directory.resolve("late.json");
      assertThat(Answer.of("attach", target.pid(), "json=" + json).status()).isZero();
      target.work();
      checkSame(once(target), dump(target, json));
    }
  }

  @Test
  void aReportThatCannotBeWrittenIsNotWaitedForInVain() throws Exception {
    Path json = directory.resolve("gone/report.json");
    Files.createDirectory(json.getParent());
    try (TargetJvm target = TargetJvm.start(directory, LATE)) {
      assertThat(attach(target, "json=" + json).status()).isZero();
      Files.deleteIfExists(json);
      Files.delete(json.getParent());
      Answer answer = Answer.of("dump", "--timeout", "5", target.pid());
      assertThat(answer.status()).isEqualTo(1);
      assertThat(answer.errors()).startsWith("znio: no whole report came to " + json);
    }
  }

  @Test
  void linesComeUntilTheProcessEnds() throws Exception {
    CountDownLatch shown = new CountDownLatch(2);
    StringWriter output =
        new StringWriter() {
          @Override
          public void flush() { // after each look
            shown.countDown();
          }
        };
    CommandLine line = Tools.commandLine().setOut(new PrintWriter(output));
    FutureTask<Integer> top;
    try (TargetJvm target = TargetJvm.start(directory, LATE)) {
      assertThat(attach(target).status()).isZero();
      target.work();
      top = new FutureTask<>(() -> line.execute("top", "--interval", "0.1", target.pid()));
      new Thread(top).start();
      shown.await();
    }
    assertThat(top.get()).isZero();
    assertThat(output.toString())
        .contains("live", "allocateMemory0")
        .doesNotContain("\033")
        .endsWith("has ended." + System.lineSeparator());
  }

  @Test
  void withoutTheAgentTheRemedyIsNamed() throws Exception {
    try (TargetJvm target = TargetJvm.start(directory)) {
      for (String command : List.of("top", "dump")) {
        Answer answer = Answer.of(command, target.pid());
        assertThat(answer)
            .isEqualTo(
                new Answer(
                    1,
                    "",
                    String.format(
                        "znio: the agent is not in process %1$s: java/znio attach %1$s%n",
                        target.pid())));
      }
    }
  }

  @Test
  void aJvmThatForbidsItIsLeftAlone() throws Exception {
    try (TargetJvm target = TargetJvm.start(directory, "-XX:+DisableAttachMechanism")) {
      Answer answer = attach(target);
      assertThat(answer.status()).isEqualTo(1);
      assertThat(answer.errors()).contains("was started with -XX:+DisableAttachMechanism");
    }
    if (Runtime.version().feature() < 21) {
      return; // it loads an agent whatever the option says
    }
    try (TargetJvm target = TargetJvm.start(directory, "-XX:-EnableDynamicAgentLoading")) {
      Answer answer = attach(target);
      assertThat(answer.status()).isEqualTo(1);
      assertThat(answer.errors()).contains("was started with -XX:-EnableDynamicAgentLoading");
    }
    try (TargetJvm target = TargetJvm.start(directory)) {
      assertThat(attach(target).output()).contains("has printed a warning of this");
      assertThat(target.errors()).contains("WARNING: A JVM TI agent has been loaded dynamically");
    }
  }

  @Test
  void whatIsNoJvmIsNamed() throws Exception {
    Process process = new ProcessBuilder("cat").start(); // ends with its input
    try {
      String pid = Long.toString(process.pid());
      for (String command : List.of("attach", "dump")) {
        Answer answer = Answer.of(command, pid);
        assertThat(answer.status()).isEqualTo(1);
        assertThat(answer.errors())
            .isEqualTo(String.format("znio: process %s is not a JVM: it has no libjvm.so%n", pid));
      }
    } finally {
      process.getOutputStream().close();
      process.destroyForcibly();
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.znio.bench.WorkerProcess.WorkerException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Small lives in real JVMs: what is verified has happened, and what has not is found. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LifeWorkerTest {
  private static final long SECONDS = 60;

  /** Long enough for a machine that does other things: a life that ends does not wait for it. */
  private static final int WATCH_MILLIS = 20_000;

  @TempDir Path directory;

  private static JsonNode run(LifeRow row, Path file, boolean flip, int watch)
      throws WorkerException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of("-XX:+IgnoreUnrecognizedVMOptions", "--enable-native-access=ALL-UNNAMED"));
    command.addAll(row.jvmOptions());
    command.add("-cp");
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add(Worker.class.getName());
    try (WorkerProcess worker = new WorkerProcess("lifecycle worker", command, Map.of())) {
      Wire wire = row.command(true).with("file", file).with("flip", flip ? 1 : null);
      if (!row.op().equals("limit")) {
        wire.with("watch", watch);
      }
      return worker.ask(wire, SECONDS);
    }
  }

  private static LifeRow row(String op, String impl, String by, int count) {
    String level = impl.equals("znio") ? "tracked" : null;
    String leaks = impl.equals("znio") && by.equals("gc") ? "full" : null;
    return new LifeRow(op, impl, "0", level, by, leaks, null, null, count, 64 << 10);
  }

  private static LifeRow limit(String impl, String content) {
    String level = impl.equals("znio") ? "tracked" : null;
    String leaks = impl.equals("znio") ? "full" : null;
    return new LifeRow("limit", impl, "0", level, null, leaks, content, "off", 0, 8 << 20);
  }

  @ParameterizedTest
  @ValueSource(strings = {"jdk gc", "jdk free", "znio gc", "znio free"})
  void buffersThatEndAreVerified(String what) throws Exception {
    String[] words = what.split(" ");
    JsonNode answer = run(row("buffers", words[0], words[1], 9), null, false, WATCH_MILLIS);
    assertThat(answer.path("verified").asBoolean()).as("%s", answer).isTrue();
    assertThat(answer.at("/events/cleaned/count").asInt()).isEqualTo(9);
    assertThat(answer.at("/events/cleaned/first_ms").asDouble()).isPositive();
    assertThat(answer.at("/events/cleaned/last_ms").asDouble())
        .isGreaterThanOrEqualTo(answer.at("/events/cleaned/first_ms").asDouble());
    boolean dropped = words[1].equals("gc");
    assertThat(answer.at("/events/found/count").asInt()).isEqualTo(dropped ? 9 : 0);
    if (dropped) {
      assertThat(answer.at("/gc/count").asInt()).isPositive();
    }
    if (what.equals("znio gc")) {
      assertThat(answer.get("birth").asText()).contains("LifePicture.makeAll");
      assertThat(answer.get("told_by").asText()).isEqualTo("znio-housekeeper");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"jdk gc", "jdk free", "znio gc", "znio free"})
  void aBufferThatIsKeptIsFound(String what) throws Exception {
    String[] words = what.split(" ");
    JsonNode answer = run(row("buffers", words[0], words[1], 9), null, true, 50);
    assertThat(answer.path("verified").asBoolean(true)).as("%s", answer).isFalse();
    assertThat(answer.path("wrong").asText()).contains("live on");
  }

  @ParameterizedTest
  @ValueSource(strings = {"jdk gc", "jdk free", "znio gc", "znio free"})
  void mappingsThatEndAreGoneFromTheKernelsList(String what) throws Exception {
    String[] words = what.split(" ");
    LifeRow row = row("mappings", words[0], words[1], 9);
    JsonNode answer = run(row, file(row), false, WATCH_MILLIS);
    assertThat(answer.path("verified").asBoolean()).as("%s", answer).isTrue();
    assertThat(answer.at("/events/cleaned/count").asInt()).isEqualTo(9);
  }

  private Path file(LifeRow row) throws IOException {
    Path path = directory.resolve("mapped");
    try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
      file.setLength((long) row.count() * row.size());
    }
    return path;
  }

  @Test
  void onlySampledBuffersAreFoundWhereThatIsTheRule() throws Exception {
    LifeRow row =
        new LifeRow("many", "znio", "0", "tracked", "gc", "sampled", null, null, 5000, 64);
    JsonNode answer = run(row, null, false, 500);
    assertThat(answer.path("verified").asBoolean()).as("%s", answer).isTrue();
    assertThat(answer.at("/events/cleaned/count").asInt()).isBetween(1, 4999);
  }

  @ParameterizedTest
  @ValueSource(strings = {"jdk live", "jdk garbage", "znio live", "znio garbage"})
  void theLimitHolds(String what) throws Exception {
    String[] words = what.split(" ");
    JsonNode answer = run(limit(words[0], words[1]), null, false, 0);
    assertThat(answer.path("verified").asBoolean()).as("%s", answer).isTrue();
    for (JsonNode attempt : answer.get("attempts")) {
      String outcome = what.equals("jdk garbage") ? "allocated" : "OutOfMemoryError";
      assertThat(attempt.get("outcome").asText()).isEqualTo(outcome);
      assertThat(attempt.get("ms").asDouble()).isPositive();
      if (what.equals("jdk live")) {
        assertThat(attempt.get("waits").asInt()).isPositive();
        assertThat(attempt.get("collections").asInt()).isPositive();
      } else if (words[0].equals("znio")) {
        assertThat(attempt.get("waits").asInt()).isZero();
        assertThat(attempt.get("message").asText()).contains("Largest live sites");
      }
    }
  }

  @Test
  void aBufferThatIsKeptAtTheLimitIsFound() throws Exception {
    JsonNode answer = run(limit("znio", "garbage"), null, true, 0);
    assertThat(answer.path("verified").asBoolean(true)).as("%s", answer).isFalse();
  }

  @Test
  void aLevelThatIsNotInForceIsAReasonToSkip() throws Exception {
    LifeRow wrong =
        new LifeRow("buffers", "znio", "0", "no-such-level", "free", null, null, null, 1, 4096);
    JsonNode answer = run(wrong, null, false, 0);
    assertThat(answer.path("skipped").asText()).contains("runs at the level");
  }
}

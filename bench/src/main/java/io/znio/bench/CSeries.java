// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.znio.bench.WorkerProcess.WorkerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The C runner, which keeps one stream open and moves it on when it is told to. It always has one
 * command more than answers are waited for, so that it never waits for the JVM: the time of a step
 * is the runner's.
 */
final class CSeries extends TransferSeries {
  private static final long TIMEOUT_SECONDS = 180;

  private final WorkerProcess runner;
  private Path made;
  private long told;
  private Wire ahead;

  CSeries(TransferWork work) throws IOException {
    super(work);
    String program = BenchPrograms.find("znio-bench-runner").toString();
    try {
      runner = new WorkerProcess("C runner", List.of(program), Map.of());
    } catch (WorkerException e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  private JsonNode ask(Wire command) throws Exception {
    runner.tell(command);
    return hear(command);
  }

  private JsonNode hear(Wire command) throws Exception {
    JsonNode answer = runner.hear(command, TIMEOUT_SECONDS);
    if (answer.path("ok").asBoolean()) {
      return answer;
    }
    if (answer.hasNonNull("skipped")) {
      throw new SkippedException(answer.get("skipped").asText());
    }
    throw new IOException("the C runner: " + answer.path("failed").asText());
  }

  @Override
  void open() throws Exception {
    work.slots();
    told = 0;
    ahead = null;
    made = work.isToPeer() ? null : TargetFile.make(work);
    ask(
        new Wire("stream-open")
            .with("impl", "c")
            .with("source", work.source())
            .with("target", work.target())
            .with("file", work.file())
            .with("into", made)
            .with("size", work.size())
            .with("flip", work.flip() ? 1 : null));
  }

  @Override
  void step(int count) throws Exception {
    Wire command = new Wire("stream-move").with("count", count);
    if (ahead == null) {
      tell(command, count);
    }
    tell(command, count);
    hear(command);
    ahead = command;
  }

  private void tell(Wire command, int count) throws Exception {
    runner.tell(command);
    told += count;
  }

  @Override
  String finish() throws Exception {
    try {
      if (ahead != null) {
        hear(ahead);
      }
      moved = told;
      JsonNode answer = ask(new Wire("stream-close"));
      if (answer.path("transfers").asLong() != moved) {
        return "the C runner has made " + answer.path("transfers").asLong() + " transfers";
      }
      if (!work.isToPeer()) {
        return compare(made);
      }
      return answer.path("verified").asBoolean() ? null : "what has arrived is not what was sent";
    } finally {
      discard();
    }
  }

  private void discard() throws IOException {
    if (made != null) {
      Files.deleteIfExists(made);
      made = null;
    }
  }

  @Override
  public void close() throws Exception {
    runner.close();
    discard();
  }
}

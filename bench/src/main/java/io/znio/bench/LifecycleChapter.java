// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.znio.bench.WorkerProcess.WorkerException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * The chapter "lifecycle": how off-heap memory ends, of the JDK beside znio. Every measurement has
 * a JVM of its own, with a small heap and a limit; each round runs every row once, in an order that
 * is drawn anew.
 */
final class LifecycleChapter implements Chapter {
  private static final long TIMEOUT_SECONDS = 60;

  @Override
  public String name() {
    return "lifecycle";
  }

  @Override
  public String text(JsonNode chapter) {
    return LifeTable.text(chapter);
  }

  @Override
  public ObjectNode run(Session session) throws InterruptedException {
    Settings settings = session.settings();
    List<LifeResult> results = new ArrayList<>();
    for (LifeRow row : LifeRow.all(session.jdks(), settings.quick())) {
      results.add(new LifeResult(row));
    }
    // A round takes as long as the JDK sleeps: one must do where time is short.
    int rounds = settings.quick() ? 1 : settings.rounds();
    session.progress().start(name(), (long) results.size() * rounds);
    Random random = new Random(settings.seed());
    Stopwatch watch = new Stopwatch();
    Path file = settings.scratch().resolve("lifecycle-mapped");
    Rounds.run(
        results, 1, rounds, session, random, (result, round) -> measure(session, result, file));
    watch.lap("rounds");
    session.progress().close();
    ObjectNode chapter = Json.object();
    chapter.put("rounds", rounds);
    ArrayNode rows = chapter.putArray("rows");
    results.forEach(result -> rows.add(result.json()));
    chapter.set("seconds", watch.seconds());
    return chapter;
  }

  private static void measure(Session session, LifeResult result, Path file)
      throws InterruptedException {
    LifeRow row = result.row();
    if (session.cleanup().isStopping()) {
      return;
    }
    session.progress().at(row.label());
    Wire command = row.command(session.settings().quick());
    if (session.settings().flip()) {
      command.with("flip", 1);
    }
    try {
      if (row.op().equals("mappings")) {
        makeFile(file, (long) row.count() * row.size());
        command.with("file", file);
      }
      try (WorkerProcess worker = session.workers().startJava(row.jdk(), row.jvmOptions())) {
        result.take(worker.ask(command, TIMEOUT_SECONDS));
      }
    } catch (WorkerException e) {
      result.fail(e.getMessage());
    } catch (IOException e) {
      result.fail("the file to be mapped cannot be made: " + e.getMessage());
    }
  }

  private static void makeFile(Path file, long bytes) throws IOException {
    if (!Files.exists(file)) {
      try (RandomAccessFile made = new RandomAccessFile(file.toFile(), "rw")) {
        made.setLength(bytes);
      }
    }
  }
}

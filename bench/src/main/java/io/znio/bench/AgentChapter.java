// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.znio.Platform;
import io.znio.bench.Shell.ShellException;
import io.znio.bench.WorkerProcess.WorkerException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * The chapter "agent": the JDK with and without the agent. Rows of a group are measured as {@link
 * Rounds} says, each mode in JVMs of its own. What the library does not know is skipped, with its
 * own words.
 */
final class AgentChapter implements Chapter {
  private static final long TIMEOUT_SECONDS = 180;
  private static final long KAFKA_SECONDS = 600;
  private static final int KAFKA_RECORDS = 300_000;

  /** In one measurement. */
  private static final int STARTS = 4;

  private static final int STARTS_QUICK = 1;
  private static final String COMPILE_AT_ONCE = "-Xbatch";

  /** The script that has Kafka's jars, or fetches them. */
  private static final String KAFKA = "znio.bench.kafka";

  private final Map<String, String> missing = new HashMap<>();
  private Session session;
  private Places places;
  private String library;
  private String kafkaPath;

  @Override
  public String name() {
    return "agent";
  }

  @Override
  public String text(JsonNode chapter) {
    return AgentTable.text(chapter);
  }

  @Override
  public ObjectNode run(Session session) throws InterruptedException {
    this.session = session;
    Settings settings = session.settings();
    this.places = new Places(settings, session.cleanup());
    Random random = new Random(settings.seed());
    Map<AgentRow.Group, List<AgentResult>> groups = new LinkedHashMap<>();
    List<AgentResult> results = new ArrayList<>();
    for (AgentRow row : AgentRows.measured(settings, session.jdks())) {
      AgentResult result = new AgentResult(row);
      results.add(result);
      groups.computeIfAbsent(row.group(), group -> new ArrayList<>()).add(result);
      prepare(result);
    }
    session.progress().start("agent", (long) results.size() * (settings.rounds() + 1));
    Stopwatch watch = new Stopwatch();
    for (Map.Entry<AgentRow.Group, List<AgentResult>> group : groups.entrySet()) {
      session.progress().at(group.getKey().title());
      Rounds.run(
          group.getValue(),
          session,
          random,
          watch,
          this::warmUp,
          (result, round) -> measure(result, result.operations, round));
    }
    results.forEach(result -> session.workers().end(result.row.worker()));
    session.progress().close();
    ObjectNode chapter = new AgentJson(settings, results).chapter();
    chapter.set("seconds", watch.seconds());
    return chapter;
  }

  /** Makes its JVM known, or says why there is none. */
  private void prepare(AgentResult result) throws InterruptedException {
    AgentRow row = result.row;
    try {
      if (library == null) {
        library = library(session.settings().scratch()).toString();
      }
      List<String> options = new ArrayList<>(List.of(COMPILE_AT_ONCE));
      options.addAll(row.jvmOptions(library));
      session.workers().define(row.worker(), row.jdk(), options);
      result.skipped = row.isStock() ? null : missing(row);
    } catch (IOException | ShellException e) {
      result.failed = e.getMessage();
    }
    if (row.op().equals(AgentRows.KAFKA) && result.isOpen()) {
      result.skipped = prepareKafka();
    }
  }

  /** Why no broker can run; null if one can. */
  private String prepareKafka() throws InterruptedException {
    if (session.settings().quick()) {
      return "--quick: records of a Kafka broker take minutes";
    }
    String script = System.getProperty(KAFKA);
    if (script == null) {
      return "-D" + KAFKA + "=SCRIPT is missing, which has Kafka's jars";
    }
    if (kafkaPath == null) {
      try {
        String said = Shell.run(KAFKA_SECONDS, List.of(script, "--path"));
        kafkaPath = said.lines().reduce((first, last) -> last).orElse("");
      } catch (ShellException e) {
        return e.getMessage();
      }
    }
    return null;
  }

  /** The library as a file, as -agentpath needs it. */
  private static Path library(Path scratch) throws IOException {
    Path file = scratch.resolve("libznio.so");
    try (InputStream in = Platform.current().openLibrary()) {
      Files.copy(in, file);
    }
    return file;
  }

  /** What the agent says of a mode that it does not know on this JDK; null if it says nothing. */
  private String missing(AgentRow row) throws ShellException, InterruptedException {
    String key = row.jdk() + " " + row.options();
    if (!missing.containsKey(key)) {
      List<String> command = start(row);
      missing.put(
          key,
          Shell.run(command)
              .lines()
              .filter(said -> said.contains("agent"))
              .findFirst()
              .orElse(null));
    }
    return missing.get(key);
  }

  private List<String> start(AgentRow row) {
    List<String> command = new ArrayList<>();
    command.add(session.workers().launcher(row.jdk()).toString());
    command.add("-Xshare:auto");
    command.addAll(row.jvmOptions(library));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(AgentStart.class.getName());
    return command;
  }

  private void warmUp(AgentResult result) throws InterruptedException {
    Settings settings = session.settings();
    switch (result.row.op()) {
      case AgentRows.START_UP -> {
        result.operations = settings.quick() ? STARTS_QUICK : STARTS;
        measure(result, 1, 0);
      }
      case AgentRows.KAFKA -> result.operations = KAFKA_RECORDS;
      default ->
          result.operations =
              Rounds.warmUp(
                  result,
                  ChannelChapter.amount(result.row.isTransfer(), result.row.size()),
                  new Rounds.Patience(
                      settings.warmUpNanos(),
                      result.row.isTransfer() ? 1 : ChannelChapter.WARM_UP_OPERATIONS,
                      10 * settings.warmUpNanos(),
                      ChannelChapter.WARM_UP_CALLS_MAX),
                  settings.measurementNanos(),
                  this::measure);
    }
  }

  /** Runs a row once and returns the nanoseconds it took, 0 if it did not run. */
  private long measure(AgentResult result, long count, int round) throws InterruptedException {
    try {
      JsonNode answer =
          switch (result.row.op()) {
            case AgentRows.START_UP -> starts(result.row, count);
            case AgentRows.KAFKA -> kafka(result.row, round);
            default ->
                session
                    .workers()
                    .ask(result.row.worker(), command(result.row, count), TIMEOUT_SECONDS);
          };
      result.take(answer, count, round);
      return answer.path("nanos").asLong();
    } catch (WorkerException | ShellException | IOException e) {
      result.failed = e.getMessage();
      return 0;
    }
  }

  private Wire command(AgentRow row, long count) throws ShellException, InterruptedException {
    Settings settings = session.settings();
    Wire command =
        switch (row.op()) {
          case AgentRows.TRANSFER_TO, AgentRows.TRANSFER_FROM ->
              ChannelChapter.transfer(places, "jdk", row.op(), row.peer(), row.size(), count);
          case AgentRows.READ ->
              ChannelChapter.call(
                  row.op(), "jdk", ChannelPlan.AS_ALLOCATED, row.size(), count, settings);
          default ->
              new Wire("memory")
                  .with("op", AgentRows.ALLOCATE)
                  .with("impl", "jdk-clean")
                  .with("size", row.size())
                  .with("zeroed", 1)
                  .with("threads", 1)
                  .with("count", count)
                  .with("scratch", settings.scratch());
        };
    return command.with("flip", settings.flip() ? 1 : null);
  }

  /** Starts of a JVM that has nothing to do, one after the other. */
  private JsonNode starts(AgentRow row, long count) throws ShellException, InterruptedException {
    String said = "";
    long begin = System.nanoTime();
    for (long i = 0; i < count; i++) {
      said += Shell.run(start(row));
    }
    long nanos = System.nanoTime() - begin;
    return MemoryRun.answer(count, said.isEmpty() ? null : "it says " + said).put("nanos", nanos);
  }

  /** One broker's life, as tests/kafka has it: each record is verified there. */
  private JsonNode kafka(AgentRow row, int round)
      throws IOException, ShellException, InterruptedException {
    Settings settings = session.settings();
    Path directory = Files.createTempDirectory(settings.scratch(), "kafka");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx512m", "-cp", kafkaPath));
    command.addAll(List.of("io.znio.applications.Kafka", "records"));
    command.add("java=" + session.workers().launcher(row.jdk()));
    command.add("directory=" + directory);
    command.add("records=" + KAFKA_RECORDS);
    if (!row.isStock()) {
      command.add("agent=" + library + "=" + row.options());
    }
    String said = Shell.run(KAFKA_SECONDS, command);
    Scratch.delete(directory);
    JsonNode result =
        Json.MAPPER.readTree(
            said.lines().filter(line -> line.startsWith("{")).findFirst().orElse("{}"));
    double millis = result.path("write_ms").asDouble() + result.path("read_ms").asDouble();
    String problem = result.path("records").asInt() == KAFKA_RECORDS ? null : "no result: " + said;
    return MemoryRun.answer(KAFKA_RECORDS, problem).put("nanos", Math.round(millis * 1e6));
  }
}

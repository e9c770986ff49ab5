// SPDX-License-Identifier: Apache-2.0
package io.znio.applications;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A broker of Kafka in a JVM of its own, which is ended with this one. Not thread-safe. */
final class Broker implements AutoCloseable {
  private static final long SECONDS = 120;

  private final Settings settings;
  private final Path directory;
  private final Endpoints.Endpoint endpoint;
  private int starts;
  private Process process;

  /**
   * Makes its files; {@link #start} starts it.
   *
   * @param endpoint which of the cluster's brokers it is
   */
  Broker(Settings settings, Endpoints endpoints, Endpoints.Endpoint endpoint) throws IOException {
    this.settings = settings;
    this.endpoint = endpoint;
    directory = Files.createDirectories(settings.directory().resolve("broker-" + endpoint.id()));
    Files.write(configuration(), configuration(endpoints));
    Runtime.getRuntime().addShutdownHook(new Thread(this::close));
  }

  private Path configuration() {
    return directory.resolve("broker.properties");
  }

  private List<String> configuration(Endpoints endpoints) {
    int copies = endpoints.all().size();
    return List.of(
        "process.roles=broker,controller",
        "node.id=" + endpoint.id(),
        "controller.quorum.voters=" + endpoints.voters(),
        "controller.listener.names=CONTROLLER",
        "listeners=PLAINTEXT://" + endpoint.broker() + ",CONTROLLER://" + endpoint.controller(),
        "advertised.listeners=PLAINTEXT://" + endpoint.broker(),
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "log.dirs=" + logs(),
        "log.segment.bytes=" + (16 << 20), // many segments: each has two indexes, which are mapped
        "log.cleaner.enable=false",
        "broker.session.timeout.ms=6000",
        "num.network.threads=2",
        "num.io.threads=2",
        "offsets.topic.replication.factor=" + copies,
        "auto.create.topics.enable=false");
  }

  private Path logs() {
    return directory.resolve("logs");
  }

  /** Makes the logs of a new cluster. */
  void format(String cluster) throws IOException, InterruptedException {
    Path output = directory.resolve("format.txt");
    Process format =
        java(
                output,
                List.of(),
                "kafka.tools.StorageTool",
                "format",
                "-t",
                cluster,
                "-c",
                configuration().toString())
            .start();
    if (end(format) != 0) {
      throw new AssertionError("StorageTool: " + Files.readString(output));
    }
  }

  /** Starts it, for the first time or again. Does not wait until it serves. */
  void start() throws IOException {
    starts++;
    List<String> options = new ArrayList<>(List.of("-Xmx" + settings.heap()));
    if (settings.agent() != null) {
      String separator = settings.agent().contains("=") ? "," : "=";
      options.add("-agentpath:" + settings.agent() + separator + "json=" + report());
    }
    process = java(output(), options, "kafka.Kafka", configuration().toString()).start();
  }

  private ProcessBuilder java(Path output, List<String> options, String program, String... rest) {
    List<String> command = new ArrayList<>(List.of(settings.java()));
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), program));
    command.addAll(List.of(rest));
    return new ProcessBuilder(command)
        .directory(directory.toFile())
        .redirectErrorStream(true)
        .redirectOutput(output.toFile());
  }

  private Path output() {
    return directory.resolve("output-" + starts + ".txt");
  }

  private Path report() {
    return directory.resolve("report-" + starts + ".json");
  }

  /** Which broker of the cluster it is. */
  int id() {
    return endpoint.id();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Ends it by SIGKILL. */
  void kill() throws InterruptedException {
    process.destroyForcibly();
    end(process);
  }

  /** Ends it by SIGTERM, and returns the agent's report, or null without an agent. */
  JsonNode stop() throws IOException, InterruptedException {
    process.destroy();
    int status = end(process);
    if (status != 143) { // 128 + SIGTERM
      throw new AssertionError("The broker ended with status " + status + ": see " + output());
    }
    return settings.agent() == null ? null : read();
  }

  /** The agent's report of a broker that goes on. */
  JsonNode dump() throws IOException, InterruptedException {
    Path jcmd = Path.of(settings.java()).resolveSibling("jcmd");
    Path output = directory.resolve("jcmd.txt");
    ProcessBuilder builder =
        new ProcessBuilder(jcmd.toString(), Long.toString(process.pid()), "JVMTI.data_dump");
    builder.redirectErrorStream(true).redirectOutput(output.toFile());
    if (end(builder.start()) != 0) {
      throw new AssertionError("jcmd: " + Files.readString(output));
    }
    return read();
  }

  private JsonNode read() throws IOException {
    return new ObjectMapper().readTree(report().toFile());
  }

  /** What it has said that is wrong: lines without what differs from run to run. */
  TreeSet<String> errors() throws IOException {
    TreeSet<String> found = new TreeSet<>();
    try (Stream<String> lines = Files.lines(output())) {
      lines
          .filter(line -> line.matches("(ERROR|FATAL|znio|#|\\[[0-9.]+s\\]\\[warn|WARNING:).*"))
          .map(line -> line.replaceAll("\\d+", "N"))
          .forEach(found::add);
    }
    return found;
  }

  /** The files of a topic's indexes, by offset and by time. */
  long indexes(String topic) throws IOException {
    try (Stream<Path> files = Files.walk(logs())) {
      return files
          .filter(file -> file.getParent().getFileName().toString().startsWith(topic + "-"))
          .filter(file -> file.toString().matches(".*\\.(time)?index"))
          .count();
    }
  }

  @Override
  public void close() {
    if (process != null) {
      process.destroyForcibly();
    }
  }

  private static int end(Process process) throws InterruptedException {
    if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("Did not end within " + SECONDS + " s: " + process.info());
    }
    return process.exitValue();
  }
}

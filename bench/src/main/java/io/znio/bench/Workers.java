// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import io.znio.bench.WorkerProcess.WorkerException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The workers of a run: the C runner and one Java worker per JDK, started when they are first asked
 * and again when they died. One thread, but {@link #close()} may come from another.
 */
final class Workers implements AutoCloseable {
  private static final long START_SECONDS = 30;

  private final Settings settings;
  private final Map<String, Path> jdks = new LinkedHashMap<>();
  private final Map<String, Defined> defined = new HashMap<>();
  private final Map<String, WorkerProcess> running = new HashMap<>();
  private final List<WorkerProcess> started = new ArrayList<>();
  private boolean closed;

  /** A worker with a JVM of its own. */
  private record Defined(String jdk, List<String> options) {}

  Workers(Settings settings) {
    this.settings = settings;
  }

  /** Registers a java launcher and returns its version, or the sentence why it cannot be used. */
  String addJdk(Path java) throws InterruptedException, WorkerException {
    WorkerProcess worker = start("java " + java, javaCommand(java, List.of(), List.of()));
    JsonNode hello;
    try {
      hello = worker.ask(new Wire("hello"), START_SECONDS);
    } catch (WorkerException e) {
      worker.kill();
      throw e;
    }
    String version = hello.path("jdk").asText();
    if (jdks.putIfAbsent(version, java) == null) {
      running.put("java " + version, worker);
    } else {
      worker.close();
    }
    return version;
  }

  List<String> jdks() {
    return List.copyOf(jdks.keySet());
  }

  /** The java launcher of a version that {@link #addJdk} has returned. */
  Path launcher(String version) {
    return jdks.get(version);
  }

  /** Gives a name to a worker with a JVM of its own, which has more options than the others. */
  void define(String name, String jdk, List<String> options) {
    defined.put(name, new Defined(jdk, List.copyOf(options)));
  }

  /** Ends a worker; if it is asked again, a new one is started. */
  void end(String name) {
    WorkerProcess worker = running.remove(name);
    if (worker != null) {
      worker.close();
    }
  }

  /** Asks the worker that a row belongs to: "c", "java VERSION", or one that was defined. */
  JsonNode ask(String name, Wire command, long timeoutSeconds)
      throws WorkerException, InterruptedException {
    return worker(name).ask(command, timeoutSeconds);
  }

  private WorkerProcess worker(String name) throws WorkerException {
    WorkerProcess worker = running.get(name);
    if (worker == null || !worker.isAlive()) {
      worker = start(name, command(name, List.of()));
      running.put(name, worker);
    }
    return worker;
  }

  /** Starts a worker of its own under a prefix such as strace; the caller closes it. */
  WorkerProcess startUnder(List<String> prefix, String name) throws WorkerException {
    return start(prefix.get(0) + " " + name, command(name, prefix));
  }

  /** Starts a JVM of its own with options of its own; the caller closes it. */
  WorkerProcess startJava(String jdk, List<String> options) throws WorkerException {
    return start("java " + jdk, javaCommand(jdks.get(jdk), List.of(), options));
  }

  private List<String> command(String name, List<String> prefix) {
    if (name.equals("c")) {
      List<String> command = new ArrayList<>(prefix);
      command.add(settings.runner().toString());
      return command;
    }
    Defined own = defined.get(name);
    return own == null
        ? javaCommand(jdks.get(name.substring("java ".length())), prefix, List.of())
        : javaCommand(jdks.get(own.jdk), prefix, own.options);
  }

  /** No child is started once the run is being stopped, and none is forgotten. */
  private WorkerProcess start(String name, List<String> command) throws WorkerException {
    synchronized (started) {
      if (closed) {
        throw new WorkerException("the run is being stopped");
      }
      Map<String, String> environment = Map.of("TMPDIR", settings.scratch().toString());
      WorkerProcess worker = new WorkerProcess(name + " worker", command, environment);
      started.removeIf(other -> !other.isAlive());
      started.add(worker);
      return worker;
    }
  }

  private List<String> javaCommand(Path java, List<String> prefix, List<String> options) {
    List<String> command = new ArrayList<>(prefix);
    command.add(java.toString());
    command.add("-Xmx1g");
    command.add("-Xshare:auto");
    command.add("-XX:+IgnoreUnrecognizedVMOptions");
    // From JDK 24 on, loading a native library without this flag prints a warning.
    command.add("--enable-native-access=ALL-UNNAMED");
    command.add("-XX:-UsePerfData");
    System.getProperties()
        .forEach(
            (key, value) -> {
              if (key.toString().startsWith("io.znio.")) {
                command.add("-D" + key + "=" + value);
              }
            });
    command.addAll(options); // after ours: the last one counts
    command.add("-Dznio.bench.peer=" + settings.peer());
    command.add("-Djava.io.tmpdir=" + settings.scratch());
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(Worker.class.getName());
    return command;
  }

  /** Ends all workers. */
  @Override
  public void close() {
    List<WorkerProcess> all;
    synchronized (started) {
      closed = true;
      all = List.copyOf(started);
      started.clear();
    }
    all.forEach(WorkerProcess::close);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A worker as the driver sees it: a child that answers each command with one JSON object.
 *
 * <p>A worker that dies or does not answer in time is killed together with its own children, and
 * every later command fails at once. One thread.
 */
final class WorkerProcess implements AutoCloseable {
  /** A worker that died or hangs; the message is one sentence. */
  static final class WorkerException extends Exception {
    private static final long serialVersionUID = 1;

    WorkerException(String message) {
      super(message);
    }
  }

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String END = "\u0000end";
  private static final int KEPT_LINES = 12;
  private static final long KILL_SECONDS = 5;

  private final String name;
  private final Process process;
  private final Writer commands;
  private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
  private final Deque<String> complaints = new ArrayDeque<>();
  private final Thread complaintReader;

  /** Starts the child. environment is added to this process's own. */
  WorkerProcess(String name, List<String> command, Map<String, String> environment)
      throws WorkerException {
    this.name = name;
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment);
    try {
      this.process = builder.start();
    } catch (IOException e) {
      throw new WorkerException(name + " cannot be started: " + e.getMessage());
    }
    this.commands = process.outputWriter(StandardCharsets.UTF_8);
    reader(process.getInputStream(), answers::add, () -> answers.add(END)).start();
    this.complaintReader = reader(process.getErrorStream(), this::keep, () -> {});
    complaintReader.start();
  }

  private Thread reader(
      InputStream stream, java.util.function.Consumer<String> sink, Runnable atEnd) {
    Thread thread =
        new Thread(
            () -> {
              try (BufferedReader lines =
                  new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                  sink.accept(line);
                }
              } catch (IOException e) {
                // The child is gone; whoever waits for an answer learns it from atEnd.
              } finally {
                atEnd.run();
              }
            },
            name + " reader");
    thread.setDaemon(true);
    return thread;
  }

  private void keep(String line) {
    synchronized (complaints) {
      complaints.add(line);
      if (complaints.size() > KEPT_LINES) {
        complaints.remove();
      }
    }
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /** Sends a command and waits for its answer. */
  JsonNode ask(Wire command, long timeoutSeconds) throws WorkerException, InterruptedException {
    tell(command);
    return hear(command, timeoutSeconds);
  }

  /** Sends a command, whose answer {@link #hear} gets; more may be on their way. */
  void tell(Wire command) throws WorkerException, InterruptedException {
    try {
      commands.write(command.line());
      commands.write('\n');
      commands.flush();
    } catch (IOException e) {
      throw gone(command);
    }
  }

  /** Waits for the answer to the oldest command that has none. */
  JsonNode hear(Wire command, long timeoutSeconds) throws WorkerException, InterruptedException {
    String answer = answers.poll(timeoutSeconds, TimeUnit.SECONDS);
    if (answer == null) {
      kill();
      throw new WorkerException(
          name + " gave no answer to '" + command.verb() + "' within " + timeoutSeconds + " s");
    }
    if (END.equals(answer)) {
      throw gone(command);
    }
    try {
      return JSON.readTree(answer);
    } catch (IOException e) {
      kill();
      throw new WorkerException(name + " answered with something that is no JSON: " + answer);
    }
  }

  private WorkerException gone(Wire command) throws InterruptedException {
    boolean ended = process.waitFor(5, TimeUnit.SECONDS);
    kill();
    complaintReader.join(2000);
    String last;
    synchronized (complaints) {
      last = complaints.isEmpty() ? "" : "; it said: " + String.join(" | ", complaints);
    }
    String how = ended ? "ended with exit status " + process.exitValue() : "closed its output";
    return new WorkerException(name + " " + how + " during '" + command.verb() + "'" + last);
  }

  /** Ends the child and everything it has started, and waits until they are gone. */
  void kill() {
    List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
    all.add(process.toHandle());
    all.forEach(ProcessHandle::destroyForcibly);
    for (ProcessHandle one : all) {
      try {
        one.onExit().get(KILL_SECONDS, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (ExecutionException | TimeoutException e) {
        // A process in a system call that cannot be interrupted; it ends when that does.
      }
    }
  }

  /** Asks the child to quit, and kills it if it does not. */
  @Override
  public void close() {
    try {
      if (process.isAlive()) {
        commands.write("quit\n");
        commands.close();
        process.waitFor(3, TimeUnit.SECONDS);
      }
    } catch (IOException e) {
      // It is gone already.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      kill();
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * The Java worker: does the work of impl znio and jdk in the JVM that is measured, as {@code
 * bench/PROTOCOL.md} says. One thread works; it ends at {@code quit} or at the end of its input.
 */
public final class Worker {
  private final Map<String, Peer> peers = new HashMap<>();

  private Worker() {}

  /** Reads commands from standard input and answers on standard output. */
  public static void main(String[] arguments) throws IOException {
    // Nothing but answers may reach standard output.
    PrintStream answers =
        new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    System.setOut(System.err);
    Worker worker = new Worker();
    BufferedReader commands =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      if (line.strip().equals("quit")) {
        break;
      }
      answers.println(worker.answer(line));
    }
    worker.peers.values().forEach(Peer::close);
  }

  private ObjectNode answer(String line) {
    try {
      return obey(Wire.parse(line));
    } catch (SkippedException e) {
      return refusal("skipped", e.getMessage());
    } catch (Exception e) {
      return refusal("failed", sentence(e));
    } catch (LinkageError | OutOfMemoryError e) {
      // The library that cannot be loaded, or a heap too small: this row fails, others may not.
      return refusal("failed", sentence(e));
    }
  }

  private ObjectNode obey(Wire wire) throws Exception {
    return switch (wire.verb()) {
      case "hello" -> hello();
      case "run" -> {
        Plan plan = Plan.of(wire);
        yield new Run(plan, peer(plan.peer()), movers(plan.impl())).run();
      }
      case "probe" -> {
        Plan plan = Plan.of(wire);
        yield new Probe(plan, peer(plan.peer()), movers(plan.impl())).run();
      }
      case "lifecycle" -> LifeWorker.run(wire);
      case "channel" -> new ChannelRun(ChannelPlan.of(wire)).run();
      case "memory" -> new MemoryRun(MemoryPlan.of(wire)).run();
      case "workload" -> WorkloadRun.of(wire, peer(Plan.peerOf(wire))).run();
      default -> throw new IllegalArgumentException("unknown command '" + wire.verb() + "'");
    };
  }

  private static ObjectNode hello() {
    ObjectNode answer = Json.object();
    answer.put("worker", "java");
    answer.put("version", "1");
    answer.put("jdk", System.getProperty("java.version"));
    answer.put("vm", System.getProperty("java.vm.name"));
    answer.put("pid", ProcessHandle.current().pid());
    return answer;
  }

  private static Movers movers(String impl) throws SkippedException {
    return switch (impl) {
      case "jdk", Ends.CHANNEL -> Movers.JDK;
      case "znio" -> ZnioMovers.INSTANCE;
      default -> throw new SkippedException("the Java worker is no impl '" + impl + "'");
    };
  }

  private Peer peer(String command) throws IOException {
    Peer peer = peers.get(command);
    if (peer == null || !peer.isAlive()) {
      peer = new Peer(command);
      peers.put(command, peer);
    }
    return peer;
  }

  private static String sentence(Throwable problem) {
    String message = problem.getMessage();
    String name = problem.getClass().getSimpleName();
    return (message == null ? name : name + ": " + message).replaceAll("\\s*\\R\\s*", " ");
  }

  private static ObjectNode refusal(String kind, String sentence) {
    ObjectNode answer = Json.object();
    answer.put("ok", false);
    answer.put(kind, sentence);
    return answer;
  }
}

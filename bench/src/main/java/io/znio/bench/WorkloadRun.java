// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.znio.Ledger;
import java.io.IOException;

/** The command {@code workload}: what the texts' two programs do, in this JVM. */
interface WorkloadRun {
  /** Runs and answers. */
  ObjectNode run() throws IOException, SkippedException;

  /** Chooses by the command's name=. */
  static WorkloadRun of(Wire wire, Peer peer) throws SkippedException {
    return switch (wire.need("name")) {
      case "kafka-fetch" -> new KafkaFetch(wire, peer);
      case "rocketmq-append" -> new RocketmqAppend(wire, peer);
      case "cold-read" ->
          throw new SkippedException("Java has no call that drops a file from the page cache");
      case "page-rounding" ->
          throw new SkippedException("a mapping is rounded by the kernel; the C worker shows it");
      default ->
          throw new IllegalArgumentException("there is no workload '" + wire.need("name") + "'");
    };
  }

  /** A meter that counts system calls where znio makes them. */
  static Meter meter(String impl) {
    return new Meter(impl.equals("znio") ? Ledger::systemCalls : null);
  }

  /** The fields that all answers have. */
  static ObjectNode answer(Meter meter, long bytes, boolean verified) {
    ObjectNode answer = Json.object();
    answer.put("ok", true);
    answer.put("bytes", bytes);
    answer.put("nanos", meter.nanos());
    answer.put("verified", verified);
    answer.put("sender_cpu_ns", meter.cpuNanos());
    answer.put("receiver_cpu_ns", 0);
    answer.put("system_calls", meter.systemCalls());
    answer.put("page_faults", meter.faults());
    return answer;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** What is known of a row so far: its measurements, or why there are none. One thread. */
final class RowResult extends Outcome {
  /** One answer to {@code run}. */
  record Sample(
      int round,
      long bytes,
      long nanos,
      long senderCpuNanos,
      long receiverCpuNanos,
      Long systemCalls,
      long pageFaults) {
    double gbps() {
      return (double) bytes / nanos;
    }
  }

  final Row row;
  final List<Sample> samples = new ArrayList<>();

  long bytes;
  String pathRan;
  Boolean kernelCopied;
  String declined;
  String probe;
  String probeHow;
  Double tracedCalls;
  String traceReason;

  RowResult(Row row) {
    this.row = row;
  }

  boolean isMeasured() {
    return isOpen() && !samples.isEmpty();
  }

  /** Transfers in one measurement. */
  long transfers() {
    return Math.max(1, (bytes + row.size() - 1) / row.size());
  }

  /** Takes in an answer of a worker; round 0 is the warm-up. */
  void take(JsonNode answer, int round) {
    if (!accept(answer)) {
      return;
    }
    pathRan = textOrNull(answer, "path_ran");
    declined = textOrNull(answer, "declined");
    if (answer.hasNonNull("kernel_copied")) {
      kernelCopied = answer.get("kernel_copied").asBoolean();
    }
    if (round > 0) {
      samples.add(
          new Sample(
              round,
              answer.path("bytes").asLong(),
              Math.max(1, answer.path("nanos").asLong()),
              answer.path("sender_cpu_ns").asLong(),
              answer.path("receiver_cpu_ns").asLong(),
              answer.hasNonNull("system_calls") ? answer.get("system_calls").asLong() : null,
              answer.path("page_faults").asLong()));
    }
  }

  double[] each(ToDoubleFunction<Sample> value) {
    return samples.stream().mapToDouble(value).toArray();
  }

  /** By round. */
  Map<Integer, Double> speeds() {
    return samples.stream().collect(Collectors.toMap(Sample::round, Sample::gbps));
  }

  /** System calls of one transfer: counted by the library, or seen by strace; null if neither. */
  Double callsPerTransfer() {
    if (tracedCalls != null) {
      return tracedCalls;
    }
    if (samples.isEmpty() || samples.stream().anyMatch(s -> s.systemCalls() == null)) {
      return null;
    }
    return Statistics.median(each(s -> (double) s.systemCalls() / transfers()));
  }

  private static String textOrNull(JsonNode node, String field) {
    return node.hasNonNull(field) ? node.get(field).asText() : null;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.applications;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.BitSet;

/**
 * Kafka, unchanged, with its brokers on the JDK or on the agent. Arguments: {@code records} or
 * {@code cluster}, and {@link Settings}. Prints one line of JSON, or ends with status 1.
 */
public final class Kafka {
  private final Settings settings;
  private final ObjectNode result = new ObjectMapper().createObjectNode();

  private Kafka(Settings settings) {
    this.settings = settings;
  }

  /** Runs one of the two. */
  public static void main(String[] arguments) throws Exception {
    String what = arguments.length == 0 ? "" : arguments[0];
    if (!what.matches("records|cluster")) {
      throw new IllegalArgumentException("Say records or cluster: \"" + what + '"');
    }
    Kafka kafka = new Kafka(Settings.of(arguments, 1));
    if (what.equals("records")) {
      kafka.records();
    } else {
      kafka.cluster();
    }
    System.out.println(kafka.result);
  }

  /** One broker: all records are written, then read. */
  private void records() throws Exception {
    try (Cluster cluster = new Cluster(settings, 1)) {
      Broker broker = cluster.brokers().get(0);
      long start = System.nanoTime();
      try (Sender sender = new Sender(cluster.bootstrap())) {
        sender.send(0, settings.records());
        sender.flush();
        expect("acknowledged", settings.records(), sender.acknowledged().cardinality());
      }
      long written = System.nanoTime();
      BitSet read = Receiver.readAll(cluster.bootstrap());
      long end = System.nanoTime();
      expect("read", settings.records(), read.cardinality());
      result.put("records", settings.records());
      result.put("write_ms", (written - start) / 1e6);
      result.put("read_ms", (end - written) / 1e6);
      result.put("indexes", broker.indexes(Cluster.TOPIC));
      JsonNode report = broker.stop();
      broker.errors().forEach(result.putArray("errors")::add);
      if (report != null) {
        result.set("natives", report.get("natives"));
      }
    }
  }

  /** Three brokers, of which the first partition's leader is killed, and comes back. */
  private void cluster() throws Exception {
    int records = settings.records();
    try (Cluster cluster = new Cluster(settings, 3)) {
      BitSet acknowledged;
      try (Sender sender = new Sender(cluster.bootstrap())) {
        sender.send(0, records / 3);
        Broker killed = cluster.leader();
        result.put("killed_with_unacknowledged", records / 3 - sender.acknowledged().cardinality());
        killed.kill();
        sender.send(records / 3, records * 2 / 3);
        sender.flush();
        killed.start();
        sender.send(records * 2 / 3, records);
        sender.flush();
        acknowledged = sender.acknowledged();
      }
      cluster.settle();
      BitSet read = Receiver.readAll(cluster.bootstrap());
      BitSet lost = (BitSet) acknowledged.clone();
      lost.andNot(read);
      expect("acknowledged and lost", 0, lost.cardinality());
      result.put("records", records);
      result.put("acknowledged", acknowledged.cardinality());
      result.put("read", read.cardinality());
      var reports = result.putArray("brokers");
      for (Broker broker : cluster.brokers()) {
        if (!broker.isAlive()) {
          throw new AssertionError("Broker " + broker.id() + " has ended");
        }
        if (settings.agent() != null) {
          reports.addObject().set("natives", broker.dump().get("natives"));
        }
      }
    }
  }

  private static void expect(String what, long expected, long found) {
    if (expected != found) {
      throw new AssertionError("Records " + what + ": " + found + ", expected " + expected);
    }
  }
}

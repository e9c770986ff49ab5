// SPDX-License-Identifier: Apache-2.0
package io.znio.applications;

import java.time.Duration;
import java.util.BitSet;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Writes records, and knows which were acknowledged by all brokers that are in sync. */
final class Sender implements AutoCloseable {
  private final BitSet acknowledged = new BitSet();
  private final KafkaProducer<byte[], byte[]> producer;

  Sender(String bootstrap) {
    Map<String, Object> configuration =
        Map.of(
            "bootstrap.servers", bootstrap,
            "acks", "all",
            "linger.ms", 5,
            "batch.size", 1 << 17,
            "max.block.ms", 120_000,
            "request.timeout.ms", 10_000,
            "delivery.timeout.ms", 120_000);
    producer =
        new KafkaProducer<>(configuration, new ByteArraySerializer(), new ByteArraySerializer());
  }

  /** Sends those from a number to another; waits for room only. */
  void send(int from, int to) {
    for (int number = from; number < to; number++) {
      int sent = number;
      ProducerRecord<byte[], byte[]> record =
          new ProducerRecord<>(
              Cluster.TOPIC, number % Cluster.PARTITIONS, null, Records.record(number));
      producer.send(record, (metadata, failure) -> acknowledge(sent, failure));
    }
  }

  private void acknowledge(int number, Exception failure) {
    if (failure == null) {
      synchronized (acknowledged) {
        acknowledged.set(number);
      }
    }
  }

  /** Waits until all that was sent is acknowledged or has failed. */
  void flush() {
    producer.flush();
  }

  /** A copy. */
  BitSet acknowledged() {
    synchronized (acknowledged) {
      return (BitSet) acknowledged.clone();
    }
  }

  @Override
  public void close() {
    producer.close(Duration.ofSeconds(10));
  }
}

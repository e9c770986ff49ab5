// SPDX-License-Identifier: Apache-2.0
package io.znio.applications;

import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads records and verifies every byte. */
final class Receiver {
  private static final long SECONDS = 180;

  private Receiver() {}

  /**
   * Reads the topic from its beginning to its end.
   *
   * @return the numbers that were read
   * @throws AssertionError if a record has another content, or comes twice
   */
  static BitSet readAll(String bootstrap) {
    Map<String, Object> configuration =
        Map.of(
            "bootstrap.servers", bootstrap, "enable.auto.commit", false, "max.poll.records", 5000);
    BitSet read = new BitSet();
    List<TopicPartition> partitions = Cluster.partitions();
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(
            configuration, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
      while (partitions.stream().anyMatch(one -> consumer.position(one) < ends.get(one))) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
          take(record, read);
        }
        if (System.nanoTime() - end > 0) {
          throw new AssertionError(read.cardinality() + " records in " + SECONDS + " s: " + ends);
        }
      }
    }
    return read;
  }

  private static void take(ConsumerRecord<byte[], byte[]> record, BitSet read) {
    int number = Records.number(record.value());
    if (read.get(number)) {
      throw new AssertionError("Record " + number + " came twice: " + record);
    }
    read.set(number);
  }
}

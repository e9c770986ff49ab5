// SPDX-License-Identifier: Apache-2.0
package io.znio.applications;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.ElectionNotNeededException;

/** Brokers that serve one topic, {@link #TOPIC}. */
final class Cluster implements AutoCloseable {
  static final String TOPIC = "records";
  static final int PARTITIONS = 3;

  private static final long SECONDS = 120;

  private final List<Broker> brokers = new ArrayList<>();
  private final Endpoints endpoints;
  private final Admin admin;

  /** Starts a cluster, and returns when it has the topic. */
  Cluster(Settings settings, int count) throws Exception {
    endpoints = Endpoints.free(count);
    String id = Uuid.randomUuid().toString();
    for (Endpoints.Endpoint endpoint : endpoints.all()) {
      Broker broker = new Broker(settings, endpoints, endpoint);
      broker.format(id);
      broker.start();
      brokers.add(broker);
    }
    admin =
        Admin.create(
            Map.of(
                "bootstrap.servers", endpoints.bootstrap(),
                "request.timeout.ms", 10_000,
                "default.api.timeout.ms", 60_000));
    await("all brokers", () -> get(admin.describeCluster().nodes()).size() == count);
    NewTopic topic = new NewTopic(TOPIC, PARTITIONS, (short) count);
    topic.configs(Map.of("min.insync.replicas", Integer.toString(count / 2 + 1)));
    get(admin.createTopics(List.of(topic)).all());
  }

  List<Broker> brokers() {
    return brokers;
  }

  String bootstrap() {
    return endpoints.bootstrap();
  }

  static List<TopicPartition> partitions() {
    List<TopicPartition> partitions = new ArrayList<>();
    for (int i = 0; i < PARTITIONS; i++) {
      partitions.add(new TopicPartition(TOPIC, i));
    }
    return partitions;
  }

  /** The broker that leads the first partition. */
  Broker leader() throws Exception {
    int id = description().get(0).leader().id();
    return brokers.stream().filter(broker -> broker.id() == id).findFirst().orElseThrow();
  }

  private List<TopicPartitionInfo> description() throws Exception {
    return get(admin.describeTopics(Set.of(TOPIC)).allTopicNames()).get(TOPIC).partitions();
  }

  /** Waits until each broker has all, then lets each lead its share. */
  void settle() throws Exception {
    await("all copies", () -> all(info -> info.isr().size() == brokers.size()));
    Set<TopicPartition> partitions = Set.copyOf(partitions());
    for (var failure :
        get(admin.electLeaders(ElectionType.PREFERRED, partitions).partitions()).values()) {
      if (failure.isPresent() && !(failure.get() instanceof ElectionNotNeededException)) {
        throw new AssertionError("No leader was elected", failure.get());
      }
    }
    await("a leader for each partition, its first copy", this::isSettled);
  }

  /** By one look: another broker may know less. */
  private boolean isSettled() throws Exception {
    List<TopicPartitionInfo> partitions = description();
    Set<Integer> leaders =
        partitions.stream().map(info -> info.leader().id()).collect(Collectors.toSet());
    return leaders.size() == brokers.size()
        && partitions.stream().allMatch(info -> info.leader().id() == info.replicas().get(0).id());
  }

  private boolean all(Predicate<TopicPartitionInfo> holds) throws Exception {
    return description().stream().allMatch(holds);
  }

  static <T> T get(KafkaFuture<T> future) throws Exception {
    return future.get(SECONDS, TimeUnit.SECONDS);
  }

  /** Looks until it holds. */
  private static void await(String what, Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    while (!condition.call()) {
      if (System.nanoTime() - end > 0) {
        throw new AssertionError("Not reached within " + SECONDS + " s: " + what);
      }
      LockSupport.parkNanos(20_000_000);
    }
  }

  @Override
  public void close() throws IOException {
    admin.close(java.time.Duration.ofSeconds(5));
    brokers.forEach(Broker::close);
  }
}

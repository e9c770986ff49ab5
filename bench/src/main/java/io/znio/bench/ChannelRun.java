// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.znio.Ledger;
import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** The command {@code channel}: one measurement of one row in this JVM. */
final class ChannelRun {
  private static final long COLLECT_NANOS = TimeUnit.SECONDS.toNanos(30);
  private static final byte[] CONTENT = new byte[ChannelPlan.FILE_BYTES];

  static {
    new Random(1).nextBytes(CONTENT);
  }

  private final ChannelPlan plan;

  /** What is written, and what must be read; other bytes, if the self-test is on. */
  private final byte[] content;

  ChannelRun(ChannelPlan plan) {
    this.plan = plan;
    this.content = plan.flip() ? complement() : CONTENT;
  }

  private static byte[] complement() {
    byte[] other = CONTENT.clone();
    for (int i = 0; i < other.length; i++) {
      other[i] = (byte) ~other[i];
    }
    return other;
  }

  /** Runs and answers. */
  ObjectNode run() throws Exception {
    boolean writes = plan.op().startsWith("write");
    Path path = writes ? spoiledFile() : contentFile();
    List<ChannelLoop> loops = new ArrayList<>();
    long live = mappings();
    long nanos;
    try (FileChannel file = writes ? plan.open(path, READ, WRITE) : plan.open(path)) {
      for (int i = 0; i < plan.threads(); i++) {
        loops.add(ChannelLoop.of(plan, file, content, i));
      }
      nanos = measure(loops);
    }
    if (mappings() > live) {
      nanos += collect(live);
    }
    String problem = mappings() > live ? "mappings are left" : null;
    long wrong = loops.stream().mapToLong(loop -> loop.wrong).sum();
    if (wrong > 0) {
      problem = wrong + " operations did not give what the file holds";
    } else if (writes && !Arrays.equals(Files.readAllBytes(path), written())) {
      problem = "the file does not hold what was written";
    }
    return MemoryRun.answer(plan.count(), problem).put("nanos", nanos);
  }

  private long measure(List<ChannelLoop> loops) throws Exception {
    if (loops.size() == 1) {
      long begin = System.nanoTime();
      loops.get(0).run(plan.count());
      return System.nanoTime() - begin;
    }
    ExecutorService threads = Executors.newFixedThreadPool(loops.size());
    try {
      List<Callable<Void>> work = new ArrayList<>();
      for (ChannelLoop loop : loops) {
        work.add(
            () -> {
              loop.run(plan.count());
              return null;
            });
      }
      long begin = System.nanoTime();
      for (Future<Void> done : threads.invokeAll(work)) {
        done.get();
      }
      return System.nanoTime() - begin;
    } finally {
      threads.shutdown();
    }
  }

  /** What collecting the dropped mappings costs belongs to them. */
  private long collect(long live) {
    long begin = System.nanoTime();
    do {
      System.gc();
      Thread.yield();
    } while (mappings() > live && System.nanoTime() - begin < COLLECT_NANOS);
    return System.nanoTime() - begin;
  }

  /** How many there are, by those who make them. */
  private long mappings() {
    if (plan.impl().equals("znio")) {
      return Ledger.counts(Ledger.Kind.MAPPING).liveItems();
    }
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .filter(pool -> pool.getName().equals("mapped"))
        .mapToLong(BufferPoolMXBean::getCount)
        .sum();
  }

  /** Made once; its pages stay in the cache. */
  private Path contentFile() throws IOException {
    Path path = plan.scratch().resolve("channel-content");
    if (!Files.exists(path) || Files.size(path) != CONTENT.length) {
      Files.write(path, CONTENT);
    }
    return path;
  }

  /** A file of this JVM in which every byte is wrong. */
  private Path spoiledFile() throws IOException {
    return Files.write(
        plan.scratch().resolve("channel-spoiled-" + ProcessHandle.current().pid()), complement());
  }

  /** What the file must hold after the writes of all loops: they are drawn again. */
  private byte[] written() {
    byte[] expected = complement();
    int size = plan.size();
    int slots = plan.slots();
    int random = ChannelLoop.seed(0);
    boolean[] done = new boolean[slots];
    boolean sequential = plan.op().equals(ChannelRows.WRITE);
    for (long i = 0; i < plan.count(); i++) {
      random = ChannelLoop.xorshift(random);
      int slot = sequential ? (int) (i % slots) : ChannelLoop.slot(random, slots);
      if (!done[slot]) {
        done[slot] = true;
        System.arraycopy(CONTENT, slot * size, expected, slot * size, size);
      }
    }
    return expected;
  }
}

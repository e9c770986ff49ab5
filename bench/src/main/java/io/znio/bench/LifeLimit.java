// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The command {@code lifecycle op=limit}: fills the memory that the JVM's options allow, with
 * buffers that are kept ("live") or dropped ("garbage"), and watches the call that does not fit.
 */
final class LifeLimit {
  private static final long RECOVER_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long FLIPPED_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  private final Wire wire;
  private final boolean keeps;
  private final boolean flip;
  private final long limit;
  private final int size;
  private final LifeSubject subject;
  private final LifeGc gc = new LifeGc();
  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
  private final LifeReports reports = new LifeReports();
  private final List<Object> kept = new ArrayList<>();
  private String wrong;

  /** One call at the limit. message: of the error that it threw; null if it returned. */
  private record Attempt(
      long nanos, long collections, long waits, long waitedMillis, String message) {}

  LifeLimit(Wire wire) throws IOException {
    this.wire = wire;
    this.keeps = wire.need("content").equals("live");
    this.flip = "1".equals(wire.get("flip"));
    this.limit = wire.needLong("limit");
    this.size = (int) wire.needLong("size");
    this.subject = LifeSubject.of(wire, size);
    if (threads.isThreadContentionMonitoringSupported()) {
      threads.setThreadContentionMonitoringEnabled(true);
    }
  }

  ObjectNode run() throws IOException {
    long began = System.nanoTime();
    ArrayNode attempts = Json.MAPPER.createArrayNode();
    for (long i = wire.needLong("attempts"); i > 0; i--) {
      Attempt attempt = attempt();
      ObjectNode node = attempts.addObject();
      node.put("ms", LifeSeries.millis(attempt.nanos()));
      node.put("outcome", attempt.message() == null ? "allocated" : "OutOfMemoryError");
      node.put("collections", attempt.collections());
      node.put("waits", attempt.waits());
      node.put("waited_ms", attempt.waitedMillis());
      node.put("message", attempt.message());
      recover(attempt);
    }
    ObjectNode answer = Json.object();
    answer.put("ok", true);
    answer.put("reports", reports.since(began).size());
    answer.set("attempts", attempts);
    answer.put("verified", wrong == null);
    answer.put("wrong", wrong);
    return answer;
  }

  /** Allocates until what lives leaves no room, and once more. */
  private Attempt attempt() throws IOException {
    for (int i = 0; (subject.liveItems() + 1) * size <= limit; i++) {
      Object item = subject.make(i);
      if (keeps || flip && i == 0) {
        kept.add(item);
      }
    }
    ThreadInfo before = own();
    long collections = gc.collections();
    String message = null;
    long began = System.nanoTime();
    try {
      Object item = subject.make(0);
      if (keeps) {
        kept.add(item);
      }
    } catch (OutOfMemoryError e) {
      message = String.valueOf(e.getMessage());
    }
    long nanos = System.nanoTime() - began;
    ThreadInfo after = own();
    return new Attempt(
        nanos,
        gc.collections() - collections,
        after.getWaitedCount() - before.getWaitedCount(),
        after.getWaitedTime() - before.getWaitedTime(),
        message);
  }

  private ThreadInfo own() {
    return threads.getThreadInfo(Thread.currentThread().getId());
  }

  /** Checks the limit, frees everything, and checks that memory can be had again. */
  private void recover(Attempt attempt) throws IOException {
    if (keeps && attempt.message() == null) {
      wrong = "a call went past the limit of " + limit + " bytes of live memory";
    } else if (attempt.message() != null && !attempt.message().contains(Integer.toString(size))) {
      wrong = "the error does not name the " + size + " bytes that were asked for";
    }
    if (!flip) {
      for (Object item : kept) {
        subject.end(item);
      }
      kept.clear();
    }
    long end = System.nanoTime() + (flip ? FLIPPED_NANOS : RECOVER_NANOS);
    System.gc();
    while (subject.liveItems() > 0 && System.nanoTime() - end < 0) {
      LockSupport.parkNanos(1_000_000);
    }
    if (subject.liveItems() > 0) {
      wrong = subject.liveItems() + " buffers live on after all were freed or dropped";
      return;
    }
    try {
      subject.end(subject.make(0));
    } catch (OutOfMemoryError e) {
      wrong = "no memory can be had although all is freed: " + e.getMessage();
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.GarbageCollectionNotificationInfo;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.locks.LockSupport;
import javax.management.Notification;
import javax.management.NotificationEmitter;
import javax.management.openmbean.CompositeData;

/** The garbage collections of this JVM, as its collectors' beans tell them. */
final class LifeGc {
  private static final int SETTINGS = 3;
  private static final long TICK_NANOS = 1_000_000;
  private static final long WAIT_NANOS = 1_000_000_000;

  private final List<GarbageCollectorMXBean> beans = ManagementFactory.getGarbageCollectorMXBeans();
  private final List<GarbageCollectionNotificationInfo> told = new ArrayList<>();
  private final long collectionsBefore;

  /** Nanoseconds of the clock when the JVM's own, in milliseconds, was 0. */
  private final long zeroNanos;

  /** The thread that tells of collections, which is none of the program's. */
  private volatile String teller = "";

  /** Begins to listen; collects some times, to set the two clocks by each other. */
  LifeGc() {
    collectionsBefore = collections();
    for (GarbageCollectorMXBean bean : beans) {
      ((NotificationEmitter) bean)
          .addNotificationListener((notification, none) -> add(notification), null, null);
    }
    long zero = Long.MAX_VALUE;
    for (int i = 0; i < SETTINGS; i++) {
      zero = Math.min(zero, collectToSet());
    }
    zeroNanos = zero;
  }

  /** Collects: the JVM's clock began no later than what this returns. */
  private long collectToSet() {
    System.gc();
    long now = System.nanoTime();
    settle();
    synchronized (told) {
      long end = 0;
      for (GarbageCollectionNotificationInfo info : told) {
        end = Math.max(end, info.getGcInfo().getEndTime());
      }
      return now - end * TICK_NANOS;
    }
  }

  String teller() {
    return teller;
  }

  private void add(Notification notification) {
    teller = Thread.currentThread().getName();
    if (notification
        .getType()
        .equals(GarbageCollectionNotificationInfo.GARBAGE_COLLECTION_NOTIFICATION)) {
      GarbageCollectionNotificationInfo info =
          GarbageCollectionNotificationInfo.from((CompositeData) notification.getUserData());
      synchronized (told) {
        told.add(info);
      }
    }
  }

  /** Collections of all collectors since the JVM began. */
  long collections() {
    long sum = 0;
    for (GarbageCollectorMXBean bean : beans) {
      sum += Math.max(0, bean.getCollectionCount());
    }
    return sum;
  }

  /** Waits until every collection that was counted has been told, which another thread does. */
  private void settle() {
    long end = System.nanoTime() + WAIT_NANOS;
    while (System.nanoTime() - end < 0) {
      synchronized (told) {
        if (told.size() >= collections() - collectionsBefore) {
          return;
        }
      }
      LockSupport.parkNanos(TICK_NANOS);
    }
  }

  /**
   * The collections that began between two moments, in milliseconds after the first; the beans'
   * clock ticks in milliseconds.
   */
  ObjectNode json(long zero, long until) {
    settle();
    long count = 0;
    long start = Long.MAX_VALUE;
    long end = Long.MIN_VALUE;
    long pause = 0;
    TreeSet<String> names = new TreeSet<>();
    synchronized (told) {
      for (GarbageCollectionNotificationInfo info : told) {
        long began = zeroNanos + info.getGcInfo().getStartTime() * TICK_NANOS;
        if (began - zero < -TICK_NANOS || began - until > 0) {
          continue;
        }
        count++;
        start = Math.min(start, began);
        end = Math.max(end, zeroNanos + info.getGcInfo().getEndTime() * TICK_NANOS);
        pause += info.getGcInfo().getDuration();
        names.add(info.getGcName() + ", " + info.getGcCause());
      }
    }
    ObjectNode node = Json.object();
    node.put("count", count);
    if (count > 0) {
      node.put("start_ms", LifeSeries.millis(start - zero));
      node.put("end_ms", LifeSeries.millis(end - zero));
      node.put("collector_ms", pause);
      node.put("names", String.join("; ", names));
    }
    return node;
  }
}

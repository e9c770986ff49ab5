// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** Which Java thread did the work between two moments: the one that used most processor time. */
final class LifeThreads {
  /** Less than this is no work. */
  private static final long LEAST_NANOS = 20_000;

  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
  private final Map<Long, Long> before = new HashMap<>();

  /** The busiest thread, and its processor time. */
  record Busiest(String name, long cpuNanos) {
    Busiest since(Busiest before) {
      return new Busiest(name, cpuNanos - before.cpuNanos);
    }
  }

  /** This thread, and what it has used since it began. */
  static Busiest own() {
    return new Busiest(
        Thread.currentThread().getName(),
        ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime());
  }

  /** The first moment. */
  LifeThreads() {
    for (long id : threads.getAllThreadIds()) {
      before.put(id, threads.getThreadCpuTime(id));
    }
  }

  /** The busiest since, without those of the measurement; null if none did any work. */
  Busiest busiest(Set<String> measuring) {
    Busiest best = null;
    for (long id : threads.getAllThreadIds()) {
      long nanos = threads.getThreadCpuTime(id) - before.getOrDefault(id, 0L);
      ThreadInfo info = threads.getThreadInfo(id);
      if (info != null
          && !measuring.contains(info.getThreadName())
          && nanos >= (best == null ? LEAST_NANOS : best.cpuNanos())) {
        best = new Busiest(info.getThreadName(), nanos);
      }
    }
    return best;
  }
}

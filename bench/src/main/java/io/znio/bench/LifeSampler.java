// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import io.znio.bench.LifeSeries.Column;
import java.io.IOException;
import java.util.concurrent.locks.LockSupport;

/**
 * A thread that reads a subject's counters as often as the machine lets it: the number of live
 * items at each look, bytes every millisecond.
 */
final class LifeSampler extends Thread {
  private static final long PAUSE_NANOS = 50_000;
  private static final long BYTES_NANOS = 1_000_000;

  private final LifeSubject subject;
  private final LifeSeries series = new LifeSeries();
  private final ProcMemory memory = new ProcMemory();
  private final long[] bytes = new long[Column.values().length];
  private long bytesAt;
  private IOException failure;

  private volatile boolean stopped;
  private volatile long live;
  private volatile long resident;

  LifeSampler(LifeSubject subject) {
    super("lifecycle-sampler");
    this.subject = subject;
    setDaemon(true);
  }

  @Override
  public void run() {
    try {
      while (!stopped) {
        sample(false);
        LockSupport.parkNanos(PAUSE_NANOS);
      }
      sample(true);
    } catch (IOException e) {
      failure = e;
    }
  }

  private void sample(boolean all) throws IOException {
    long items = subject.liveItems();
    long now = System.nanoTime(); // what was seen has happened by now
    if (all || now - bytesAt >= BYTES_NANOS) {
      bytes[Column.RESIDENT_BYTES.ordinal()] = memory.residentBytes();
      bytes[Column.WAITING_BYTES.ordinal()] = subject.waitingBytes();
      bytes[Column.ALLOCATOR_BYTES.ordinal()] = subject.allocatorBytes();
      bytesAt = now;
      now = System.nanoTime();
    }
    bytes[Column.LIVE_ITEMS.ordinal()] = items;
    series.add(now, bytes);
    resident = bytes[Column.RESIDENT_BYTES.ordinal()];
    live = items;
  }

  /** Live items at the last look. */
  long live() {
    return live;
  }

  /** Resident bytes at the last look. */
  long resident() {
    return resident;
  }

  /** Takes a last sample, ends the thread and returns what it saw. */
  LifeSeries finish() throws IOException, InterruptedException {
    stopped = true;
    join();
    if (failure != null) {
      throw failure;
    }
    return series;
  }
}

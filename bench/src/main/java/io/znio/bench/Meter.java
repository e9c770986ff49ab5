// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.LongSupplier;

/**
 * Clock, CPU time, page faults and system calls of the calling thread; it can be stopped between.
 */
final class Meter {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  private static final Path STAT = Path.of("/proc/thread-self/stat");

  private final LongSupplier systemCalls;
  private long nanos;
  private long cpuNanos;
  private long faults;
  private long calls;
  private boolean running;

  /**
   * Makes a meter that stands still.
   *
   * @param systemCalls the thread's counter of system calls, or null where nobody counts
   */
  Meter(LongSupplier systemCalls) {
    this.systemCalls = systemCalls;
  }

  void start() {
    running = true;
    faults -= readFaults();
    calls -= systemCalls == null ? 0 : systemCalls.getAsLong();
    cpuNanos -= THREADS.getCurrentThreadCpuTime();
    nanos -= System.nanoTime();
  }

  /** Stops; does nothing when it stands still. */
  void stop() {
    if (running) {
      nanos += System.nanoTime();
      cpuNanos += THREADS.getCurrentThreadCpuTime();
      calls += systemCalls == null ? 0 : systemCalls.getAsLong();
      faults += readFaults();
      running = false;
    }
  }

  /**
   * Makes a call that strace shows, so that its log can be cut there; id null: nothing. To be set
   * inside of start and stop, whose own reading of /proc is then left out.
   */
  static void mark(String point, String id) {
    if (id != null && Files.exists(Path.of("/znio-mark", point, id))) {
      throw new IllegalStateException("/znio-mark must not exist");
    }
  }

  long nanos() {
    return nanos;
  }

  long cpuNanos() {
    return cpuNanos;
  }

  long faults() {
    return Math.max(0, faults);
  }

  /** System calls, or null where nobody counts. */
  Long systemCalls() {
    return systemCalls == null ? null : calls;
  }

  /** Minor and major faults of this thread: fields 10 and 12, counted behind the name's ")". */
  private static long readFaults() {
    try {
      String stat = Files.readString(STAT);
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      return Long.parseLong(fields[7]) + Long.parseLong(fields[9]);
    } catch (IOException e) {
      return 0;
    }
  }
}

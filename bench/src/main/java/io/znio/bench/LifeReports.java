// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** What znio reports through its logger, and when. Any thread. */
final class LifeReports extends Handler {
  /** A report; {@code thread} is the one that made it. */
  record Report(long nanos, String thread, String text) {}

  /** The log manager forgets loggers that nobody holds. */
  private static final Logger LOGGER = Logger.getLogger("io.znio");

  private final List<Report> reports = new ArrayList<>();

  /** Begins to listen, in place of the console. */
  LifeReports() {
    LOGGER.setUseParentHandlers(false);
    LOGGER.addHandler(this);
  }

  /** Reports since {@code nanos}. */
  synchronized List<Report> since(long nanos) {
    return reports.stream().filter(report -> report.nanos() - nanos >= 0).toList();
  }

  @Override
  public synchronized void publish(LogRecord made) {
    reports.add(new Report(System.nanoTime(), Thread.currentThread().getName(), made.getMessage()));
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}
}

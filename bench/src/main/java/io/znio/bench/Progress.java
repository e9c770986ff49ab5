// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** The progress bar on standard error; silent where that is no terminal. One thread. */
final class Progress implements AutoCloseable {
  private final boolean terminal;
  private ProgressBar bar;

  Progress() {
    this.terminal = isTerminal();
  }

  /** Starts a bar of a number of steps. */
  void start(String title, long steps) {
    close();
    if (terminal) {
      bar =
          new ProgressBarBuilder()
              .setTaskName(title)
              .setInitialMax(steps)
              .setStyle(ProgressBarStyle.ASCII)
              .setUpdateIntervalMillis(200)
              .build();
    }
  }

  /** Says what is under way. */
  void at(String what) {
    if (bar != null) {
      bar.setExtraMessage(what);
    }
  }

  void step() {
    step(1);
  }

  void step(long steps) {
    if (bar != null) {
      bar.stepBy(steps);
    }
  }

  /** Java cannot ask whether standard error alone is a terminal; test(1) can. */
  private static boolean isTerminal() {
    try {
      Process test =
          new ProcessBuilder("test", "-t", "2")
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      return test.waitFor(5, TimeUnit.SECONDS) && test.exitValue() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
      bar = null;
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code znio top}: the agent's counters while they grow. */
@Command(
    name = "top",
    mixinStandardHelpOptions = true,
    description = {
      "Shows what the agent counts in a JVM, and the rates, anew each second, until q or Ctrl-C is"
          + " pressed or the JVM ends. The JVM does nothing for it.",
      "Where output or input is not a terminal, it is printed line by line."
    })
final class TopCommand implements Callable<Integer> {
  @Parameters(index = "0", paramLabel = "PID", description = "of a JVM with the agent in it")
  private long pid;

  @Option(names = "--once", description = "print every counter once, as plain numbers")
  private boolean once;

  @Option(
      names = "--interval",
      paramLabel = "SECONDS",
      defaultValue = "1",
      description = "between two looks (default: ${DEFAULT-VALUE})")
  private double interval;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (!(interval >= 0.1 && interval <= 3600)) {
      throw new ParameterException(
          spec.commandLine(), "--interval " + interval + ": write 0.1 to 3600 seconds");
    }
    Target target = Target.of(pid);
    MeterPage page = MeterPage.open(target);
    PrintWriter out = spec.commandLine().getOut();
    if (once) {
      out.print(CountersText.plain(page.read()));
      out.flush();
      return 0;
    }
    Watch watch = new Watch(target, page);
    if (Terminal.isOne()) {
      draw(watch, out);
    } else {
      print(watch, out);
    }
    if (watch.hasEnded()) {
      out.printf("Process %d has ended.%n", pid);
    }
    out.flush();
    return 0;
  }

  private void draw(Watch watch, PrintWriter out) throws IOException, InterruptedException {
    String last;
    try (Terminal terminal = Terminal.open(out)) {
      do {
        last = watch.look();
        terminal.draw(last + System.lineSeparator() + "q: leave");
      } while (!terminal.awaitKey('q', watch.next(interval)) && !watch.hasEnded());
    }
    out.print(last); // what was on the screen stays to be read
  }

  private void print(Watch watch, PrintWriter out) throws InterruptedException {
    do {
      out.println(watch.look());
      out.flush();
      TimeUnit.NANOSECONDS.sleep(watch.next(interval) - System.nanoTime());
    } while (!watch.hasEnded() && !out.checkError() && !System.out.checkError());
  }

  /** Two looks at the counters, one after the other. */
  private static final class Watch {
    private final Target target;
    private final MeterPage page;
    private final long start;
    private Counters before;
    private long at;

    Watch(Target target, MeterPage page) {
      this.target = target;
      this.page = page;
      start = target.start();
    }

    /** The counters of now, and how fast they grew since the last look. */
    String look() {
      Counters now = page.read();
      long time = System.nanoTime();
      boolean first = before == null;
      double seconds = first ? 1 : (time - at) / 1e9;
      String text = CountersText.withRates(first ? now : before, now, seconds);
      before = now;
      at = time;
      return String.format("znio top, process %d%n%n%s", target.pid(), text);
    }

    long next(double interval) {
      return at + (long) (interval * 1e9);
    }

    /** Has the process ended? Its counters stay readable for us. */
    boolean hasEnded() {
      return !target.isStill(start);
    }
  }
}

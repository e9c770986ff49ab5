// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A screen that is drawn anew, and keys that come without Enter. Whatever ends the program, the
 * terminal is as it was before.
 */
final class Terminal implements AutoCloseable {
  private static final String ENTER = "\033[?1049h\033[?25l";
  private static final String LEAVE = "\033[?25h\033[?1049l";
  private static final String TOP_LEFT = "\033[H";
  private static final String CLEAR_LINE = "\033[K";
  private static final String CLEAR_BELOW = "\033[J";
  private static final long LOOK_MILLIS = 50;
  private static final int SETTING_SECONDS = 10;

  private final PrintWriter out;
  private final String before;
  private final Thread atExit = new Thread(this::restore);
  private boolean restored;

  private Terminal(PrintWriter out, String before) {
    this.out = out;
    this.before = before;
  }

  /** Are both input and output of this process a terminal? */
  static boolean isOne() {
    try {
      return run(false, "sh", "-c", "test -t 0 && test -t 1") != null;
    } catch (IOException e) {
      return false;
    }
  }

  static Terminal open(PrintWriter out) throws IOException {
    String before = run(true, "stty", "-g");
    if (before == null) {
      throw new ToolException("stty does not know this terminal: --once needs none");
    }
    Terminal terminal = new Terminal(out, before.strip());
    Runtime.getRuntime().addShutdownHook(terminal.atExit);
    run(false, "stty", "-icanon", "-echo", "min", "0", "time", "0");
    terminal.show(ENTER);
    return terminal;
  }

  /** Draws lines from the top. */
  void draw(String text) {
    StringBuilder screen = new StringBuilder(TOP_LEFT);
    text.lines().forEach(line -> screen.append(line).append(CLEAR_LINE).append("\r\n"));
    show(screen.append(CLEAR_BELOW).toString());
  }

  /** Waits until then. Returns whether the key was pressed before. */
  boolean awaitKey(char key, long nanoTime) throws IOException, InterruptedException {
    do {
      while (System.in.available() > 0) {
        if (System.in.read() == key) {
          return true;
        }
      }
      Thread.sleep(LOOK_MILLIS);
    } while (System.nanoTime() < nanoTime);
    return false;
  }

  @Override
  public void close() {
    restore();
    Runtime.getRuntime().removeShutdownHook(atExit);
  }

  private synchronized void restore() {
    if (restored) {
      return;
    }
    restored = true;
    show(LEAVE);
    try {
      run(false, "stty", before);
    } catch (IOException e) {
      // "stty sane" by hand, then; there is nothing else that could do it.
    }
  }

  private void show(String text) {
    out.print(text);
    out.flush();
  }

  /** Runs a command on our own terminal. Returns what it printed, if asked; null: it failed. */
  private static String run(boolean read, String... command) throws IOException {
    List<String> words = new ArrayList<>(List.of(command));
    ProcessBuilder builder = new ProcessBuilder(words).inheritIO();
    if (read) {
      builder.redirectOutput(ProcessBuilder.Redirect.PIPE);
    }
    Process process = builder.start();
    String printed =
        read ? new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8) : "";
    try {
      if (process.waitFor(SETTING_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0) {
        return printed;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    process.destroyForcibly();
    return null;
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/** Short-lived commands of the system, each with a time-out. */
final class Shell {
  private static final long TIMEOUT_SECONDS = 30;

  /** Held while a command runs, so that a run that is being stopped waits for the last one. */
  private static final ReentrantLock LOCK = new ReentrantLock();

  private static Thread only;

  private Shell() {}

  /** From now on commands of the calling thread alone run; waits for one that is under way. */
  static void reserve() {
    LOCK.lock();
    try {
      only = Thread.currentThread();
    } finally {
      LOCK.unlock();
    }
  }

  /** A command that is missing, failed, or took too long; the message is one line. */
  static final class ShellException extends Exception {
    private static final long serialVersionUID = 1;

    ShellException(String message) {
      super(message);
    }
  }

  /** Runs a command and returns what it printed, both streams together. */
  static String run(String... command) throws ShellException, InterruptedException {
    return run(List.of(command));
  }

  static String run(List<String> command) throws ShellException, InterruptedException {
    return run(TIMEOUT_SECONDS, command);
  }

  static String run(long seconds, List<String> command)
      throws ShellException, InterruptedException {
    LOCK.lock();
    try {
      if (only != null && only != Thread.currentThread()) {
        throw new ShellException("the run is being stopped");
      }
      return runLocked(seconds, command);
    } finally {
      LOCK.unlock();
    }
  }

  private static String runLocked(long seconds, List<String> command)
      throws ShellException, InterruptedException {
    Path output = null;
    try {
      output = Files.createTempFile("znio-shell", ".out");
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .redirectInput(Path.of("/dev/null").toFile())
              .start();
      try {
        if (!process.waitFor(seconds, TimeUnit.SECONDS)) {
          throw new ShellException(String.join(" ", command) + " took more than " + seconds + " s");
        }
      } finally {
        process.destroyForcibly();
      }
      String text = Files.readString(output, StandardCharsets.UTF_8).strip();
      if (process.exitValue() != 0) {
        throw new ShellException(
            String.join(" ", command)
                + ": "
                + (text.isEmpty()
                    ? "exit status " + process.exitValue()
                    : text.lines().reduce((first, last) -> last).orElse("")));
      }
      return text;
    } catch (IOException e) {
      throw new ShellException(command.get(0) + " cannot be run: " + e.getMessage());
    } finally {
      deleteQuietly(output);
    }
  }

  /** Returns where a program lies, looked up as a root shell does (sbin included). */
  static Optional<Path> find(String program) {
    String path = System.getenv().getOrDefault("PATH", "") + ":/usr/sbin:/sbin:/usr/bin:/bin";
    for (String directory : path.split(":")) {
      Path candidate = Path.of(directory.isEmpty() ? "." : directory, program);
      if (Files.isExecutable(candidate)) {
        return Optional.of(candidate);
      }
    }
    return Optional.empty();
  }

  static boolean isRoot() {
    try {
      return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
    } catch (IOException e) {
      return false;
    }
  }

  private static void deleteQuietly(Path file) {
    if (file != null) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException e) {
        file.toFile().deleteOnExit();
      }
    }
  }
}

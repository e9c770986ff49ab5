// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Undoes, last first, what a run has set up: children, scratch files, namespaces, mounts. It also
 * runs when the JVM is told to end (Ctrl-C, SIGTERM), and each step at most once. Thread-safe.
 */
final class Cleanup implements AutoCloseable {
  /** One thing to undo. */
  interface Step {
    void run() throws Exception;
  }

  private record Named(String name, Step step) {}

  private final Deque<Named> steps = new ArrayDeque<>();
  private final Thread hook = new Thread(this::onShutdown, "cleanup");
  private volatile boolean stopping;

  Cleanup() {
    Runtime.getRuntime().addShutdownHook(hook);
  }

  /** Whether the JVM was told to end: failures of children are then no news. */
  boolean isStopping() {
    return stopping;
  }

  /** Adds a step; the name completes "cannot ...". */
  synchronized void add(String name, Step step) {
    steps.push(new Named(name, step));
  }

  private void onShutdown() {
    stopping = true;
    Shell.reserve();
    runAll();
  }

  private void runAll() {
    for (Named next = take(); next != null; next = take()) {
      try {
        next.step.run();
      } catch (Exception e) {
        System.err.println("compare: cannot " + next.name + ": " + e.getMessage());
      }
    }
  }

  private synchronized Named take() {
    return steps.poll();
  }

  @Override
  public void close() {
    runAll();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // The JVM is going down: the hook itself is running, and finds nothing left to do.
      stopping = true;
    }
  }
}

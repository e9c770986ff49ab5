// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;

/** Threads of tests: daemons, so that a hanging one cannot keep the JVM alive. */
final class Threads {
  /** Work that may throw. */
  interface Work {
    void run() throws Exception;
  }

  private Threads() {}

  /** Starts work whose failure only shows in what it did not do. */
  static Thread start(String name, Work work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (Exception e) {
                // The test that waits for the work's effect fails.
              }
            },
            name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  /** Starts work whose result or failure is wanted. */
  static <T> Started<T> call(String name, Callable<T> work) {
    FutureTask<T> task = new FutureTask<>(work);
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
    return new Started<>(thread, task);
  }

  /** A thread and what it computes. */
  record Started<T>(Thread thread, FutureTask<T> task) {
    /** The result; what the work threw is thrown here. */
    T get() throws Exception {
      Await.end(thread);
      try {
        return task.get();
      } catch (ExecutionException e) {
        if (e.getCause() instanceof Exception cause) {
          throw cause;
        }
        throw e;
      }
    }

    /** What the work threw; null if it returned. */
    Throwable failure() {
      Await.end(thread);
      try {
        task.get();
        return null;
      } catch (ExecutionException e) {
        return e.getCause();
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    /** Waits until the thread is inside a method of this class. */
    void awaitIn(String className) {
      Await.until(thread + " is in " + className, () -> isIn(className));
    }

    /**
     * Waits until the thread makes no progress inside a native transfer of znio's, or inside a
     * channel of the JDK's: the kernel says that it sleeps, and it spends no processor time.
     */
    void awaitStalled() {
      Await.until(
          thread + " is stalled",
          () -> (isIn("io.znio.Native") || isIn("sun.nio.ch")) && spendsNoTime());
    }

    private boolean isIn(String classPrefix) {
      StackTraceElement[] stack = thread.getStackTrace();
      return stack.length > 0
          && stack[0].isNativeMethod()
          && stack[0].getClassName().startsWith(classPrefix);
    }

    @SuppressWarnings("deprecation") // threadId() came with JDK 19
    private long id() {
      return thread.getId();
    }

    /** Twenty looks, a millisecond apart: a call that runs would show, one that waits does not. */
    private boolean spendsNoTime() {
      ThreadMXBean threads = ManagementFactory.getThreadMXBean();
      long before = threads.getThreadCpuTime(id());
      for (int i = 0; i < 20; i++) {
        LockSupport.parkNanos(1_000_000);
        if (threads.getThreadCpuTime(id()) != before) {
          return false;
        }
      }
      return thread.isAlive();
    }
  }
}

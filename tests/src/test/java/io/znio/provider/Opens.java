// SPDX-License-Identifier: Apache-2.0
package io.znio.provider;

import java.io.FileWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * Counts the channels that this JVM has opened, by the class that asked for them, and appends the
 * sums at exit to the file that {@code -Dio.znio.test.opens} names, as lines "COUNT CLASS TEST".
 * The test is what jtreg calls {@code test.name}. So a test proves that the channel was ours.
 */
final class Opens {
  private static final String FILE = System.getProperty("io.znio.test.opens");
  private static final String TEST = System.getProperty("test.name", "-");

  /** The tests' harness opens files too, which is no proof. */
  private static final Set<String> HARNESS = Set.of("com.sun.javatest", "org.testng", "org.junit");

  private static final StackWalker STACK =
      StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);
  private static final Map<String, LongAdder> COUNTS = new ConcurrentHashMap<>();

  static {
    if (FILE != null) {
      Writer out = open(); // by java.io, not by the provider; and before a test forbids it
      Runtime.getRuntime().addShutdownHook(new Thread(() -> write(out), "opens"));
    }
  }

  private Opens() {}

  /** A channel was opened. */
  static void count() {
    COUNTS.computeIfAbsent(caller(), name -> new LongAdder()).increment();
  }

  /** The first class of no named module: the JDK's have one, and so have we. */
  private static String caller() {
    return STACK.walk(
        frames ->
            frames
                .map(StackWalker.StackFrame::getDeclaringClass)
                .filter(type -> !type.getModule().isNamed())
                .map(Class::getName)
                .findFirst()
                .orElse("-"));
  }

  private static boolean isHarness(String caller) {
    return caller.equals("-") || HARNESS.stream().anyMatch(caller::startsWith);
  }

  private static Writer open() {
    try {
      return new FileWriter(FILE, true);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void write(Writer out) {
    StringBuilder lines = new StringBuilder();
    COUNTS.forEach(
        (caller, count) -> {
          if (!isHarness(caller)) {
            lines.append(count).append(' ').append(caller).append(' ').append(TEST).append('\n');
          }
        });
    try (out) {
      out.write(lines.toString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

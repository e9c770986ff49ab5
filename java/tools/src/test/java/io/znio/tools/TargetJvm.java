// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A JVM to look at: a program that waits, and does as it is told. It ends when we do: its input is
 * closed then.
 */
final class TargetJvm implements AutoCloseable {
  private static final int TIMEOUT_SECONDS = 40;

  /** Runs in the child: direct buffers and reads, as the lines on its input say. */
  public static final class Program {
    private static final int THREADS = 3;
    private static final List<java.nio.ByteBuffer> LIVE = new ArrayList<>();

    /** Argument: a file to read. */
    public static void main(String[] arguments) throws Exception {
      BufferedReader lines =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      System.out.println("ready");
      for (String line; (line = lines.readLine()) != null; ) {
        CountDownLatch worked = new CountDownLatch(THREADS);
        CountDownLatch leave = new CountDownLatch(line.equals("work") ? 0 : 1);
        for (int i = 0; i < THREADS; i++) {
          Thread thread =
              new Thread(
                  () -> {
                    work(Path.of(arguments[0]));
                    worked.countDown();
                    await(leave);
                  });
          thread.setDaemon(true);
          thread.start();
        }
        work(Path.of(arguments[0]));
        worked.await();
        System.out.println("done");
      }
    }

    private static void await(CountDownLatch latch) {
      try {
        latch.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    /** Leaves 20 buffers of 800 bytes, and reads 20 times 100 bytes. */
    private static void work(Path file) {
      try (java.nio.channels.FileChannel channel = java.nio.channels.FileChannel.open(file)) {
        for (int i = 0; i < 20; i++) {
          java.nio.ByteBuffer buffer = java.nio.ByteBuffer.allocateDirect(800);
          synchronized (LIVE) {
            LIVE.add(buffer);
          }
          channel.read(buffer.limit(100), 0);
        }
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }

    private Program() {}
  }

  private final Process process;
  private final Path errors;
  private final BufferedReader output;
  private final Writer input;

  private TargetJvm(Process process, Path errors) {
    this.process = process;
    this.errors = errors;
    output = process.inputReader(StandardCharsets.UTF_8);
    input = process.outputWriter(StandardCharsets.UTF_8);
  }

  /** Starts the program, with options of the JVM, on a file of 1000 bytes below a directory. */
  static TargetJvm start(Path directory, String... options) throws IOException {
    Path file = directory.resolve("data");
    Files.write(file, new byte[1000]);
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of(options));
    String classes =
        Path.of(Program.class.getProtectionDomain().getCodeSource().getLocation().getPath())
            .toString();
    command.addAll(List.of("-Xmx128m", "-cp", classes, Program.class.getName(), file.toString()));
    Path errors = Files.createTempFile(directory, "errors", ".log");
    Process process =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectError(errors.toFile())
            .start();
    TargetJvm target = new TargetJvm(process, errors);
    target.await("ready");
    return target;
  }

  String pid() {
    return Long.toString(process.pid());
  }

  /** Has the program do its work once more: in 4 threads, of which 3 end. */
  void work() throws IOException {
    order("work");
  }

  /** The same, but the threads live on. */
  void workAndStay() throws IOException {
    order("stay");
  }

  private void order(String line) throws IOException {
    input.write(line + "\n");
    input.flush();
    await("done");
  }

  private void await(String word) throws IOException {
    String line = output.readLine(); // the test's own time-out is the net below
    if (!word.equals(line)) {
      throw new IllegalStateException(line + " instead of " + word + "; " + errors());
    }
  }

  String errors() throws IOException {
    return Files.readString(errors);
  }

  @Override
  public void close() throws IOException {
    input.close();
    try {
      if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
        throw new IllegalStateException("the program did not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      process.destroyForcibly();
    }
  }
}

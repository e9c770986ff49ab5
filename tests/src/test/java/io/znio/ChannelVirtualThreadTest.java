// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static java.nio.file.StandardOpenOption.DSYNC;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * For what the JDK 25 lets other virtual threads go on, ours does so too: with one carrier, a
 * second virtual thread runs while the first one waits. The JDK's channel shows that the test is
 * right.
 */
class ChannelVirtualThreadTest {
  @TempDir Path directory;

  /**
   * @param carriers the most that there may be: one more where the JDK, too, adds one for the time
   */
  @ParameterizedTest
  @CsvSource({
    "JDK, lock, 2",
    "ZNIO, lock, 2",
    "JDK, sync, 2",
    "ZNIO, sync, 2",
    "JDK, gather, 2",
    "ZNIO, gather, 2",
    "JDK, position, 1",
    "ZNIO, position, 1",
  })
  void othersGoOn(FileChannels maker, String what, int carriers) throws Exception {
    assumeTrue(Runtime.version().feature() >= 25, "older JDKs pin in monitors");
    Path fifo = directory.resolve("fifo");
    assertThat(Child.command(List.of("mkfifo", fifo.toString())).status()).isZero();
    Path file = TestFiles.of(directory, new byte[100]);
    Child child =
        Child.run(
            List.of(
                "-Djdk.virtualThreadScheduler.parallelism=1",
                "-Djdk.virtualThreadScheduler.maxPoolSize=" + carriers,
                "-cp",
                Child.classPath(Main.class),
                Main.class.getName(),
                maker.name(),
                what,
                (what.equals("lock") ? file : fifo).toString()));
    assertThat(child.output()).isEqualTo("went on\n");
    assertThat(child.status()).isZero();
  }

  /** The child. Compiled for JDK 17: virtual threads are reached by reflection. */
  public static final class Main {
    private static final int MORE_THAN_A_PIPE_HOLDS = 1 << 20;

    private Main() {}

    /** What waits. */
    private interface Wait {
      void run(FileChannel channel) throws IOException;
    }

    public static void main(String[] arguments) throws Exception {
      FileChannels maker = FileChannels.valueOf(arguments[0]);
      Path path = Path.of(arguments[2]);
      switch (arguments[1]) {
        case "lock" -> lock(maker, path);
        case "sync" -> {
          ByteBuffer much = ByteBuffer.allocate(MORE_THAN_A_PIPE_HOLDS);
          othersGoOn(maker.open(path, READ, WRITE, DSYNC), channel -> writeAll(channel, much));
        }
        case "gather" -> {
          ByteBuffer[] much = {ByteBuffer.allocateDirect(MORE_THAN_A_PIPE_HOLDS)};
          othersGoOn(maker.open(path, READ, WRITE, DSYNC), channel -> channel.write(much));
        }
        case "position" -> position(maker.open(path, READ, WRITE));
        default -> throw new IllegalArgumentException(arguments[1]);
      }
      System.out.println("went on");
      System.exit(0);
    }

    private static void writeAll(FileChannel channel, ByteBuffer much) throws IOException {
      while (much.hasRemaining()) {
        channel.write(much);
      }
    }

    /** Another process has the lock. */
    private static void lock(FileChannels maker, Path file) throws Exception {
      Process holder =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-cp",
                  System.getProperty("java.class.path"),
                  LockContract.Holder.class.getName(),
                  file.toString(),
                  "false")
              .start();
      try {
        if (!"true".equals(holder.inputReader().readLine())) {
          throw new AssertionError("the other process has no lock");
        }
        othersGoOn(
            maker.open(file, READ, WRITE),
            channel -> {
              FileLock lock = channel.lock(10, 10, false);
              lock.release();
            });
      } finally {
        holder.destroyForcibly();
      }
    }

    /** A thread of the platform reads, and has the lock of the position meanwhile. */
    private static void position(FileChannel channel) throws Exception {
      Threads.Started<Integer> reader =
          Threads.call("reader", () -> channel.read(ByteBuffer.allocate(1)));
      reader.awaitIn(channel instanceof NativeFileChannel ? "io.znio.Native" : "sun.nio.ch");
      othersGoOn(channel, FileChannel::position);
    }

    private static void othersGoOn(FileChannel channel, Wait wait) throws Exception {
      CountDownLatch begun = new CountDownLatch(1);
      CountDownLatch others = new CountDownLatch(1);
      start(
          () -> {
            begun.countDown();
            try {
              wait.run(channel);
              if (others.getCount() > 0) { // else what it waited for has come, at the end
                System.out.println("it did not wait");
              }
            } catch (AsynchronousCloseException e) {
              return; // the end
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          });
      await(begun);
      // Behind it in the queue of the one carrier.
      start(others::countDown);
      await(others);
    }

    private static void await(CountDownLatch latch) throws InterruptedException {
      if (!latch.await(30, TimeUnit.SECONDS)) {
        System.out.println("nobody went on");
        System.exit(1);
      }
    }

    private static void start(Runnable work) throws Exception {
      Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, work);
    }
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channel;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.SelectableChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * On a virtual thread a transfer that waits for its peer does not hold the carrier: with one
 * carrier in all, a second virtual thread goes on. Runs in child JVMs, because the number of
 * carriers is a matter of the whole process. JDK 21 and newer.
 */
class VirtualThreadTest {
  private static final int SIZE = 4 << 20;

  @TempDir Path directory;

  @BeforeEach
  void needsVirtualThreads() {
    assumeTrue(
        Runtime.version().feature() >= 21,
        "SKIPPED: virtual threads came with JDK 21, this is older");
  }

  @Test
  void aStalledTransferLeavesTheCarrierToOthers() throws Exception {
    run("stall");
  }

  @Test
  void aCloseWakesAParkedTransfer() throws Exception {
    run("close");
  }

  @Test
  void anInterruptWakesAParkedTransferAndClosesBoth() throws Exception {
    run("interrupt");
  }

  @Test
  void aPlatformThreadMayUseTheChannelAfterwards() throws Exception {
    run("mixed");
  }

  private void run(String what) throws Exception {
    Child child =
        Child.run(
            List.of(
                "-Djdk.virtualThreadScheduler.parallelism=1",
                "-Djdk.virtualThreadScheduler.maxPoolSize=1",
                "-Djava.io.tmpdir=" + directory,
                "-cp",
                Child.classPath(Main.class),
                Main.class.getName(),
                what));
    assertThat(child.output()).endsWith("all done\n").doesNotContain("WARNING");
    assertThat(child.status()).isZero();
  }

  /** The child. Compiled for JDK 17: virtual threads are reached by reflection. */
  public static final class Main {
    private static final byte[] CONTENT = TestFiles.bytes(SIZE);
    private static final AtomicInteger TICKS = new AtomicInteger();
    private static Path file;

    /** Whose file channels they are, at this moment. */
    private static FileChannels maker;

    private Main() {}

    public static void main(String[] arguments) throws Exception {
      file = TestFiles.of(Path.of(System.getProperty("java.io.tmpdir")), CONTENT);
      start(Main::tick);
      for (FileChannels channels : FileChannels.values()) {
        maker = channels;
        for (Ends ends : Ends.values()) {
          run(arguments[0], ends);
        }
      }
      System.out.println("all done");
      System.exit(0);
    }

    private static void run(String what, Ends ends) throws Exception {
      switch (what) {
        case "stall" -> {
          toFullStream(ends, false);
          toFullStream(ends, true);
          regionsToFullStream(ends);
          fromSilentStream(ends);
          throughFullStream(ends);
        }
        case "close" -> {
          closeWhileParked(ends, true);
          closeWhileParked(ends, false);
        }
        case "interrupt" -> interruptWhileParked(ends);
        case "mixed" -> platformThreadAfterwards(ends);
        default -> throw new IllegalArgumentException(what);
      }
    }

    /** The second virtual thread: if it ticks, the carrier is free. */
    private static Void tick() {
      while (true) {
        TICKS.incrementAndGet();
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
      }
    }

    private record Started<T>(Thread thread, FutureTask<T> task) {
      T get() throws Exception {
        return task.get(20, TimeUnit.SECONDS);
      }

      Throwable failure() throws Exception {
        try {
          T result = get();
          throw new AssertionError("returned " + result);
        } catch (java.util.concurrent.ExecutionException e) {
          return e.getCause();
        }
      }

      /** Waits until the thread is parked and the other one has made a hundred ticks. */
      void awaitStalledWithoutCarrier() {
        int before = TICKS.get();
        Await.until(
            "100 ticks beside the stalled transfer",
            () -> TICKS.get() - before >= 100 && isParked());
        check(!task.isDone(), "the transfer is still stalled");
      }

      private boolean isParked() {
        Thread.State state = thread.getState();
        return state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING;
      }
    }

    private static <T> Started<T> start(Callable<T> work) throws Exception {
      FutureTask<T> task = new FutureTask<>(work);
      Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
      Method start = Class.forName("java.lang.Thread$Builder").getMethod("start", Runnable.class);
      return new Started<>((Thread) start.invoke(builder, task), task);
    }

    private static void check(boolean condition, String what) {
      if (!condition) {
        throw new AssertionError(what);
      }
    }

    private static void toFullStream(Ends ends, boolean builder) throws Exception {
      try (Ends.Pair pair = ends.open();
          FileChannel source = maker.open(file)) {
        long filled = pair.fill();
        Started<Long> mover =
            start(
                () ->
                    builder
                        ? Transfer.from(source, 0).to(pair.writer).transfer()
                        : Transfer.transferTo(source, 0, SIZE, pair.writer));
        mover.awaitStalledWithoutCarrier();
        Ends.Collector collector = pair.collect();
        check(mover.get() == SIZE, "all bytes are told");
        pair.writer.close();
        check(isContentAfter(filled, collector), ends + ": all bytes arrived");
      }
    }

    private static boolean isContentAfter(long filled, Ends.Collector collector) {
      byte[] all = collector.toEnd();
      return Arrays.equals(Arrays.copyOfRange(all, (int) filled, all.length), CONTENT);
    }

    private static void regionsToFullStream(Ends ends) throws Exception {
      try (Ends.Pair pair = ends.open();
          FileChannel source = maker.open(file)) {
        FileRegion[] regions = new FileRegion[SIZE / 4096];
        Arrays.setAll(regions, i -> new FileRegion(source, i * 4096L, 4096));
        long filled = pair.fill();
        Started<Long> mover = start(() -> Transfer.transferRegions(regions, null, pair.writer));
        mover.awaitStalledWithoutCarrier();
        Ends.Collector collector = pair.collect();
        check(mover.get() == SIZE, "all regions are told");
        pair.writer.close();
        check(isContentAfter(filled, collector), ends + ": all regions arrived");
      }
    }

    private static void fromSilentStream(Ends ends) throws Exception {
      try (Ends.Pair pair = ends.open();
          FileChannel target = target()) {
        Started<Long> mover = start(() -> Transfer.transferFrom(target, pair.reader, 0, SIZE));
        mover.awaitStalledWithoutCarrier();
        Thread sender = pair.send(CONTENT);
        check(mover.get() == SIZE, "all bytes are told");
        Await.end(sender);
        check(Arrays.equals(Files.readAllBytes(targetFile()), CONTENT), ends + ": file is whole");
      }
    }

    private static void throughFullStream(Ends ends) throws Exception {
      try (Ends.Pair from = ends.open();
          Ends.Pair to = ends.open()) {
        Thread sender = from.send(CONTENT);
        long filled = to.fill();
        Started<Long> mover = start(() -> Transfer.from(from.reader).to(to.writer).transfer());
        mover.awaitStalledWithoutCarrier();
        Ends.Collector collector = to.collect();
        check(mover.get() == SIZE, "all bytes are told");
        Await.end(sender);
        to.writer.close();
        check(isContentAfter(filled, collector), ends + ": all bytes came through");
      }
    }

    private static void closeWhileParked(Ends ends, boolean closeFile) throws Exception {
      try (Ends.Pair pair = ends.open();
          FileChannel source = maker.open(file)) {
        pair.fill();
        Started<Long> mover =
            start(
                () -> {
                  while (true) { // TCP may find room for some bytes after all, and tells them
                    Transfer.transferTo(source, 0, SIZE, pair.writer);
                  }
                });
        mover.awaitStalledWithoutCarrier();
        Channel closed = closeFile ? source : pair.writer;
        closed.close();
        Throwable failure = mover.failure();
        check(failure instanceof ClosedChannelException, ends + ": " + failure);
        boolean asynchronous = failure.getClass() == AsynchronousCloseException.class;
        check(asynchronous || ends.kind == Native.TCP, ends + ": " + failure);
      }
      try (Ends.Pair pair = ends.open();
          FileChannel target = target()) {
        Started<Long> mover = start(() -> Transfer.transferFrom(target, pair.reader, 0, SIZE));
        mover.awaitStalledWithoutCarrier();
        Channel closed = closeFile ? target : pair.reader;
        closed.close();
        Throwable failure = mover.failure();
        check(failure.getClass() == AsynchronousCloseException.class, ends + ": " + failure);
      }
    }

    private static void interruptWhileParked(Ends ends) throws Exception {
      try (Ends.Pair pair = ends.open();
          FileChannel source = maker.open(file)) {
        pair.fill();
        boolean[] status = new boolean[1];
        Started<Long> mover =
            start(
                () -> {
                  try {
                    return Transfer.transferTo(source, 0, SIZE, pair.writer);
                  } finally {
                    status[0] = Thread.currentThread().isInterrupted();
                  }
                });
        mover.awaitStalledWithoutCarrier();
        mover.thread().interrupt();
        Throwable failure = mover.failure();
        check(failure.getClass() == ClosedByInterruptException.class, ends + ": " + failure);
        check(status[0], "interrupt status is kept");
        check(!source.isOpen() && !pair.writer.isOpen(), "both are closed");
      }
    }

    /** The JDK leaves the descriptor non-blocking; the channel is still in blocking mode. */
    private static void platformThreadAfterwards(Ends ends) throws Exception {
      try (Ends.Pair pair = ends.open();
          FileChannel source = maker.open(file)) {
        Started<Long> first = start(() -> Transfer.transferTo(source, 0, 10, pair.writer));
        check(first.get() == 10, "first bytes");
        check(((SelectableChannel) pair.writer).isBlocking(), "mode is kept");
        ByteBuffer ten = ByteBuffer.allocate(10);
        pair.reader.read(ten);
        long filled = pair.fill();
        Threads.Started<Long> second =
            Threads.call(
                "platform",
                () -> {
                  long moved = 0;
                  while (moved < SIZE) {
                    long n = Transfer.transferTo(source, moved, SIZE - moved, pair.writer);
                    check(n > 0, "a transfer in blocking mode moves bytes");
                    moved += n;
                  }
                  return moved;
                });
        second.awaitStalled();
        Ends.Collector collector = pair.collect();
        check(second.get() == SIZE, "all bytes are told");
        pair.writer.close();
        check(isContentAfter(filled, collector), ends + ": all bytes arrived");
      }
    }

    private static Path targetFile() {
      return Path.of(System.getProperty("java.io.tmpdir"), "target");
    }

    private static FileChannel target() throws IOException {
      return maker.open(
          targetFile(),
          StandardOpenOption.CREATE,
          StandardOpenOption.TRUNCATE_EXISTING,
          StandardOpenOption.WRITE);
    }
  }
}

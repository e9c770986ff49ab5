// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static io.znio.SoakWorker.require;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * The long run: eight threads do everything that znio does, at random and with faults, for as long
 * as one likes; {@code tests/soak} starts it. All that arrives is compared. At the end nothing is
 * live, lent, open or mapped that was not at the beginning, and the process is not larger than it
 * was after a quarter of the time.
 *
 * <p>Argument: a directory for its files. Properties: {@code io.znio.test.soakSeconds}, {@code
 * io.znio.test.soakSeed} (each slot's sequence of work follows from it; how the threads meet does
 * not). Wants {@code -Dio.znio.leaks=full}, a limit ({@code -Dio.znio.maxBytes}), and a heap that
 * is touched at the start: what it grows by is no leak of ours.
 */
final class Soak {
  private static final int THREADS = 8;
  private static final int SOURCE_BYTES = 4 << 20;
  private static final int CUT_BYTES = 1 << 16;

  private static final long SECONDS = Long.getLong("io.znio.test.soakSeconds", 60);
  private static final long SEED = Long.getLong("io.znio.test.soakSeed", System.nanoTime());

  /** Of the time, so much is warming up: code is compiled, descriptors are made once. */
  private static final long WARM_UP_PERCENT = 5;

  private static final long STUCK_SECONDS = 180;
  private static final double GROWTH_PERCENT = 5;

  /** A quarter of less is spent on compiling: the JVM's growth, not ours. */
  private static final long JUDGED_SECONDS = 300;

  private static final long PAUSE_NANOS = 100_000_000;

  private final SoakTally tally = new SoakTally();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private final SplittableRandom seeds = new SplittableRandom(SEED);
  private final SoakTally.Operation[] drawn =
      java.util.stream.Stream.of(SoakTally.Operation.values())
          .filter(SoakTally.Operation::isThere)
          .flatMap(operation -> java.util.Collections.nCopies(operation.share, operation).stream())
          .toArray(SoakTally.Operation[]::new);
  private final Path directory;
  private final Shared shared;
  private volatile boolean stop;

  /**
   * What all threads use.
   *
   * @param content of the source file
   * @param source nobody writes it
   * @param cut a file that is cut short and made longer again all the time
   * @param locked a file that all lock
   */
  record Shared(byte[] content, Path source, Path cut, Path locked) {}

  private Soak(Path directory) throws IOException {
    this.directory = directory;
    byte[] content = new byte[SOURCE_BYTES];
    new Random(SEED).nextBytes(content);
    this.shared =
        new Shared(
            content,
            Files.write(directory.resolve("source"), content),
            Files.write(directory.resolve("cut"), new byte[CUT_BYTES]),
            Files.write(directory.resolve("locked"), new byte[100]));
    require(Stress.MAPPED_MAX <= SOURCE_BYTES, "the exchange maps a part of the source");
  }

  public static void main(String[] arguments) throws Exception {
    System.out.printf(
        "-Dio.znio.test.soakSeed=%d for %d s at %s%n", SEED, SECONDS, SafetyLevel.CURRENT);
    Path directory = Files.createDirectories(Path.of(arguments[0]));
    try {
      new Soak(directory).run();
    } finally {
      delete(directory);
    }
  }

  private void run() throws Exception {
    openOnce();
    long warm = Math.max(1, SECONDS * WARM_UP_PERCENT / 100);
    load(warm);
    SoakState begin = SoakState.atRest();
    System.out.println("begin:   " + begin);
    load(SECONDS / 4 - warm);
    SoakState quarter = SoakState.atRest();
    System.out.println("quarter: " + quarter);
    load(SECONDS - SECONDS / 4);
    SoakState end = SoakState.atRest();
    System.out.println("end:     " + end);
    long[] met = Stress.met();
    tally.met(SoakTally.Fault.LIMIT, met[0]);
    tally.met(SoakTally.Fault.STALE, met[1]);
    tally.met(SoakTally.Fault.DROPPED, met[2]);
    System.out.print(tally.table());
    end.mustBeLike(begin);
    double growth = 100.0 * end.resident() / quarter.resident() - 100;
    require(
        growth <= GROWTH_PERCENT || SECONDS < JUDGED_SECONDS,
        String.format(Locale.ROOT, "%.1f %% larger than after a quarter of the time", growth));
    List<String> missing = tally.missing();
    require(missing.isEmpty(), "never succeeded, or never happened: " + missing);
    System.out.println(summary(quarter, end, growth));
  }

  /** The JDK and znio open descriptors of their own at first use, and keep them. */
  private static void openOnce() throws IOException {
    for (Ends ends : Ends.values()) {
      ends.open().close();
    }
    Mapping.anonymous(1).close();
  }

  private String summary(SoakState quarter, SoakState end, double growth) {
    return String.format(
        Locale.ROOT,
        "soak: JDK %s, %s, %d threads, %.0f min, seed %d: %,d operations of %d kinds, %,d faults of"
            + " %d kinds, %,d MiB compared; lost: 0 bytes; left over: 0 blocks, mappings, memfds,"
            + " pins, pipes and descriptors; resident %,d MiB after a quarter, %,d at the end"
            + " (%+.1f %%%s)",
        Runtime.version().feature(),
        SafetyLevel.CURRENT.toString().toLowerCase(Locale.ROOT),
        THREADS,
        SECONDS / 60.0,
        SEED,
        tally.triedAll(),
        java.util.stream.Stream.of(drawn).distinct().count(),
        tally.metAll(),
        SoakTally.Fault.values().length,
        tally.verifiedBytes() >> 20,
        quarter.resident() >> 20,
        end.resident() >> 20,
        growth,
        SECONDS < JUDGED_SECONDS ? ", not judged: too short a run" : "");
  }

  /** Everything for so long; then all threads have ended, and the exchange is empty. */
  private void load(long seconds) throws Exception {
    stop = false;
    Thread[] slots = new Thread[THREADS];
    for (int i = 0; i < THREADS; i++) {
      SplittableRandom random = seeds.split();
      Path own = Files.createDirectories(directory.resolve("slot-" + i));
      slots[i] = new Thread(() -> lives(random, own), "slot " + i);
      slots[i].start();
    }
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    try {
      while (System.nanoTime() - end < 0 && failure.get() == null) {
        disturb();
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    } finally {
      stop = true;
      for (Thread slot : slots) {
        join(slot);
      }
    }
    if (failure.get() != null) {
      throw new AssertionError("the soak failed: seed " + SEED, failure.get());
    }
    Stress.drain();
  }

  /** A thread that is stuck ends the run, with what all threads are at. */
  private static void join(Thread slot) throws InterruptedException {
    slot.join(TimeUnit.SECONDS.toMillis(STUCK_SECONDS));
    if (slot.isAlive()) {
      Thread.getAllStackTraces()
          .forEach(
              (thread, stack) -> {
                System.err.println(thread);
                for (StackTraceElement frame : stack) {
                  System.err.println("    at " + frame);
                }
              });
      System.err.println(slot + " is stuck; seed " + SEED);
      Runtime.getRuntime().halt(3);
    }
  }

  /** The collector, children, the ledger's walk; and the file that is mapped is cut. */
  private void disturb() throws Exception {
    Stress.disturb(seeds);
    try (FileChannel file = FileChannel.open(shared.cut(), StandardOpenOption.WRITE)) {
      file.truncate(seeds.nextInt(CUT_BYTES));
      Thread.yield();
      file.write(java.nio.ByteBuffer.wrap(shared.content(), 0, CUT_BYTES), 0);
    }
  }

  /** One short thread after the other: platform, or virtual where there are such. */
  private void lives(SplittableRandom random, Path own) {
    try {
      while (!stop) {
        int acts = random.nextInt(1, 2000);
        SplittableRandom draws = random.split();
        Runnable life = () -> live(draws, acts, own);
        Thread thread =
            random.nextInt(4) == 0 ? Stress.Virtual.thread(life) : new Thread(life, "life");
        thread.start();
        thread.join();
      }
    } catch (Throwable t) {
      fail(t);
    }
  }

  private void live(SplittableRandom random, int acts, Path own) {
    SoakWorker worker = new SoakWorker(random, tally, own, shared);
    SoakTally.Operation operation = null;
    try {
      for (int i = 0; i < acts && !stop; i++) {
        operation = drawn[random.nextInt(drawn.length)];
        act(operation, worker);
      }
    } catch (Throwable t) {
      fail(new AssertionError(operation + " on " + Thread.currentThread(), t));
    }
  }

  private void act(SoakTally.Operation operation, SoakWorker worker) throws Exception {
    tally.tried(operation);
    try {
      if (operation.run(worker)) {
        tally.done(operation);
      }
    } catch (OutOfMemoryError e) {
      if (e.getMessage() == null || !e.getMessage().contains("the limit is")) {
        throw e;
      }
      tally.met(SoakTally.Fault.LIMIT);
    }
    require(!Thread.currentThread().isInterrupted(), "an interrupt was left over");
  }

  private void fail(Throwable t) {
    failure.compareAndSet(null, t);
    stop = true;
  }

  static void delete(Path directory) throws IOException {
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, IOException e)
              throws IOException {
            Files.delete(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}

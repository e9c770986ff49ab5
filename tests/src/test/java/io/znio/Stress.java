// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Eight threads allocate, map, fill, look, close twice, drop and pass on, at random; they die and
 * others take their place, the collector runs, children are forked. At the end the ledger must have
 * counted every birth and death with its bytes and its cause, and nothing may live.
 *
 * <p>A program, so that it runs for as long as one likes and at any level: {@link StressTest} runs
 * it for a moment, {@code tests/run --stage stress} for a minute. Properties: {@code
 * io.znio.test.stressSeconds}, {@code io.znio.test.stressSeed}. Wants {@code -Dio.znio.leaks=full}
 * and a limit that is met ({@code -Dio.znio.maxBytes}).
 */
final class Stress {
  private static final int THREADS = 8;
  private static final int SLOTS = 512;
  static final int MAPPED_MAX = 100_000;

  private static final long SECONDS = Long.getLong("io.znio.test.stressSeconds", 60);
  private static final long PATIENCE_SECONDS = 20;
  private static final long SEED = Long.getLong("io.znio.test.stressSeed", System.nanoTime());

  /** Two owners of one block would see each other's pattern: no two things have the same. */
  private static final AtomicLong NUMBERS = new AtomicLong(SEED << 20);

  private static final AtomicReferenceArray<Thing> EXCHANGE = new AtomicReferenceArray<>(SLOTS);
  private static final AtomicBoolean STOP = new AtomicBoolean();
  private static final AtomicReference<Throwable> FAILURE = new AtomicReference<>();
  private static final AtomicLong REFUSED = new AtomicLong();
  private static final AtomicLong STALE = new AtomicLong();
  private static final Map<Ledger.Kind, Expected> EXPECTED = new EnumMap<>(Ledger.Kind.class);

  static {
    EXPECTED.put(Ledger.Kind.REGION, new Expected());
    EXPECTED.put(Ledger.Kind.MAPPING, new Expected());
  }

  /** What the ledger must tell at the end. */
  private static final class Expected {
    final AtomicLong items = new AtomicLong();
    final AtomicLong bytes = new AtomicLong();
    final AtomicLong dropped = new AtomicLong();
  }

  private interface Closer {
    void close();
  }

  /** Memory with one owner: whoever has taken it out of the exchange. */
  static final class Thing {
    final Ledger.Kind kind;
    final ByteBuffer buffer;
    final Closer closer;
    final long number = NUMBERS.getAndIncrement();

    Thing(Ledger.Kind kind, ByteBuffer buffer, Closer closer) {
      this.kind = kind;
      this.buffer = buffer;
      this.closer = closer;
      int size = buffer.capacity();
      EXPECTED.get(kind).items.incrementAndGet();
      EXPECTED.get(kind).bytes.addAndGet(size);
      for (int i = 0; i < size; i += step(i, size)) {
        buffer.put(i, pattern(number, i));
      }
    }

    void verify() {
      int size = buffer.capacity();
      for (int i = 0; i < size; i += step(i, size)) {
        if (buffer.get(i) != pattern(number, i)) {
          throw new AssertionError(
              "byte " + i + " of a " + kind + " of " + size + " bytes is somebody else's");
        }
      }
    }

    void close() {
      closer.close();
    }

    void drop() {
      EXPECTED.get(kind).dropped.incrementAndGet();
    }
  }

  /** All of a small thing; of a large one the ends and a byte of each page. */
  private static int step(int offset, int size) {
    return offset < 128 || offset > size - 128 ? 1 : 4093;
  }

  private static byte pattern(long number, int offset) {
    return (byte) ((number * 0x9e3779b97f4a7c15L + offset) * 0xbf58476d1ce4e5b9L >>> 40);
  }

  private Stress() {}

  public static void main(String[] arguments) throws Exception {
    System.out.println(
        "-Dio.znio.test.stressSeed=" + SEED + " for " + SECONDS + " s at " + SafetyLevel.CURRENT);
    Path file = Files.write(Files.createTempFile("stress", null), new byte[MAPPED_MAX]);
    Ledger.Snapshot before = Ledger.snapshot();
    List<Thread> slots = new ArrayList<>();
    SplittableRandom seeds = new SplittableRandom(SEED);
    for (int i = 0; i < THREADS; i++) {
      SplittableRandom random = seeds.split();
      Thread slot = new Thread(() -> guarded(() -> lives(random, file)), "slot " + i);
      slots.add(slot);
      slot.start();
    }
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    long latest = end + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    long wanted = end;
    do {
      guarded(() -> disturb(seeds));
      wanted = hasMetAll() ? end : latest;
    } while (System.nanoTime() - wanted < 0 && FAILURE.get() == null);
    STOP.set(true);
    for (Thread slot : slots) {
      slot.join();
    }
    Files.delete(file);
    if (FAILURE.get() != null) {
      throw new AssertionError("the stress failed", FAILURE.get());
    }
    drain();
    new Balance(before).settle();
  }

  /** Ends all that is in the exchange. No other thread acts. */
  static void drain() {
    for (int i = 0; i < SLOTS; i++) {
      Thing thing = EXCHANGE.getAndSet(i, null);
      if (thing != null) {
        thing.verify();
        thing.close();
      }
    }
  }

  /** How often the limit refused, a reader met a free, and something was dropped. */
  static long[] met() {
    long dropped = EXPECTED.values().stream().mapToLong(all -> all.dropped.get()).sum();
    return new long[] {REFUSED.get(), STALE.get(), dropped};
  }

  /** What the end asks for; on a busy machine it takes its time. */
  private static boolean hasMetAll() {
    return REFUSED.get() > 0
        && EXPECTED.get(Ledger.Kind.REGION).dropped.get() > 0
        && (!SafetyLevel.IS_CHECKED || STALE.get() > 0);
  }

  private interface Work {
    void run() throws Exception;
  }

  private static void guarded(Work work) {
    try {
      work.run();
    } catch (Throwable t) {
      FAILURE.compareAndSet(null, t);
      STOP.set(true);
    }
  }

  /** One short thread after the other: what a dead one had in its magazine comes back. */
  private static void lives(SplittableRandom random, Path file) throws InterruptedException {
    while (!STOP.get()) {
      SplittableRandom own = random.split();
      int acts = random.nextInt(1, 20_000);
      Runnable life =
          () ->
              guarded(
                  () -> {
                    Thing[] seen = new Thing[1];
                    for (int i = 0; i < acts && !STOP.get(); i++) {
                      act(own, file, seen);
                    }
                  });
      Thread thread = random.nextInt(4) == 0 ? Virtual.thread(life) : new Thread(life);
      thread.start();
      thread.join();
    }
  }

  /**
   * One step of a thread: something new goes into the exchange, what was there is looked at and
   * ended. For {@link Soak}, too.
   *
   * @param file of {@link #MAPPED_MAX} bytes or more
   * @param seen this thread's own, of one element
   */
  static void act(SplittableRandom random, Path file, Thing[] seen) throws IOException {
    Thing mine = random.nextInt(2) == 0 ? make(random, file) : null;
    Thing thing = EXCHANGE.getAndSet(random.nextInt(SLOTS), mine);
    peek(random, seen);
    if (thing == null) {
      return;
    }
    thing.verify();
    switch (random.nextInt(32)) {
      case 0 -> thing.drop();
      case 1 -> closeWhileHeld(thing);
      case 2 -> closeTwice(thing);
      default -> thing.close();
    }
  }

  /** Null: the limit does not allow it. */
  private static Thing make(SplittableRandom random, Path file) throws IOException {
    int size = random.nextInt(1 << random.nextInt(random.nextInt(8) == 0 ? 22 : 13));
    try {
      return switch (random.nextInt(64)) {
        case 0 -> mapped(random, file);
        case 1, 2, 3, 4 -> region(random, size + 1);
        default -> buffer(random, size);
      };
    } catch (OutOfMemoryError e) {
      if (!e.getMessage().contains("the limit is")) {
        throw e;
      }
      REFUSED.incrementAndGet();
      return null;
    }
  }

  private static Thing buffer(SplittableRandom random, int size) {
    boolean zeroed = random.nextBoolean();
    int alignment = random.nextInt(8) == 0 ? 1 << random.nextInt(14) : 1;
    ByteBuffer buffer =
        zeroed
            ? DirectBuffers.allocate(size, alignment)
            : DirectBuffers.allocateUninitialized(size, alignment);
    if (zeroed) {
      checkZeroed(buffer);
    }
    return new Thing(Ledger.Kind.REGION, buffer, () -> DirectBuffers.free(buffer));
  }

  private static Thing region(SplittableRandom random, int size) {
    Region region =
        random.nextBoolean() ? Region.allocate(size) : Region.allocateUninitialized(size, 4096);
    // Its buffer alone keeps it from being taken for dropped.
    return new Thing(Ledger.Kind.REGION, region.buffer(), region::close);
  }

  private static Thing mapped(SplittableRandom random, Path file) throws IOException {
    int size = 1 + random.nextInt(MAPPED_MAX);
    Mapping mapping =
        random.nextBoolean()
            ? Mapping.anonymous(size)
            : Mapping.map(file, Mapping.Mode.PRIVATE, 0, size, Mapping.Options.NONE);
    return new Thing(Ledger.Kind.MAPPING, mapping.buffer(), mapping::close);
  }

  private static void checkZeroed(ByteBuffer buffer) {
    int size = buffer.capacity();
    for (int i = 0; i < size; i += step(i, size)) {
      if (buffer.get(i) != 0) {
        throw new AssertionError("byte " + i + " of " + size + " is not zero");
      }
    }
  }

  /**
   * Reads what another thread may free at this moment, or has freed: its own bytes, or an
   * exception. Below checked nobody may do that; nor does this promise hold for virtual threads.
   *
   * @param seen what was in the exchange some acts ago
   */
  private static void peek(SplittableRandom random, Thing[] seen) {
    if (!SafetyLevel.IS_CHECKED || JdkThreads.isVirtual()) {
      return;
    }
    Thing thing = seen[0];
    if (thing == null || random.nextInt(4) == 0) {
      seen[0] = EXCHANGE.get(random.nextInt(SLOTS));
      return;
    }
    try {
      try {
        thing.verify();
      } finally {
        awaitInternalError();
      }
    } catch (IllegalStateException freed) {
      STALE.incrementAndGet();
    } catch (InternalError unmapped) {
      require(thing.kind == Ledger.Kind.MAPPING, "only a mapping's pages go at once");
      STALE.incrementAndGet();
    }
  }

  /**
   * The InternalError of an access comes when the thread next enters the JVM in a way that looks
   * for such: here, and not in the middle of what it does next. Returning from a native method is
   * none on JDK 17; an array of arrays, of which compilers do not know how many, is.
   */
  static void awaitInternalError() {
    Thread.yield();
    entered = new byte[many][1];
  }

  private static volatile int many = 8;
  private static volatile Object entered;

  private static void closeWhileHeld(Thing thing) {
    JdkMemory.acquire(thing.buffer);
    try {
      mustBeRefused(thing);
      thing.verify();
    } finally {
      JdkMemory.release(thing.buffer);
    }
    thing.close();
  }

  private static void closeTwice(Thing thing) {
    thing.close();
    try {
      thing.close(); // does nothing to a region or a mapping, and to a buffer is refused
    } catch (IllegalStateException twice) {
      require(thing.kind == Ledger.Kind.REGION, "a mapping is closed twice in silence");
    }
  }

  private static void mustBeRefused(Thing thing) {
    try {
      thing.close();
    } catch (IllegalStateException inUse) {
      return;
    }
    throw new AssertionError("something was closed while it was in use");
  }

  /** The collector, the ledger's walk, and children, beside all that. */
  static void disturb(SplittableRandom random) throws Exception {
    switch (random.nextInt(32)) {
      case 0 -> fork();
      case 1, 2 -> System.gc();
      case 3, 4, 5, 6 -> Quarantine.flush();
      default -> Ledger.live(entry -> require(entry.size() >= 0, "an entry is whole"));
    }
    for (Ledger.Counts counts : Ledger.snapshot().counts().values()) {
      require(counts.liveItems() >= 0, "a death without its birth");
    }
  }

  private static void fork() throws IOException, InterruptedException {
    Process child = new ProcessBuilder("/bin/sh", "-c", "echo $((6 * 7))").start();
    require(child.waitFor(30, TimeUnit.SECONDS), "a forked child ends");
    require(new String(child.getInputStream().readAllBytes()).equals("42\n"), "it did its work");
    require(child.exitValue() == 0, "it was unharmed");
  }

  private static void require(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what);
    }
  }

  /** The end: what was dropped has been found, and the ledger is exact. */
  private record Balance(Ledger.Snapshot before) {
    private Ledger.Counts of(Ledger.Kind kind) {
      return Ledger.snapshot().diff(before).counts().get(kind);
    }

    void settle() {
      for (Ledger.Kind kind : EXPECTED.keySet()) {
        Await.until(
            "every dropped " + kind + " is found",
            () -> {
              System.gc();
              return of(kind).liveItems() == 0;
            });
        settle(kind);
      }
      Await.until("quarantine and magazines are empty", this::isIdle);
      require(Ledger.live().isEmpty(), "the list of what lives is empty");
      require(Ledger.limits().memoryLive() == 0, "nothing counts against the limit");
      System.out.println(REFUSED + " refused, " + STALE + " reads met a free");
      require(hasMetAll(), "the limit was met, something was dropped, readers met a free");
    }

    private void settle(Ledger.Kind kind) {
      Ledger.Counts counts = of(kind);
      Expected expected = EXPECTED.get(kind);
      System.out.println(kind + ": " + counts);
      same(kind + " born", counts.bornItems(), expected.items.get());
      same(kind + " died", counts.diedItems(), expected.items.get());
      same(kind + " bytes born", counts.bornBytes(), expected.bytes.get());
      same(kind + " bytes died", counts.diedBytes(), expected.bytes.get());
      same(kind + " leaked", counts.leaked(), expected.dropped.get());
      same(kind + " cleaned", counts.cleaned(), 0);
      same(kind + " ages", counts.ages().stream().mapToLong(i -> i).sum(), expected.items.get());
    }

    private boolean isIdle() {
      System.gc();
      Quarantine.flush();
      Ledger.Idle idle = Ledger.idle();
      // Of the threads only this one, the housekeeper and those of virtual threads are left.
      return idle.quarantineItems() == 0 && idle.keptMappings() == 0 && idle.magazines() <= 6;
    }

    private static void same(String what, long counted, long expected) {
      require(counted == expected, what + ": the ledger says " + counted + ", not " + expected);
    }
  }

  /** Virtual threads, where the JDK has them. */
  static final class Virtual {
    static Thread thread(Runnable work) {
      if (Runtime.version().feature() < 21) {
        return new Thread(work);
      }
      try {
        Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
        return (Thread)
            Class.forName("java.lang.Thread$Builder")
                .getMethod("unstarted", Runnable.class)
                .invoke(builder, work);
      } catch (ReflectiveOperationException e) {
        throw new AssertionError(e);
      }
    }
  }
}

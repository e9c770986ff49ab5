// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.LongSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The option unsafe: the memory of unchanged programs is jemalloc's, and they cannot tell. */
class AgentUnsafeTest extends AgentFixture {
  /**
   * Runs in a child JVM: allocates in every way, prints what comes of it. Argument: options to
   * install, or nothing.
   */
  public static final class Memory {
    private static final int THREADS = 3;
    private static final int ROUNDS = 800;
    private static final int MAX = 30_000;
    private static final int EARLY = 300;
    private static final int STRIDE = 67; // of the bytes that are looked at
    private static final int SWITCHES = 40;

    private static final sun.misc.Unsafe UNSAFE;
    private static volatile Throwable failure;
    private static volatile boolean switched;

    static {
      try {
        UNSAFE = unsafe();
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    public static void main(String[] arguments) throws Exception {
      List<ByteBuffer> early = new ArrayList<>();
      for (int i = 0; i < EARLY; i++) {
        early.add(filled(i));
      }
      long earlyBlock = block(10);
      List<Thread> threads = start();
      for (int i = 0; i < SWITCHES && arguments.length > 0; i++) {
        Agent.install(i % 2 == 0 ? "observe" : arguments[0]);
      }
      switched = true;
      for (Thread thread : threads) {
        thread.join();
      }
      reallocate(reallocate(earlyBlock, 10, 1_000_000), 1_000_000, 10);
      for (int i = 0; i < EARLY; i++) {
        check(early.get(i), i);
        UNSAFE.invokeCleaner(early.get(i));
      }
      moves();
      limit();
      exhaustion();
      if (failure != null) {
        failure.printStackTrace();
      }
      System.out.println("failure " + failure);
    }

    private static List<Thread> start() {
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        int seed = i;
        Thread thread =
            new Thread(
                () -> {
                  try {
                    churn(new Random(seed));
                  } catch (Throwable t) {
                    failure = t;
                  }
                });
        thread.start();
        threads.add(thread);
      }
      return threads;
    }

    /** Half of them is freed, the other half is left to the collector. */
    private static void churn(Random random) {
      ByteBuffer[] live = new ByteBuffer[64];
      int[] seeds = new int[live.length];
      for (int i = 0; i < ROUNDS || !switched; i++) {
        int place = random.nextInt(live.length);
        if (live[place] != null) {
          check(live[place], seeds[place]);
          if (random.nextBoolean()) {
            UNSAFE.invokeCleaner(live[place]);
          }
        }
        seeds[place] = random.nextInt(i % 20 == 0 ? MAX : 2000);
        live[place] = filled(seeds[place]);
        long block = reallocate(block(16), 16, 1 + seeds[place]);
        UNSAFE.freeMemory(reallocate(block, 1 + seeds[place], 24));
      }
    }

    private static ByteBuffer filled(int seed) {
      ByteBuffer buffer = ByteBuffer.allocateDirect(1 + seed);
      for (int i = seed; i >= 0; i -= STRIDE) {
        if (buffer.get(i) != 0) {
          throw new IllegalStateException("not zero at " + i);
        }
        buffer.put(i, (byte) (seed + i));
      }
      return buffer;
    }

    private static void check(ByteBuffer buffer, int seed) {
      for (int i = seed; i >= 0; i -= STRIDE) {
        if (buffer.get(i) != (byte) (seed + i)) {
          throw new IllegalStateException("other bytes at " + i);
        }
      }
    }

    private static long block(long size) {
      long block = UNSAFE.allocateMemory(size);
      if (block % 16 != 0) {
        throw new IllegalStateException("not aligned: " + block);
      }
      fill(block, size);
      return block;
    }

    private static void fill(long block, long size) {
      for (long i = 0; i < size; i += STRIDE) {
        UNSAFE.putByte(block + i, (byte) (i * 3));
      }
    }

    /** Moves, and expects what was there. */
    private static long reallocate(long block, long before, long size) {
      long moved = UNSAFE.reallocateMemory(block, size);
      for (long i = 0; i < Math.min(before, size); i += STRIDE) {
        if (UNSAFE.getByte(moved + i) != (byte) (i * 3)) {
          throw new IllegalStateException("other bytes at " + i);
        }
      }
      fill(moved, size);
      return moved;
    }

    private static void moves() {
      long block = block(1);
      long before = 1;
      for (long size : new long[] {8, 16, 70_000, 65_536, 1_000_000, 65_537, 100, 1}) {
        block = reallocate(block, before, size);
        before = size;
      }
      System.out.println("to nothing " + UNSAFE.reallocateMemory(block, 0));
      UNSAFE.freeMemory(UNSAFE.reallocateMemory(0, 100));
      UNSAFE.freeMemory(0);
      System.out.println("nothing " + UNSAFE.allocateMemory(0));
    }

    /** As many buffers as the JVM's limit has room for. */
    private static void limit() {
      List<ByteBuffer> live = new ArrayList<>();
      try {
        while (live.size() < 1000) {
          live.add(ByteBuffer.allocateDirect(1 << 20));
        }
        System.out.println("no limit");
      } catch (OutOfMemoryError e) {
        // How much is still reserved depends on the collector.
        System.out.println(e.getMessage().replaceAll("\\d+ bytes|allocated: \\d+", "N"));
      }
      live.forEach(UNSAFE::invokeCleaner);
    }

    private static void exhaustion() {
      long block = block(100);
      for (long size : new long[] {1L << 46, 1L << 62, Long.MAX_VALUE - 7}) {
        show(() -> UNSAFE.allocateMemory(size));
        if (!isTracked()) {
          show(() -> UNSAFE.reallocateMemory(block, size));
        }
      }
      UNSAFE.freeMemory(reallocate(block, 100, 200));
    }

    /** JDK 17 counts a block as freed that it could not reallocate, and dies of that later. */
    private static boolean isTracked() {
      List<String> options = ManagementFactory.getRuntimeMXBean().getInputArguments();
      return options.toString().contains("NativeMemoryTracking");
    }

    private static void show(LongSupplier call) {
      try {
        System.out.println(call.getAsLong());
      } catch (OutOfMemoryError e) {
        System.out.println(e.getMessage());
      }
    }

    private Memory() {}
  }

  /** Runs in a child JVM: what the JVM's own count of native memory has of 64 MiB of buffers. */
  public static final class Tracked {
    public static void main(String[] arguments) throws Exception {
      ByteBuffer buffer = ByteBuffer.allocateDirect(64 << 20);
      Object summary =
          ManagementFactory.getPlatformMBeanServer()
              .invoke(
                  new ObjectName("com.sun.management:type=DiagnosticCommand"),
                  "vmNativeMemory",
                  new Object[] {new String[] {"summary", "scale=MB"}},
                  new String[] {String[].class.getName()});
      Matcher other = Pattern.compile("Other \\(reserved=(\\d+)MB").matcher(summary.toString());
      System.out.println(other.find() && Integer.parseInt(other.group(1)) >= 64);
      buffer.put(0, (byte) 1);
    }

    private Tracked() {}
  }

  private static final String LIMIT = "-XX:MaxDirectMemorySize=100m";

  private String agent() {
    return "-agentpath:" + library + "=unsafe,json=" + json;
  }

  private void checkServed() throws Exception {
    AgentReport report = AgentReport.read(json);
    for (String name : List.of("allocateMemory0", "freeMemory0", "reallocateMemory0", "pread0")) {
      assertThat(report.servedBy(name)).as(name).isEqualTo("znio");
    }
    assertThat(report.of("allocateMemory0", "calls")).isGreaterThan(4_000);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-Xmixed",
        "-Xint",
        "-XX:+UseZGC",
        "-XX:+UseParallelGC",
        "-XX:NativeMemoryTracking=detail",
      })
  void aProgramCannotTell(String option) throws Exception {
    Child child = run(List.of(option, LIMIT, agent()), Memory.class);
    assertThat(child).isEqualTo(run(List.of(option, LIMIT), Memory.class));
    assertThat(child.status()).as(child.output()).isZero();
    assertThat(child.output()).endsWith("failure null\n").contains("Unable to allocate");
    checkServed();
  }

  /** Whose memory it is changes all the time, in both directions. */
  @ParameterizedTest
  @ValueSource(strings = {"-Xmixed", "-Xint", "-XX:NativeMemoryTracking=summary"})
  void memoryGoesBackToWhereItCameFrom(String option) throws Exception {
    Child child = run(List.of(option, LIMIT), Memory.class, "unsafe,json=" + json);
    assertThat(child).isEqualTo(run(List.of(option, LIMIT), Memory.class));
    assertThat(child.output()).endsWith("failure null\n");
    assertThat(AgentReport.read(json).servedBy("allocateMemory0")).isEqualTo("znio");
  }

  @Test
  void aLimitedAddressSpace() throws Exception {
    Path script = directory.resolve("java");
    Files.writeString(
        script, "ulimit -v 8000000; exec " + System.getProperty("java.home") + "/bin/java \"$@\"");
    List<String> command = new ArrayList<>(List.of("bash", script.toString(), "-Xmx256m", LIMIT));
    command.add(agent());
    command.addAll(List.of("-cp", Child.classPath(Memory.class), Memory.class.getName()));
    Child child = Child.command(command);
    assertThat(child.status()).as(child.output()).isZero();
    assertThat(child.output()).endsWith("failure null\n").doesNotContain("znio agent:");
    checkServed();
  }

  /** This is what shows that the memory is ours. */
  @Test
  void theJvmDoesNotCountOurs() throws Exception {
    String tracking = "-XX:NativeMemoryTracking=summary";
    assertThat(run(List.of(tracking), Tracked.class)).isEqualTo(new Child(0, "true\n"));
    assertThat(run(List.of(tracking, agent()), Tracked.class)).isEqualTo(new Child(0, "false\n"));
  }
}

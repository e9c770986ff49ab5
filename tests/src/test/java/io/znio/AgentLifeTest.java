// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.ref.Cleaner;
import java.lang.reflect.Field;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The report tells of samples when, by whom and how they were born and freed. */
class AgentLifeTest extends AgentFixture {
  /** From this size on all are recorded. */
  static final int LARGE = 1 << 20;

  static sun.misc.Unsafe unsafe() throws ReflectiveOperationException {
    Field field = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");
    field.setAccessible(true);
    return (sun.misc.Unsafe) field.get(null);
  }

  /** Runs in a child JVM: buffers and mappings end in every way, each kind with a size its own. */
  public static final class Ends {
    static final int EACH = 5;
    static final int EXPLICIT = LARGE + 8;
    static final int DROPPED = LARGE + 16;
    static final int KEPT = LARGE + 24;
    static final int SMALL = 4096;
    static final int BY_CLEANER = LARGE + 32;
    static final int BY_A_NAMESAKE = LARGE + 40;

    static final List<Object> LIVE = new ArrayList<>();

    public static void main(String[] arguments) throws Exception {
      Path file = Files.write(Files.createTempFile("mapped", ""), new byte[KEPT]);
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        Thread explicit = new Thread(() -> bear(channel), "Zoë \"x\\y\" \uD83D\uDE00");
        explicit.start();
        explicit.join();
      }
      Files.delete(file);
      byClasses();
      while (pooled() > 2 * EACH + 1) { // LIVE, and the one that is used to write the file
        System.gc();
        Thread.onSpinWait();
      }
    }

    private static void bear(FileChannel channel) {
      try {
        for (int i = 0; i < EACH; i++) {
          unsafe().invokeCleaner(ByteBuffer.allocateDirect(EXPLICIT));
          unsafe().invokeCleaner(ByteBuffer.allocateDirect(SMALL));
          unsafe().invokeCleaner(channel.map(FileChannel.MapMode.READ_ONLY, 0, EXPLICIT));
          ByteBuffer.allocateDirect(DROPPED);
          LIVE.add(ByteBuffer.allocateDirect(KEPT));
          LIVE.add(channel.map(FileChannel.MapMode.READ_ONLY, 0, KEPT));
        }
      } catch (IOException | ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }

    /** A Cleaner of a program's own, and a thread that is called almost like one. */
    private static void byClasses() throws Exception {
      long cleaned = unsafe().allocateMemory(BY_CLEANER);
      CountDownLatch done = new CountDownLatch(1);
      Cleaner.create()
          .register(new Object(), () -> free(cleaned, done)); // nothing can reach it any more
      while (done.getCount() > 0) {
        System.gc();
        Thread.onSpinWait();
      }
      long other = unsafe().allocateMemory(BY_A_NAMESAKE);
      Thread thread = new Thread(() -> free(other, done), "Cleaner-1a");
      thread.start();
      thread.join();
    }

    private static void free(long address, CountDownLatch done) {
      try {
        unsafe().freeMemory(address);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
      done.countDown();
    }

    private static long pooled() {
      long sum = 0;
      for (BufferPoolMXBean pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
        sum += pool.getCount();
      }
      return sum;
    }

    private Ends() {}
  }

  private AgentReport run(String options, Class<?> program, String... arguments) throws Exception {
    String agent = "-agentpath:" + library + "=json=" + json + options;
    assertThat(run(List.of(agent), program, arguments)).isEqualTo(new Child(0, ""));
    return AgentReport.read(json);
  }

  private static List<Map<String, String>> records(AgentReport report, String kind, int bytes) {
    return report.objects("records").stream()
        .filter(record -> record.get("kind").equals("\"" + kind + "\""))
        .filter(record -> record.get("bytes").equals(Integer.toString(bytes)))
        .toList();
  }

  private static double number(Map<String, String> members, String name) {
    return Double.parseDouble(members.get(name));
  }

  /** Small ones are not sampled; large ones are, all of them, without a stack. */
  @ParameterizedTest
  @ValueSource(strings = {"-XX:+UseG1GC", "-XX:+UseParallelGC", "-XX:+UseZGC"})
  void endsAreToldApart(String collector) throws Exception {
    String agent = "-agentpath:" + library + "=stacks=off,json=" + json;
    assertThat(run(List.of(collector, agent), Ends.class)).isEqualTo(new Child(0, ""));
    AgentReport report = AgentReport.read(json);
    assertThat(report.in("ends", "unsafe", "explicit")).isEqualTo(Ends.EACH + 1);
    assertThat(report.in("ends", "unsafe", "cleaner")).isEqualTo(Ends.EACH + 1);
    assertThat(report.in("ends", "unsafe", "never")).isEqualTo(Ends.EACH);
    assertThat(report.in("ends", "mapped", "explicit")).isEqualTo(Ends.EACH);
    assertThat(report.in("ends", "mapped", "cleaner")).isZero();
    assertThat(report.in("ends", "mapped", "never")).isEqualTo(Ends.EACH);
    for (String kind : List.of("unsafe", "mapped")) {
      assertThat(records(report, kind, Ends.EXPLICIT))
          .hasSize(Ends.EACH)
          .allSatisfy(AgentLifeTest::checkExplicit);
      assertThat(records(report, kind, Ends.KEPT))
          .hasSize(Ends.EACH)
          .allSatisfy(AgentLifeTest::checkKept);
    }
    assertThat(records(report, "unsafe", Ends.SMALL)).isEmpty();
    assertThat(records(report, "unsafe", Ends.DROPPED))
        .hasSize(Ends.EACH)
        .allSatisfy(record -> checkCleaned(record, "Reference Handler", report));
    assertThat(records(report, "unsafe", Ends.BY_CLEANER))
        .hasSize(1)
        .allSatisfy(record -> checkCleaned(record, "Cleaner-0", report));
    assertThat(records(report, "unsafe", Ends.BY_A_NAMESAKE))
        .hasSize(1)
        .allSatisfy(record -> assertThat(record).containsEntry("end", "\"explicit\""))
        .allSatisfy(record -> assertThat(record).containsEntry("died_thread", "\"Cleaner-1a\""));
  }

  private static final String NAME = "\"Zo\\u00eb \\\"x\\\\y\\\" \\ud83d\\ude00\"";

  private static void checkExplicit(Map<String, String> record) {
    assertThat(record)
        .containsEntry("end", "\"explicit\"")
        .containsEntry("thread", NAME)
        .containsEntry("died_thread", NAME)
        .containsEntry("gc_to_release_us", "null")
        .containsEntry("site", "null");
    assertThat(number(record, "born_ms")).isLessThanOrEqualTo(number(record, "died_ms"));
  }

  private static void checkKept(Map<String, String> record) {
    assertThat(record)
        .containsEntry("thread", NAME)
        .containsEntry("died_ms", "null")
        .containsEntry("died_thread", "null")
        .containsEntry("end", "null")
        .containsEntry("last_gc_ms", "null");
  }

  /** The collection that is named has a mark, and ended between birth and death. */
  private static void checkCleaned(Map<String, String> record, String thread, AgentReport report) {
    assertThat(record)
        .containsEntry("end", "\"cleaner\"")
        .containsEntry("died_thread", "\"" + thread + "\"");
    double last = number(record, "last_gc_ms");
    assertThat(last).isBetween(number(record, "born_ms"), number(record, "died_ms"));
    double waited = (number(record, "died_ms") - last) * 1000;
    assertThat(number(record, "gc_to_release_us")).isBetween(waited - 0.5, waited + 0.5);
    assertThat(report.objects("marks"))
        .anySatisfy(
            mark ->
                assertThat(number(mark, "ms") + number(mark, "us") / 1000)
                    .isBetween(last - 0.0005, last + 0.0005));
  }

  /** Runs in a child JVM: a million samples, of which a tenth lives on. */
  public static final class Million {
    static final int BIRTHS = 1_000_000;
    static final int SIZE = 16;

    public static void main(String[] arguments) throws Exception {
      sun.misc.Unsafe unsafe = unsafe();
      for (int i = 0; i < BIRTHS; i++) {
        long address = unsafe.allocateMemory(SIZE);
        if (i % 10 != 0) {
          unsafe.freeMemory(address);
        }
      }
    }

    private Million() {}
  }

  @Test
  void aMillionSamplesMakeASmallReport() throws Exception {
    AgentReport report = run(",stacks=all", Million.class);
    assertThat(Files.size(json)).isLessThan(1 << 20);
    AgentReport.Site first = report.sites().get(0);
    assertThat(first.stack()).contains("$Million.main:");
    assertThat(first.items()).isEqualTo(Million.BIRTHS / 10);
    assertThat(first.bytes()).isEqualTo(Million.BIRTHS / 10 * (long) Million.SIZE);
    assertThat(report.text()).contains("\"born_items\": " + Million.BIRTHS + ",");
    assertThat(report.objects("records")).hasSizeBetween(250, 500);
    assertThat(report.objects("series")).hasSizeBetween(2, 1024);
    assertThat(report.in("ends", "unsafe", "explicit"))
        .isGreaterThanOrEqualTo(Million.BIRTHS / 10 * 9);
    // The pool has 65,536 records; an eighth of them is for large ones.
    assertThat(report.count("not_recorded", "unsafe")).isPositive();
    Map<String, String> last = report.objects("series").get(report.objects("series").size() - 1);
    assertThat(last.get("unsafe_bytes")).isEqualTo(Long.toString(report.live("unsafe", "bytes")));
  }

  /**
   * Runs in a child JVM: buffers of the JDK's class only, in four threads; says what the JDK has.
   */
  public static final class Direct {
    static final List<ByteBuffer> LIVE = new ArrayList<>();

    public static void main(String[] arguments) throws Exception {
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        threads.add(new Thread(Direct::bear));
        threads.get(i).start();
      }
      for (Thread thread : threads) {
        thread.join();
      }
      for (BufferPoolMXBean pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
        System.out.println(pool.getName() + " " + pool.getCount() + " " + pool.getMemoryUsed());
      }
    }

    private static void bear() {
      for (int i = 1; i <= 2000; i++) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(i % 300 * 8 + 8);
        if (i % 3 == 0) {
          synchronized (LIVE) {
            LIVE.add(buffer);
          }
        } else {
          clean(buffer);
        }
      }
    }

    private static void clean(ByteBuffer buffer) {
      try {
        unsafe().invokeCleaner(buffer);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }

    private Direct() {}
  }

  @Test
  void poolsAreAsTheJdkCountsThem() throws Exception {
    String agent = "-agentpath:" + library + "=json=" + json;
    Child child = run(List.of(agent), Direct.class);
    AgentReport report = AgentReport.read(json);
    StringBuilder pools = new StringBuilder();
    for (Map<String, String> pool : report.objects("pools")) {
      String name = pool.get("name").replace("\"", "");
      pools.append(name + " " + pool.get("items") + " " + pool.get("bytes") + "\n");
    }
    assertThat(child.status()).isZero();
    assertThat(pools.toString().lines())
        .containsExactlyInAnyOrderElementsOf(child.output().lines().toList());
    Map<String, String> direct =
        report.objects("pools").stream()
            .filter(pool -> pool.get("name").equals("\"direct\""))
            .findFirst()
            .orElseThrow();
    assertThat(direct.get("items")).isEqualTo(Long.toString(report.live("unsafe", "items")));
    assertThat(direct.get("bytes")).isEqualTo(Long.toString(report.live("unsafe", "bytes")));
  }

  /** Runs in a child JVM: each user of Unsafe keeps something of a size of its own. */
  public static final class Users {
    static final int TEMPORARY = 3000;
    static final int DIRECT = 5000;
    static final int ARENA = 7000;
    static final int OTHER = 9000;
    static final int MAPPED = 11_000;

    static final List<Object> LIVE = new ArrayList<>();

    public static void main(String[] arguments) throws Exception {
      Path file = Files.write(Files.createTempFile("users", ""), new byte[MAPPED]);
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        LIVE.add(channel.map(FileChannel.MapMode.READ_ONLY, 0, MAPPED));
        channel.read(ByteBuffer.allocate(TEMPORARY));
        LIVE.add(ByteBuffer.allocateDirect(DIRECT));
        unsafe().allocateMemory(OTHER);
        if (Runtime.version().feature() >= 22) {
          Class<?> arena = Class.forName("java.lang.foreign.Arena");
          Object global = arena.getMethod("global").invoke(null);
          arena.getMethod("allocate", long.class, long.class).invoke(global, ARENA, 16);
        }
        System.exit(0); // while this thread has its temporary buffer
      }
    }

    private Users() {}
  }

  private static long bytes(AgentReport report, String user) {
    return report.objects("users").stream()
        .filter(members -> members.get("name").equals("\"" + user + "\""))
        .mapToLong(members -> (long) number(members, "bytes"))
        .sum();
  }

  @Test
  void usersAreNamedThatTheJdkDoesNotCount() throws Exception {
    AgentReport report = run(",stacks=all", Users.class);
    assertThat(bytes(report, "mappings")).isEqualTo(Users.MAPPED);
    assertThat(bytes(report, "direct buffers")).isEqualTo(Users.DIRECT);
    assertThat(bytes(report, "temporary buffers of channels"))
        .isGreaterThanOrEqualTo(Users.TEMPORARY);
    assertThat(bytes(report, "others")).isGreaterThanOrEqualTo(Users.OTHER);
    if (Runtime.version().feature() >= 22) {
      assertThat(bytes(report, "arenas")).isGreaterThanOrEqualTo(Users.ARENA);
    }
    long sum = 0;
    for (Map<String, String> user : report.objects("users")) {
      sum += (long) number(user, "bytes");
      assertThat(user.get("estimated_bytes")).isEqualTo(user.get("bytes"));
    }
    assertThat(sum).isEqualTo(report.live("unsafe", "bytes") + report.live("mapped", "bytes"));
  }
}

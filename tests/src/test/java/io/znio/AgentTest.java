// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Unchanged programs on the agent: they do and print what they did, and all that is counted. */
class AgentTest extends AgentFixture {
  /** Runs in a child JVM: direct buffers, a third of them freed; says what the JDK counts. */
  public static final class Buffers {
    static final List<ByteBuffer> LIVE = new ArrayList<>();

    public static void main(String[] arguments) throws Exception {
      sun.misc.Unsafe unsafe = unsafe();
      for (int i = 1; i <= 9000; i++) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(8 + i % 100 * 8);
        if (i % 3 == 0) {
          unsafe.invokeCleaner(buffer);
        } else {
          LIVE.add(buffer);
        }
      }
      for (BufferPoolMXBean pool : ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class)) {
        if (pool.getName().equals("direct")) {
          System.out.println("direct " + pool.getCount() + " " + pool.getMemoryUsed());
        }
      }
    }

    private Buffers() {}
  }

  /** Runs in a child JVM: a known number of calls on the file that is named. */
  public static final class Calls {
    public static void main(String[] arguments) throws Exception {
      Path nothing = Path.of("/dev/null");
      try (FileChannel file =
              FileChannel.open(
                  Path.of(arguments[0]),
                  StandardOpenOption.CREATE,
                  StandardOpenOption.READ,
                  StandardOpenOption.WRITE);
          FileChannel target = FileChannel.open(nothing, StandardOpenOption.WRITE)) {
        for (int i = 0; i < 5; i++) {
          file.write(ByteBuffer.allocateDirect(100), i * 100L);
        }
        for (int i = 0; i < 7; i++) {
          file.read(ByteBuffer.allocateDirect(100), 10);
        }
        file.read(ByteBuffer.allocateDirect(1000), 0); // 500 of them
        file.read(ByteBuffer.allocateDirect(1), 500); // the end
        ByteBuffer[] parts = {ByteBuffer.allocateDirect(10), ByteBuffer.allocateDirect(20)};
        file.read(parts);
        file.force(true);
        long moved = file.transferTo(0, 500, target);
        MappedByteBuffer map = file.map(FileChannel.MapMode.READ_WRITE, 0, 4096);
        file.lock(0, 10, false).release();
        file.truncate(4000);
        System.out.println("moved " + moved + " " + map.get(0) + " " + file.size());
      }
    }

    private Calls() {}
  }

  private static Child stock(Class<?> program, String... arguments) throws Exception {
    return run(List.of(), program, arguments);
  }

  private String agent(String options) {
    return "-agentpath:" + library + "=" + options;
  }

  private static boolean isJdk17() {
    return Runtime.version().feature() == 17;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-Xmixed",
        "-Xint",
        "-XX:+UseZGC",
        "-XX:+UseParallelGC",
        "-XX:NativeMemoryTracking=detail",
        "-Xshare:off",
        "-Xshare:on"
      })
  void buffersAreCountedAsTheJdkCountsThem(String option) throws Exception {
    AgentHostTest.assumeArchiveFor(option);
    Child child = run(List.of(option, agent("json=" + json)), Buffers.class);
    AgentReport report = AgentReport.read(json);
    String counted =
        "direct " + report.live("unsafe", "items") + " " + report.live("unsafe", "bytes");
    assertThat(child).isEqualTo(new Child(0, counted + "\n"));
    assertThat(stock(Buffers.class)).isEqualTo(child);
    assertThat(report.of("freeMemory0", "calls")).isGreaterThanOrEqualTo(3000);
    assertThat(report.member("jdk")).isEqualTo(System.getProperty("java.vm.version"));
    assertThat(report.servedBy("allocateMemory0")).isEqualTo("jdk");
  }

  @Test
  void callsAreCounted() throws Exception {
    Path file = directory.resolve("observed");
    Child child = run(List.of(agent("json=" + json)), Calls.class, file.toString());
    assertThat(child).isEqualTo(stock(Calls.class, directory.resolve("stock").toString()));
    assertThat(child).isEqualTo(new Child(0, "moved 500 0 4000\n"));
    checkCalls(AgentReport.read(json), "jdk");
  }

  private static void checkCalls(AgentReport report, String server) {
    assertThat(counts(report, "pwrite0")).containsExactly(5, 500, 0, 0, 0);
    assertThat(counts(report, "pread0")).containsExactly(9, 1200, 1, 1, 0);
    assertThat(counts(report, "readv0")).containsExactly(1, 30, 0, 0, 0);
    assertThat(counts(report, "force0")).containsExactly(1, 0, 0, 0, 0);
    assertThat(counts(report, "transferTo0")).containsExactly(1, 500, 0, 0, 0);
    assertThat(counts(report, "map0")).containsExactly(1, 4096, 0, 0, 0);
    assertThat(counts(report, "unmap0")).containsExactly(0, 0, 0, 0, 0);
    assertThat(counts(report, "lock0")).containsExactly(1, 0, 0, 0, 0);
    assertThat(counts(report, "release0")).containsExactly(1, 0, 0, 0, 0);
    assertThat(report.live("mapped", "items")).isEqualTo(1);
    assertThat(report.live("mapped", "bytes")).isEqualTo(4096);
    assertThat(report.servedBy("pread0")).isEqualTo(server);
    assertThat(report.text().contains("transferFrom0")).isNotEqualTo(isJdk17());
  }

  private static List<Integer> counts(AgentReport report, String name) {
    List<Integer> counts = new ArrayList<>();
    for (String column : List.of("calls", "bytes", "short", "end", "failed")) {
      counts.add((int) report.of(name, column));
    }
    return counts;
  }

  @ParameterizedTest
  @CsvSource({
    "obserev, 'there is no option \"obserev\": write observe'",
    "log=loud, '\"log=loud\" is no level: write log=off'",
    "stacks=0, '\"stacks=0\": write stacks=off, stacks=all, or stacks=N'",
    "stacks=1x, '\"stacks=1x\": write stacks=off, stacks=all, or stacks=N'",
    "json=, '\"json=\" names no file: write json=FILE'",
    "html=, '\"html=\" names no file: write html=FILE'",
    "json=/nowhere/report.json, 'no report can be written to /nowhere/report.json (ENOENT'"
  })
  void aMistakeIsSaidInOneLineAndTheProgramRuns(String option, String message) throws Exception {
    Child child = run(List.of(agent(option + ",observe")), Buffers.class);
    assertThat(child.status()).isZero();
    assertThat(child.output().lines())
        .hasSize(2)
        .anySatisfy(line -> assertThat(line).startsWith("znio agent: " + message))
        .anySatisfy(line -> assertThat(line).startsWith("direct "));
    assertThat(run(List.of(agent(option + ",log=off")), Buffers.class).output().lines()).hasSize(1);
  }

  @Test
  void theProcessIsPartOfTheFilesName() throws Exception {
    Path reports = Files.createDirectory(directory.resolve("reports"));
    run(List.of(agent("json=" + reports.resolve("%p-%p.json"))), Buffers.class);
    try (var names = Files.list(reports)) {
      assertThat(names.map(name -> name.getFileName().toString()))
          .hasSize(1)
          .allMatch(name -> name.matches("(\\d+)-\\1\\.json"));
    }
  }

  @Test
  void aLinkIsNotFollowed() throws Exception {
    Path target = Files.writeString(directory.resolve("target"), "precious");
    Files.createSymbolicLink(json, target);
    Child child = run(List.of(agent("json=" + json)), Buffers.class);
    assertThat(child.output()).contains("no report can be written to " + json + " (ELOOP");
    assertThat(target).hasContent("precious");
  }

  @Test
  void theLibraryAndTheAgentAreOne() throws Exception {
    NativeLibrary.load();
    Child child = run(List.of(agent("json=" + json)), LoadingTest.Use.class);
    assertThat(child.status()).as(child.output()).isZero();
    assertThat(child.output()).startsWith("version " + Native.version()).hasLineCount(1);
  }

  @Test
  void anAgentThatIsNamedTwiceIsThereOnce() throws Exception {
    Child child = run(List.of(agent("json=" + json), agent("json=other")), Buffers.class);
    assertThat(child.output().lines())
        .hasSize(2)
        .anySatisfy(line -> assertThat(line).startsWith("znio agent: the agent is named twice"));
    assertThat(AgentReport.read(json).member("why")).isEqualTo("exit");
  }
}

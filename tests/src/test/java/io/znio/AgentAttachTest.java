// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The agent comes into a running JVM, while other threads hammer the natives that it binds. */
class AgentAttachTest extends AgentFixture {
  /** JDK 17 knows the option too: no warning of the agent that comes late. */
  static final String LATE = "-XX:+EnableDynamicAgentLoading";

  /** Runs in a child JVM: old buffers, threads that hammer, the agent, new buffers. */
  public static final class Hammer {
    private static final int THREADS = 3;
    private static final int OLD = 500;
    private static final int NEW = 10;
    private static final int ROUNDS_AFTER = 2000;

    static final List<ByteBuffer> LIVE = new ArrayList<>();
    private static final AtomicLong ROUNDS = new AtomicLong();
    private static volatile boolean attached;
    private static volatile Throwable failure;

    /** Arguments: a file to read; then "install" and options, or library and options. */
    public static void main(String[] arguments) throws Exception {
      Path file = Path.of(arguments[0]);
      Files.write(file, new byte[1000]);
      List<ByteBuffer> old = new ArrayList<>();
      for (int i = 0; i < OLD; i++) {
        old.add(ByteBuffer.allocateDirect(800));
      }
      CountDownLatch warm = new CountDownLatch(THREADS);
      List<Thread> threads = new ArrayList<>();
      for (int i = 0; i < THREADS; i++) {
        threads.add(new Thread(() -> hammer(file, warm)));
        threads.get(i).start();
      }
      warm.await();
      String said = "";
      if (arguments[1].equals("install")) {
        Agent.install(arguments[2]);
      } else {
        said = attach(arguments[1], arguments[2]);
      }
      attached = true;
      for (Thread thread : threads) {
        thread.join();
      }
      for (ByteBuffer buffer : old) {
        free(buffer);
      }
      for (int i = 0; i < NEW; i++) {
        LIVE.add(ByteBuffer.allocateDirect(800));
      }
      if (failure != null) {
        failure.printStackTrace();
      }
      System.out.println("failure " + failure + ", rounds " + ROUNDS.get() + " " + said);
    }

    private static void hammer(Path file, CountDownLatch warm) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        int after = 0;
        for (int i = 0; after < ROUNDS_AFTER; i++) {
          after += attached ? 1 : 0;
          if (i == 1000) {
            warm.countDown();
          }
          ByteBuffer buffer = ByteBuffer.allocateDirect(1 + i % 500);
          while (buffer.hasRemaining()) {
            buffer.put((byte) i);
          }
          buffer.flip();
          if (buffer.get(0) != (byte) i || buffer.get(buffer.limit() - 1) != (byte) i) {
            throw new IllegalStateException("wrong bytes");
          }
          int read = channel.read(buffer, 0);
          if (read != 1 + i % 500 || buffer.get(0) != 0) {
            throw new IllegalStateException("read " + read);
          }
          free(buffer);
          ROUNDS.incrementAndGet();
        }
      } catch (Throwable t) {
        failure = t;
        warm.countDown();
      }
    }

    private Hammer() {}
  }

  /** Runs in a child JVM: attaches, asks for the report, says what it is for. */
  public static final class Dump {
    public static void main(String[] arguments) throws Exception {
      attach(arguments[0], "json=" + arguments[1]);
      jcmd("JVMTI.data_dump");
      boolean dumped = Files.readString(Path.of(arguments[1])).contains("\"why\": \"dump\"");
      System.out.println("dumped " + dumped);
    }

    private Dump() {}
  }

  /** Runs in a child JVM: uses the jar's own library, then attaches another copy. */
  public static final class Second {
    public static void main(String[] arguments) throws Exception {
      NativeLibrary.load();
      System.out.println(attach(arguments[0], "observe"));
    }

    private Second() {}
  }

  private static void free(ByteBuffer buffer) throws ReflectiveOperationException {
    unsafe().invokeCleaner(buffer);
  }

  /** Without the quotes jcmd takes what is before the "=" for an option of its own. */
  static String attach(String library, String options) throws Exception {
    return jcmd("JVMTI.agent_load", library, '"' + options + '"');
  }

  /** Runs jcmd on this process; its last line. */
  private static String jcmd(String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "jcmd").toString());
    command.add(Long.toString(ProcessHandle.current().pid()));
    command.addAll(Arrays.asList(arguments));
    Path output = Files.createTempFile("jcmd", ".log");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    if (!process.waitFor(40, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IllegalStateException("jcmd did not end: " + Files.readString(output));
    }
    List<String> lines = Files.readAllLines(output);
    Files.delete(output);
    return lines.get(lines.size() - 1);
  }

  private void checkHammer(Child child) throws Exception {
    assertThat(child.status()).as(child.output()).isZero();
    assertThat(child.output()).startsWith("failure null, rounds ").hasLineCount(1);
    AgentReport report = AgentReport.read(json);
    assertThat(report.live("unsafe", "items")).as(report.text()).isEqualTo(Hammer.NEW);
    assertThat(report.live("unsafe", "bytes")).isEqualTo(Hammer.NEW * 800);
    assertThat(report.of("freeMemory0", "unknown")).isGreaterThanOrEqualTo(Hammer.OLD);
    long least = (long) Hammer.THREADS * Hammer.ROUNDS_AFTER;
    assertThat(report.of("pread0", "calls")).isGreaterThanOrEqualTo(least);
    assertThat(report.of("pread0", "short")).isZero();
    assertThat(report.of("pread0", "failed")).isZero();
    assertThat(report.of("allocateMemory0", "calls")).isGreaterThanOrEqualTo(least + Hammer.NEW);
  }

  @ParameterizedTest
  @ValueSource(strings = {"-Xmixed", "-Xint", "-XX:+UseParallelGC", "-XX:+UseZGC"})
  void nothingIsLostWhileNativesAreBound(String option) throws Exception {
    List<String> options = List.of(LATE, option, "-XX:NativeMemoryTracking=summary");
    String file = directory.resolve("file").toString();
    checkHammer(run(options, Hammer.class, file, library.toString(), "json=" + json));
  }

  /** What threads allocated before goes back to the JDK, what they allocate then comes from us. */
  @ParameterizedTest
  @ValueSource(strings = {"-Xmixed", "-Xint", "-XX:NativeMemoryTracking=detail"})
  void memoryBecomesOursMeanwhile(String option) throws Exception {
    String file = directory.resolve("file").toString();
    String options = "unsafe,json=" + json;
    checkHammer(run(List.of(LATE, option), Hammer.class, file, library.toString(), options));
    assertThat(AgentReport.read(json).servedBy("allocateMemory0")).isEqualTo("znio");
  }

  @Test
  void aProgramInstallsItItself() throws Exception {
    String file = directory.resolve("file").toString();
    checkHammer(run(List.of(), Hammer.class, file, "install", "json=" + json));
  }

  @Test
  void aReportOnDemand() throws Exception {
    Child child = run(List.of(LATE), Dump.class, library.toString(), json.toString());
    assertThat(child).isEqualTo(new Child(0, "dumped true\n"));
    assertThat(AgentReport.read(json).member("why")).isEqualTo("exit");
  }

  @Test
  void anotherCopyIsRefused() throws Exception {
    Child child = run(List.of(LATE), Second.class, library.toString());
    assertThat(child.status()).as(child.output()).isZero();
    assertThat(child.output().lines())
        .hasSize(2)
        .anySatisfy(
            line ->
                assertThat(line).startsWith("znio agent: znio is in this process already, from"))
        .anySatisfy(line -> assertThat(line).isEqualTo("return code: -1"));
  }

  /** Runs in a child JVM: mistakes of a program. */
  public static final class Mistakes {
    public static void main(String[] arguments) {
      for (String options : List.of("json=" + arguments[0] + ",obserev", "json=/nowhere/r.json")) {
        try {
          Agent.check("json=" + arguments[0] + ",log=off");
          Agent.install(options);
          System.out.println("installed");
        } catch (IllegalArgumentException e) {
          System.out.println(e.getMessage());
        }
      }
      try {
        Agent.check("io,stacks=0");
      } catch (IllegalArgumentException e) {
        System.out.println(e.getMessage());
      }
    }

    private Mistakes() {}
  }

  @Test
  void aWrongOptionIsRefusedAsAWhole() throws Exception {
    Child child = run(List.of(), Mistakes.class, json.toString());
    assertThat(child.output().lines())
        .hasSize(3)
        .anySatisfy(line -> assertThat(line).startsWith("there is no option \"obserev\": write"))
        .anySatisfy(line -> assertThat(line).startsWith("\"stacks=0\": write stacks=off"))
        .anySatisfy(line -> assertThat(line).startsWith("no report can be written to /nowhere/r"));
    assertThat(json).doesNotExist();
  }
}

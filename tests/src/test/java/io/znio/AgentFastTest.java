// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.Pipe;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The option fast: what an unchanged program transfers from sockets and pipes is spliced. */
class AgentFastTest extends AgentFixture {
  private static final int SIZE = 100_000;

  private static String stock;

  private String agent(String options) {
    return "-agentpath:" + library + "=" + options + ",json=" + json;
  }

  /** What FastTransfers prints without an agent. */
  private static String stock() throws Exception {
    if (stock == null) {
      String home = directory.resolve("stock").toString();
      Child child = run(List.of(), FastTransfers.class, home);
      assertThat(child.status()).as(child.output()).isZero();
      stock = child.output();
    }
    return stock;
  }

  @ParameterizedTest
  @ValueSource(strings = {"-Xmixed", "-Xint", "-Xshare:on"})
  void allIsAsOnTheJdksOwn(String option) throws Exception {
    AgentHostTest.assumeArchiveFor(option);
    String home = directory.resolve("ours" + option.replace(':', '-')).toString();
    Child child = run(List.of(option, agent("fast")), FastTransfers.class, home);
    assertThat(child.output()).isEqualTo(stock()).contains("\nmany 269: 10269 ");
    AgentReport report = AgentReport.read(json);
    boolean virtual = child.output().contains("\nvirtual ");
    assertThat(virtual).isEqualTo(Runtime.version().feature() >= 21);
    assertThat(report.transferFrom("splice", "bytes"))
        .isGreaterThan(virtual ? 30L << 20 : 15 << 20);
    assertThat(report.transferFrom("splice", "short")).isPositive();
    assertThat(report.transferFrom("copy", "calls")).isPositive();
    assertThat(report.servedBy("pwrite0")).isEqualTo("znio");
  }

  /** Runs in a child JVM: transfers from a pipe, the second half after something. */
  public static final class Halves {
    private static Instrumentation instrumentation;

    /** Of the other agent. */
    public static void premain(String options, Instrumentation given) {
      given.addTransformer(new ClassFileTransformer() {}, true);
      instrumentation = given;
    }

    /** Arguments: what happens between the halves, and its arguments. */
    public static void main(String[] arguments) throws Exception {
      Path path = Files.createTempFile("halves", "");
      try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
        long sum = transfer(file, 0);
        switch (arguments[0]) {
          case "install" -> Agent.install(arguments[1]);
          case "attach" -> AgentAttachTest.attach(arguments[1], arguments[2]);
          case "retransform" -> instrumentation.retransformClasses(file.getClass());
          default -> {}
        }
        sum += transfer(file, sum);
        System.out.println(sum + " " + Files.size(path));
      } finally {
        Files.delete(path);
      }
    }

    private static long transfer(FileChannel file, long position) throws IOException {
      Pipe pipe = Pipe.open();
      try (Pipe.SourceChannel source = pipe.source();
          Pipe.SinkChannel sink = pipe.sink()) {
        sink.write(ByteBuffer.allocate(SIZE / 2));
        return file.transferFrom(source, position, SIZE / 2);
      }
    }

    private Halves() {}
  }

  private static final Child BOTH = new Child(0, SIZE + " " + SIZE + "\n");

  private void checkSpliced(int calls) throws IOException {
    AgentReport report = AgentReport.read(json);
    assertThat(report.transferFrom("splice", "calls")).as(report.text()).isEqualTo(calls);
    assertThat(report.transferFrom("splice", "bytes")).isEqualTo(calls * SIZE / 2);
    assertThat(report.transferFrom("copy", "calls")).isZero();
  }

  @Test
  void itIsAnOption() throws Exception {
    assertThat(run(List.of(agent("fast")), Halves.class, "nothing")).isEqualTo(BOTH);
    checkSpliced(2);
    assertThat(run(List.of(agent("io")), Halves.class, "nothing")).isEqualTo(BOTH);
    checkSpliced(0);
  }

  @Test
  void anotherAgentRetransformsTheClass() throws Exception {
    Path jar = directory.resolve("other.jar");
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().putValue("Premain-Class", Halves.class.getName());
    manifest.getMainAttributes().putValue("Can-Retransform-Classes", "true");
    new JarOutputStream(Files.newOutputStream(jar), manifest).close();
    List<String> options = List.of("-javaagent:" + jar, agent("fast"));
    assertThat(run(options, Halves.class, "retransform")).isEqualTo(BOTH);
    checkSpliced(2);
  }

  @Test
  void itComesLate() throws Exception {
    String options = "fast,json=" + json;
    List<String> late = List.of(AgentAttachTest.LATE);
    assertThat(run(late, Halves.class, "attach", library.toString(), options)).isEqualTo(BOTH);
    checkSpliced(1);
    assertThat(run(List.of(), Halves.class, "install", options)).isEqualTo(BOTH);
    checkSpliced(1);
  }

  @Test
  void itGoesAgain() throws Exception {
    assertThat(run(List.of(agent("fast")), Halves.class, "install", "observe,json=" + json))
        .isEqualTo(BOTH);
    checkSpliced(1);
  }

  /** Runs in a child JVM: threads transfer while the option comes and goes. */
  public static final class ComesAndGoes {
    private static volatile boolean ends;
    private static volatile String failure = "none";

    public static void main(String[] arguments) throws Exception {
      List<Thread> threads = new ArrayList<>();
      for (Ends kind : List.of(Ends.TCP4, Ends.UNIX, Ends.PIPE)) {
        threads.add(Threads.start(kind.name(), () -> transfer(kind)));
      }
      for (int i = 0; i < 20; i++) {
        Agent.install((i % 2 == 0 ? "fast,json=" : "observe,json=") + arguments[0]);
      }
      ends = true;
      threads.forEach(Await::end);
      System.out.println("failure: " + failure);
    }

    private static void transfer(Ends kind) throws Exception {
      byte[] bytes = new byte[2_000_000];
      new Random(1).nextBytes(bytes);
      Path path = Files.createTempFile("comes", "");
      try {
        while (!ends) {
          try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE);
              Ends.Pair pair = kind.open()) {
            pair.send(bytes);
            long sum = 0;
            for (long moved; (moved = file.transferFrom(pair.reader, sum, SIZE)) > 0; ) {
              sum += moved;
            }
          }
          if (!Arrays.equals(bytes, Files.readAllBytes(path))) {
            throw new IllegalStateException("other bytes");
          }
          Files.write(path, new byte[0]);
        }
        Files.delete(path);
      } catch (Exception e) {
        failure = kind + " " + e;
      }
    }

    private ComesAndGoes() {}
  }

  @Test
  void itComesAndGoesWhileThreadsTransfer() throws Exception {
    assertThat(run(List.of(), ComesAndGoes.class, json.toString()))
        .isEqualTo(new Child(0, "failure: none\n"));
    assertThat(AgentReport.read(json).transferFrom("splice", "bytes")).isPositive();
  }

  @Test
  void aMethodThatIsNotKnownIsLeftAlone() throws Exception {
    Path patch = directory.resolve("patch");
    Path type = patch.resolve("sun/nio/ch/FileChannelImpl.class");
    Files.createDirectories(type.getParent());
    Files.write(type, doctored());
    List<String> options = List.of("--patch-module", "java.base=" + patch, agent("fast"));
    Child child = run(options, Halves.class, "install", "fast,json=" + json);
    assertThat(child.status()).isZero();
    assertThat(child.output().lines())
        .filteredOn(line -> !line.contains("[warning][cds]") && !line.contains("CDS"))
        .hasSize(2)
        .anySatisfy(line -> assertThat(line).startsWith("znio agent: transferFrom of this JDK is"))
        .anySatisfy(line -> assertThat(line).isEqualTo(SIZE + " " + SIZE));
    checkSpliced(0);
    assertThat(AgentReport.read(json).servedBy("pwrite0")).isEqualTo("znio");
  }

  /** The JDK's class with another size of its buffer: the only long constant of 8192. */
  private static byte[] doctored() throws IOException {
    byte[] bytes;
    try (InputStream in = Object.class.getResourceAsStream("/sun/nio/ch/FileChannelImpl.class")) {
      bytes = in.readAllBytes();
    }
    List<Integer> found = new ArrayList<>();
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    for (int at = 0; at + 9 <= bytes.length; at++) {
      if (bytes[at] == 5 && buffer.getLong(at + 1) == 8192) {
        found.add(at + 1);
      }
    }
    assertThat(found).hasSize(1);
    buffer.putLong(found.get(0), 4096);
    return bytes;
  }

  /** Runs in a child JVM: the file may not become as large as what is sent. */
  public static final class Limited {
    public static void main(String[] arguments) throws Exception {
      Path path = Files.createTempFile("limited", "");
      for (Ends kind : List.of(Ends.TCP4, Ends.UNIX, Ends.PIPE)) {
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE);
            Ends.Pair pair = kind.open()) {
          file.truncate(0);
          pair.send(new byte[4 << 20]);
          StringBuilder said = new StringBuilder(kind + " ");
          long sum = 0;
          try {
            while (true) {
              sum += file.transferFrom(pair.reader, sum, 1 << 20);
            }
          } catch (IOException e) {
            said.append(e.getMessage());
          }
          System.out.println(said + " " + sum + " " + Files.size(path));
        }
      }
      Files.delete(path);
    }

    private Limited() {}
  }

  @Test
  void aFileThatGetsNoLarger() throws Exception {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<String> outputs = new ArrayList<>();
    for (String option : List.of("-Xmixed", agent("fast"))) {
      /* sh counts blocks of 512 bytes */
      List<String> command =
          new ArrayList<>(List.of("sh", "-c", "ulimit -f 1500; exec \"$@\"", "sh"));
      command.addAll(List.of(java, "-Xmx256m", "-XX:-UsePerfData", option));
      command.addAll(List.of("-cp", Child.classPath(Limited.class), Limited.class.getName()));
      outputs.add(Child.command(command).output());
    }
    assertThat(outputs.get(1)).isEqualTo(outputs.get(0)).hasLineCount(3);
    assertThat(outputs.get(1).lines()).allMatch(line -> line.endsWith("too large 768000 768000"));
    assertThat(AgentReport.read(json).transferFrom("splice", "bytes")).isEqualTo(3 * 768_000);
  }
}

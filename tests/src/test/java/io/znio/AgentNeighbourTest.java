// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.ProtectionDomain;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Other agents in the same JVM, that came before ours or after it. */
class AgentNeighbourTest extends AgentFixture {
  private static final Path NEIGHBOUR =
      Path.of(System.getProperty("znio.native.directory", ""), "bin", "libtest_neighbour.so");
  private static final Pattern MET =
      Pattern.compile(
          "neighbour: allocated (\\d+), read (\\d+), registered (\\d+), classes (\\d+), "
              + "transformed (\\d+)\n");

  /** Runs in a child JVM: buffers, then calls; what both print. Argument: a file. */
  public static final class Both {
    public static void main(String[] arguments) throws Exception {
      Retransform.now();
      AgentTest.Buffers.main(arguments);
      Retransform.now();
      AgentTest.Calls.main(arguments);
    }

    private Both() {}
  }

  /** An agent in Java, which writes what the classes of channels and of memory are anew. */
  public static final class Retransform implements ClassFileTransformer {
    private static final List<String> PACKAGES =
        List.of("java.nio.", "sun.nio.ch.", "jdk.internal.misc.");

    private static Instrumentation instrumentation;
    private static int transformed;

    public static void premain(String arguments, Instrumentation given) throws Exception {
      instrumentation = given;
      given.addTransformer(new Retransform(), true);
      now();
    }

    /** Does nothing in a JVM without this agent. */
    static void now() throws Exception {
      if (instrumentation == null) {
        return;
      }
      List<Class<?>> types = new ArrayList<>();
      for (Class<?> type : instrumentation.getAllLoadedClasses()) {
        if (PACKAGES.stream().anyMatch(type.getName()::startsWith)
            && instrumentation.isModifiableClass(type)) {
          types.add(type);
        }
      }
      instrumentation.retransformClasses(types.toArray(Class<?>[]::new));
      if (transformed < types.size()) {
        throw new IllegalStateException(transformed + " of " + types.size());
      }
    }

    @Override
    public byte[] transform(
        ClassLoader loader, String name, Class<?> type, ProtectionDomain domain, byte[] bytes) {
      transformed++;
      return bytes.clone();
    }
  }

  private String agent() {
    return "-agentpath:" + library + "=unsafe,json=" + json;
  }

  /** Ours and another, in this order or the other. */
  private List<String> options(boolean first, String other) {
    return first ? List.of(agent(), other) : List.of(other, agent());
  }

  /** The same, without JNI checks, which the JDK's own agents do not stand. */
  private List<String> unchecked(boolean first, String other) {
    List<String> options = new ArrayList<>(options(first, other));
    options.add("-XX:-CheckJNICalls");
    return options;
  }

  private void check(Child child, String expected) throws Exception {
    assertThat(child).isEqualTo(new Child(0, expected));
    assertThat(expected).startsWith("direct ").endsWith("moved 500 0 4000\n");
    AgentReport report = AgentReport.read(json);
    for (String name : List.of("allocateMemory0", "freeMemory0", "pread0")) {
      assertThat(report.servedBy(name)).as(name).isEqualTo("znio");
    }
    assertThat(report.of("freeMemory0", "calls")).isGreaterThanOrEqualTo(3000);
    assertThat(report.of("allocateMemory0", "calls")).isGreaterThanOrEqualTo(9000);
    assertThat(report.of("pread0", "calls")).isEqualTo(9);
  }

  private String stock() throws Exception {
    return run(List.of(), Both.class, file("stock")).output();
  }

  private static String file(String name) throws IOException {
    Path file = directory.resolve(name);
    Files.deleteIfExists(file);
    return file.toString();
  }

  /** Its functions and ours are in one chain: each counts what the other does. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anAgentThatIsInTheWay(boolean first) throws Exception {
    Child child = run(options(first, "-agentpath:" + NEIGHBOUR), Both.class, file("neighbour"));
    Matcher met = MET.matcher(child.output());
    assertThat(met.find()).as(child.output()).isTrue();
    check(new Child(child.status(), met.replaceFirst("")), stock());
    assertThat(Integer.parseInt(met.group(1))).as("allocated").isGreaterThanOrEqualTo(9000);
    assertThat(Integer.parseInt(met.group(2))).as("read").isEqualTo(9);
    assertThat(Integer.parseInt(met.group(4))).as("classes").isPositive();
    assertThat(Integer.parseInt(met.group(5))).as("transformed").isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void anAgentInJavaThatTransformsOurClasses(boolean first) throws Exception {
    Path jar = directory.resolve("retransform.jar");
    Manifest manifest = new Manifest();
    Attributes attributes = manifest.getMainAttributes();
    attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    attributes.putValue("Premain-Class", Retransform.class.getName());
    attributes.putValue("Can-Retransform-Classes", "true");
    try (OutputStream out = Files.newOutputStream(jar)) {
      new JarOutputStream(out, manifest).close();
    }
    check(run(unchecked(first, "-javaagent:" + jar), Both.class, file("transformed")), stock());
  }

  @Test
  void aDebugger() throws Exception {
    String debugger =
        "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,quiet=y,address=127.0.0.1:0";
    check(run(unchecked(false, debugger), Both.class, file("debugged")), stock());
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** JVMs that are not what the agent knows, or that let go of its library. */
class AgentHostTest extends AgentFixture {
  /** The JDK's own archive of classes, which the others build on. */
  private static final Path ARCHIVE =
      Path.of(System.getProperty("java.home"), "lib", "server", "classes.jsa");

  private static final int TURNS = 50;

  /**
   * Runs in a child JVM: installs the agent from a class loader that is collected then, and goes
   * on. Arguments: the jar, options, a file.
   */
  public static final class Collected {
    public static void main(String[] arguments) throws Exception {
      ReferenceQueue<ClassLoader> queue = new ReferenceQueue<>();
      WeakReference<ClassLoader> loader = install(arguments[0], arguments[1], queue);
      for (int i = 0; i < TURNS && queue.remove(100) == null; i++) {
        System.gc();
      }
      System.out.println("collected " + loader.refersTo(null));
      AgentTest.Calls.main(new String[] {arguments[2]});
    }

    private static WeakReference<ClassLoader> install(
        String jar, String options, ReferenceQueue<ClassLoader> queue) throws Exception {
      URLClassLoader loader =
          new URLClassLoader(
              new URL[] {Path.of(jar).toUri().toURL()}, ClassLoader.getPlatformClassLoader());
      loader.loadClass("io.znio.Agent").getMethod("install", String.class).invoke(null, options);
      return new WeakReference<>(loader, queue);
    }

    private Collected() {}
  }

  private String agent(String options) {
    return "-agentpath:" + library + "=" + options + ",json=" + json;
  }

  private Child buffers(String... options) throws Exception {
    return run(List.of(options), AgentTest.Buffers.class);
  }

  @Test
  void theCodeStaysWhenItsClassLoaderGoes() throws Exception {
    String jar = Child.classPath(Agent.class).split(":")[0];
    String file = directory.resolve("collected").toString();
    Child child = run(List.of(), Collected.class, jar, "unsafe,json=" + json, file);
    assertThat(child).isEqualTo(new Child(0, "collected true\nmoved 500 0 4000\n"));
    assertThat(AgentReport.read(json).of("pread0", "calls")).isEqualTo(9);
  }

  /** The table is right for this release: what is misspelled there is not bound. */
  @Test
  void eachNativeIsFound() throws Exception {
    List<String> names =
        new ArrayList<>(
            List.of(
                "allocateMemory0 freeMemory0 reallocateMemory0 map0 unmap0 transferTo0 read0 pread0"
                    .split(" ")));
    names.addAll(
        List.of(
            "readv0 write0 pwrite0 writev0 force0 seek0 truncate0 size0 lock0 release0"
                .split(" ")));
    if (Runtime.version().feature() >= 21) {
      names.add("transferFrom0");
    }
    assertThat(buffers(agent("unsafe")).status()).isZero();
    AgentReport report = AgentReport.read(json);
    assertThat(names)
        .allSatisfy(
            name -> {
              boolean mapping = name.equals("map0") || name.equals("unmap0");
              assertThat(report.servedBy(name)).as(name).isEqualTo(mapping ? "jdk" : "znio");
            });
  }

  /**
   * A copy of the library that reads the JVM's release from a property that a command line can set.
   */
  private void readReleaseFrom(String property) throws IOException {
    String original = "java.vm.specification.version";
    byte[] bytes = Files.readAllBytes(library);
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    int place = text.indexOf(original);
    assertThat(property).hasSameSizeAs(original);
    assertThat(place).isPositive().isEqualTo(text.lastIndexOf(original));
    library = directory.resolve("patched.so");
    Files.writeString(library, text.replace(original, property), StandardCharsets.ISO_8859_1);
  }

  private Child onRelease(String release) throws Exception {
    String property = "io.znio.test.specified.releas"; // as long as the JVM's
    readReleaseFrom(property);
    return buffers("-D" + property + "=" + release, agent("unsafe"));
  }

  /** Where nobody has looked the JDK does it all, and it is counted. */
  @ParameterizedTest
  @ValueSource(strings = {"18", "26", "99"})
  void aReleaseThatIsNotKnownIsCounted(String release) throws Exception {
    Child child = onRelease(release);
    assertThat(child.status()).as(child.output()).isZero();
    assertThat(child.output().lines())
        .hasSize(2)
        .anySatisfy(
            line -> assertThat(line).startsWith("znio agent: JDK " + release + " is not known: "))
        .anySatisfy(line -> assertThat(line).startsWith("direct 6000 "));
    AgentReport report = AgentReport.read(json);
    assertThat(report.text()).doesNotContain("\"served_by\": \"znio\"");
    assertThat(report.live("unsafe", "items")).isEqualTo(6000);
  }

  @ParameterizedTest
  @ValueSource(strings = {"1.8", "16", "x"})
  void anOldReleaseIsLeftAlone(String release) throws Exception {
    Child child = onRelease(release);
    assertThat(child.status()).as(child.output()).isZero();
    assertThat(child.output().lines())
        .hasSize(2)
        .anySatisfy(
            line -> assertThat(line).startsWith("znio agent: this JVM is older than JDK 17: "))
        .anySatisfy(line -> assertThat(line).startsWith("direct 6000 "));
  }

  /** A runtime need not bring its archive. */
  static void assumeArchiveFor(String option) {
    assumeTrue(!option.equals("-Xshare:on") || Files.exists(ARCHIVE), ARCHIVE + " is missing");
  }

  /** From a jar, without options of modules: else nothing is archived. */
  private static Child archived(String... options) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xcheck:jni");
    if (Runtime.version().feature() >= 23) {
      command.add("--sun-misc-unsafe-memory-access=allow");
    }
    command.addAll(List.of(options));
    command.addAll(List.of("-cp", jar().toString(), AgentTest.Buffers.class.getName()));
    return Child.command(command);
  }

  private static Path jar() throws IOException {
    Path jar = directory.resolve("agent-tests.jar");
    if (Files.exists(jar)) {
      return jar;
    }
    Class<?>[] types = {AgentFixture.class, AgentTest.class, AgentTest.Buffers.class};
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(jar))) {
      for (Class<?> type : types) {
        String name = type.getName().replace('.', '/') + ".class";
        out.putNextEntry(new ZipEntry(name));
        try (InputStream in = type.getResourceAsStream("/" + name)) {
          in.transferTo(out);
        }
      }
    }
    return jar;
  }

  /** Classes of the application from an archive of their own. */
  @Test
  void anArchiveOfClasses() throws Exception {
    assumeTrue(Files.exists(ARCHIVE), ARCHIVE + " is missing");
    Path archive = directory.resolve("classes.jsa");
    Child made = archived("-XX:ArchiveClassesAtExit=" + archive);
    assertThat(archive).as(made.output()).exists();
    checkServed(archived("-Xshare:on", "-XX:SharedArchiveFile=" + archive, agent("unsafe")));
  }

  /** Classes already linked, and methods' profiles. */
  @Test
  void anAheadOfTimeCache() throws Exception {
    assumeTrue(Runtime.version().feature() >= 25, "AOT caches are made in one step from JDK 25 on");
    Path cache = directory.resolve("cache.aot");
    Child made = archived("-XX:AOTCacheOutput=" + cache);
    assertThat(cache).as(made.output()).exists();
    checkServed(archived("-XX:AOTMode=on", "-XX:AOTCache=" + cache, agent("unsafe")));
  }

  private void checkServed(Child child) throws Exception {
    assertThat(child).isEqualTo(archived());
    assertThat(child.status()).isZero();
    AgentReport report = AgentReport.read(json);
    assertThat(report.live("unsafe", "items")).isEqualTo(6000);
    assertThat(report.servedBy("allocateMemory0")).isEqualTo("znio");
    assertThat(report.servedBy("pread0")).isEqualTo("znio");
  }
}

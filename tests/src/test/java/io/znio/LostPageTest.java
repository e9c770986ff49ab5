// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.znio.LostPageAccess.End;
import io.znio.Mapping.Mode;
import io.znio.Mapping.Options;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Pages of a mapped file that cannot be had, because another process has cut the file short or the
 * disk is full, touched in every way: the JVM lives, and nobody is left without an answer. {@link
 * LostPageMain} does it in JVMs of their own.
 */
@ExtendWith(Leaks.class)
class LostPageTest {
  private static final Path JDK = Path.of(System.getProperty("java.home"));
  private static final Path HANDLER =
      Path.of(System.getProperty("znio.native.directory"), "bin", "libtest_handler.so");

  @TempDir Path directory;

  private Child run(
      Path where, Map<String, String> environment, List<String> options, String... what)
      throws Exception {
    List<String> arguments = new ArrayList<>(options);
    arguments.add("-XX:-CreateCoredumpOnCrash");
    arguments.add("-XX:ErrorFile=" + directory.resolve("hs_err_%p.log"));
    arguments.add("-cp");
    arguments.add(Child.classPath(LostPageMain.class));
    arguments.add(LostPageMain.class.getName());
    arguments.add(where.toString());
    arguments.addAll(List.of(what));
    return Child.run(arguments, environment);
  }

  private static void assertAllAccesses(Child child) {
    assertThat(child.output()).contains("\ndone\n");
    assertThat(child.status()).isZero();
    for (LostPageAccess access : LostPageAccess.values()) {
      String end = access.end == End.ERROR_OR_RESCUE ? "(ERROR|RESCUE)" : access.end.toString();
      assertThat(child.output()).containsPattern("(?m)^" + access + ": " + end + "$");
    }
    assertOnlyOneWordOfJniChecks(child);
  }

  /** -Xcheck:jni says that there is a handler before HotSpot's, once, and nothing else. */
  private static void assertOnlyOneWordOfJniChecks(Child child) {
    assertThat(child.output())
        .doesNotContain("in native method", "JNI local refs", "checked JNI")
        .satisfies(
            output ->
                assertThat(output.split("Warning: .* handler modified", -1).length)
                    .isLessThanOrEqualTo(2));
  }

  @ParameterizedTest(name = "{0} {1}")
  @CsvSource({
    "checked, -Xint",
    "checked, -Xbatch -XX:TieredStopAtLevel=1",
    "checked, -Xbatch -XX:-TieredCompilation",
    "tracked, -Xint",
    "tracked, -Xbatch -XX:-TieredCompilation",
    "unchecked, -Xbatch -XX:TieredStopAtLevel=1",
  })
  void aFileThatAnotherProcessCutsShort(String level, String mode) throws Exception {
    List<String> options = new ArrayList<>(List.of(mode.split(" ")));
    options.add("-Dio.znio.safety=" + level);
    options.add("-Dwarm=" + (mode.equals("-Xint") ? 0 : 20_000));
    Child child = run(directory, Map.of(), options, "accesses");
    assertAllAccesses(child);
    assertThat(child.output())
        .contains("Native code touched the page at offset 20480 of " + directory)
        .contains("Java code touched the page at offset 20480 of " + directory);
  }

  @Test
  void aDiskThatIsFull() throws Exception {
    Path mount = Files.createDirectory(directory.resolve("disk"));
    try (Mounted mounted = Mounted.tmpfs(mount, "size=64k")) {
      assumeTrue(mounted.isMounted(), "SKIPPED: tmpfs cannot be mounted: " + mounted.reason());
      assertAllAccesses(run(mount, Map.of(), List.of(), "disk"));
    }
  }

  @Test
  void aFullDiskIsAnExceptionOfTheMappingIfThatIsAskedFor() throws Exception {
    Path mount = Files.createDirectory(directory.resolve("disk"));
    try (Mounted mounted = Mounted.tmpfs(mount, "size=64k")) {
      assumeTrue(mounted.isMounted(), "SKIPPED: tmpfs cannot be mounted: " + mounted.reason());
      Path file = Files.write(mount.resolve("file"), new byte[100]);
      assertThatThrownBy(
              () -> Mapping.map(file, Mode.READ_WRITE, 0, 1 << 20, Options.NONE.preallocate()))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("ENOSPC")
          .hasMessageContaining(file.toString());
      assertThat(Files.size(file)).isEqualTo(100);
      Options populate = Options.NONE.extend().populateForWriting();
      assertThatThrownBy(() -> Mapping.map(file, Mode.READ_WRITE, 0, 1 << 20, populate))
          .isInstanceOf(IOException.class)
          .hasMessageContaining(file.toString());
      Files.delete(file); // what was populated stays allocated
      Options some = Options.NONE.preallocate();
      Path other = Files.createFile(mount.resolve("other"));
      try (Mapping mapping = Mapping.map(other, Mode.READ_WRITE, 0, 32 << 10, some)) {
        assertThatThrownBy(() -> Files.write(mount.resolve("filler"), new byte[64 << 10]))
            .hasMessageContaining("No space left");
        for (int i = 0; i < 32 << 10; i++) {
          mapping.buffer().put(i, (byte) 1); // its blocks are there
        }
        mapping.force();
      }
    }
  }

  @Test
  void manyThreadsAtOnce() throws Exception {
    Child child = run(directory, Map.of(), List.of(), "threads");
    assertThat(child.output()).endsWith("done\n");
    assertThat(child.status()).isZero();
    child = run(directory, Map.of(), List.of(), "races");
    assertThat(child.output()).endsWith("done\n");
    assertThat(child.status()).isZero();
  }

  /** Without the guard HotSpot's own handling is left; znio's transfers need none. */
  @Test
  void theGuardSwitchedOff() throws Exception {
    List<String> off = List.of("-Dio.znio.guard=off");
    Child child =
        run(
            directory,
            Map.of(),
            off,
            "accesses",
            "GET",
            "JDK_FILE_WRITE",
            "TRANSFER_TO_FILE",
            "TRANSFER_FROM_FILE",
            "TRANSFER_HEADER");
    assertThat(child.output())
        .contains("GET: ERROR", "JDK_FILE_WRITE: BAD_ADDRESS", "TRANSFER_HEADER: LOST")
        .doesNotContain("handler modified")
        .endsWith("done\n");
    assertThat(child.status()).isZero();
    child = run(directory, Map.of(), off, "accesses", "CRC");
    assertThat(child.output()).contains("SIGBUS").doesNotContain("done");
    assertThat(child.status()).isNotZero();
  }

  @Test
  void libjsigPreloaded() throws Exception {
    String libjsig = JDK.resolve("lib/libjsig.so").toString();
    Child child = run(directory, Map.of("LD_PRELOAD", libjsig), List.of(), "accesses");
    assertAllAccesses(child);
    assertThat(child.output()).doesNotContain("handler modified");
    child = run(directory, Map.of("LD_PRELOAD", libjsig), List.of(), "threads");
    assertThat(child.output()).endsWith("done\n");
    assertThat(child.status()).isZero();
  }

  @Test
  void anotherHandlerBeforeTheJvm() throws Exception {
    Map<String, String> before =
        Map.of("LD_PRELOAD", HANDLER.toString(), "ZN_TEST_HANDLER", "before");
    Child child = run(directory, before, List.of(), "accesses");
    assertAllAccesses(child); // HotSpot asks the other before us: what it does counts as damage
    child = run(directory, before, List.of(), "jdk", "natively");
    assertThat(child.output())
        .contains("JDK: RESCUE, passed on: true", "the other handler was called: yes");
    assertThat(child.status()).isZero();
  }

  @Test
  void anotherHandlerBehindTheGuard() throws Exception {
    Child child =
        run(
            directory,
            Map.of("ZN_TEST_HANDLER", "behind"),
            List.of("-Dhandler=" + HANDLER),
            "accesses");
    for (LostPageAccess access : LostPageAccess.values()) {
      assertThat(child.output()).contains(access + ": ");
    }
    assertThat(child.output()).contains("the other handler was called: yes");
    assertThat(child.status()).isZero();
  }

  @Test
  void mappingsOfTheJdkAreLeftToHotSpot() throws Exception {
    Child child = run(directory, Map.of(), List.of(), "jdk");
    assertThat(child.output()).contains("JDK: ERROR, passed on: true").endsWith("done\n");
    assertThat(child.status()).isZero();
    child = run(directory, Map.of(), List.of(), "jdk", "natively");
    assertThat(child.output())
        .contains("SIGBUS", "A fatal error has been detected by the Java Runtime Environment")
        .doesNotContain("done");
    assertThat(child.status()).isNotZero();
  }
}

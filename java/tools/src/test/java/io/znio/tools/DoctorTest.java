// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each look at the machine, on machines that have what is to be found, and on this one. */
class DoctorTest {
  @TempDir Path root;

  private SystemChecks system;

  @BeforeEach
  void prepare() {
    system = new SystemChecks(root);
  }

  private void put(String file, String text) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text + "\n");
  }

  @ParameterizedTest
  @CsvSource({
    "4.9.1,       LIMIT, znio needs Linux 4.14",
    "4.19.0-5,    LIMIT, io_uring",
    "6.0.0,       LIMIT, STATX_DIOALIGN",
    "6.1.0-amd64, OK,    ''",
    "10.0,        OK,    ''",
    "strange,     NOTE,  cannot be told",
  })
  void theKernelsAge(String release, Finding.Grade grade, String fix) throws IOException {
    put("proc/sys/kernel/osrelease", release);
    Finding finding = system.kernel();
    assertThat(finding.grade()).as(finding.toString()).isEqualTo(grade);
    assertThat(finding.fix()).contains(fix);
  }

  @ParameterizedTest
  @CsvSource({
    "65536,     0,                LIMIT",
    "65536,     0000000000004000, OK", // may lock whatever it likes
    "67108864,  0,                OK",
    "unlimited, 0,                OK",
  })
  void lockedMemory(String limit, String capabilities, Finding.Grade grade) throws IOException {
    put("proc/self/limits", "Max locked memory         " + limit + "    unlimited      bytes");
    put("proc/self/status", "CapEff:\t" + capabilities);
    assertThat(system.memlock().grade()).isEqualTo(grade);
  }

  @ParameterizedTest
  @CsvSource({"0, OK", "1, LIMIT", "2, LIMIT"})
  void theSwitchOfIoUring(String value, Finding.Grade grade) throws IOException {
    assertThat(system.uringSwitch().grade()).isEqualTo(Finding.Grade.OK); // no such switch
    put("proc/sys/kernel/io_uring_disabled", value);
    assertThat(system.uringSwitch().grade()).isEqualTo(grade);
  }

  @ParameterizedTest
  @CsvSource({"0, OK", "2, NOTE"})
  void filtersOfSystemCalls(String mode, Finding.Grade grade) throws IOException {
    put("proc/self/status", "Seccomp:\t" + mode);
    assertThat(system.seccomp().grade()).isEqualTo(grade);
  }

  @ParameterizedTest
  @CsvSource({"1000, LIMIT", "65530, OK", "262144, OK"})
  void mappings(String count, Finding.Grade grade) throws IOException {
    put("proc/sys/vm/max_map_count", count);
    assertThat(system.maps().grade()).isEqualTo(grade);
  }

  @Test
  void libc() throws IOException {
    put("proc/self/maps", "7f0 r-xp 0 0:1 7   /lib/ld-musl-x86_64.so.1");
    assertThat(system.libc().grade()).isEqualTo(Finding.Grade.LIMIT);
    assertThat(new SystemChecks(Path.of("/")).libc().found()).matches("glibc \\d+\\.\\d+");
  }

  @Test
  void mountsThatForbidExecution() throws IOException {
    Path real = root.toRealPath();
    put(
        "proc/self/mountinfo",
        String.format(
            "1 0 0:1 / / rw,relatime - ext4 /dev/a rw%n2 1 0:2 / %s rw,noexec - tmpfs none rw",
            real));
    Finding finding = system.execution("library", root.resolve("not/made/yet"));
    assertThat(finding.grade()).isEqualTo(Finding.Grade.LIMIT);
    assertThat(finding.fix()).contains("remount,exec " + real);
    assertThat(system.execution("library", root.resolveSibling("x")).grade())
        .isEqualTo(Finding.Grade.OK);
  }

  /** A number below /proc/sys is there for the first read only. */
  @Test
  void numbersOfThisKernelAreWhole() throws IOException {
    Path file = Path.of("/proc/sys/vm/max_map_count");
    String first;
    try (var lines = Files.newBufferedReader(file)) {
      first = lines.readLine();
    }
    assertThat(new SystemChecks(Path.of("/")).maps().found()).isEqualTo(first);
  }

  @Test
  void aDirectoryIsLeftAsItWas() throws IOException {
    List<Finding> findings = new DirectoryChecks(root).all();
    assertThat(findings).extracting(Finding::subject).contains("file system", "reflink");
    try (var files = Files.list(root)) {
      assertThat(files).isEmpty();
    }
  }

  @Test
  void aJdkIsAsked() {
    Path home = Path.of(System.getProperty("java.home"));
    List<Finding> findings = new JdkChecks(home, List.of()).all();
    assertThat(findings)
        .extracting(Finding::subject)
        .containsExactly("JDK", "agent", "safety", "native access");
    assertThat(findings.get(0).found()).startsWith(System.getProperty("java.vm.version"));
    assertThat(findings.get(1).found()).contains("natives of JDK");
    boolean warns = Runtime.version().feature() >= 24;
    assertThat(findings.get(3).grade()).isEqualTo(warns ? Finding.Grade.NOTE : Finding.Grade.OK);
    assertThat(new JdkChecks(root, List.of()).all().get(0).grade()).isEqualTo(Finding.Grade.LIMIT);
  }

  @Test
  void whatKeepsTheLibraryFromLoadingIsSaid() {
    Path home = Path.of(System.getProperty("java.home"));
    List<String> options = List.of("-Dio.znio.library=/nowhere/libznio.so");
    List<Finding> findings = new JdkChecks(home, options).all();
    assertThat(findings.get(1).subject()).isEqualTo("library");
    assertThat(findings.get(1).grade()).isEqualTo(Finding.Grade.LIMIT);
    assertThat(findings.get(1).found()).contains("/nowhere/libznio.so names no file");
  }

  @Test
  void theStatusTellsWhetherSomethingWasFound() {
    Answer answer = Answer.of("doctor", root.toString());
    boolean limited = answer.output().lines().anyMatch(line -> line.startsWith("limit "));
    assertThat(answer.status()).as(answer.output()).isEqualTo(limited ? 1 : 0);
    assertThat(answer.output()).contains("kernel", "max_map_count", root.toString());
  }
}

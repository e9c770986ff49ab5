// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The report at the JVM's end: exact, by place, the largest first; its file is made safely, and
 * what goes wrong with it is one line and harms nobody.
 */
class ReportTest {
  private static final int STATUS = 7;

  @TempDir Path directory;

  /** Leaves some things live and some leaked; what its own shutdown hook closes is neither. */
  public static final class Holder {
    private static final List<AutoCloseable> HELD = new ArrayList<>();

    private Holder() {}

    private static void drop() throws IOException {
      Region.allocate(5000).buffer().put(0, (byte) 1);
      Mapping.anonymous(70_000).buffer().put(0, (byte) 1);
    }

    private static void hold() throws IOException {
      for (int i = 0; i < 3; i++) {
        HELD.add(Region.allocate(1000));
      }
    }

    private static void holdMore() throws IOException {
      HELD.add(Mapping.anonymous(123_456));
      HELD.add(Memfd.create(4096));
    }

    public static void main(String[] args) throws Exception {
      for (int i = 0; i < 2; i++) {
        drop();
      }
      Await.until(
          "what was dropped is found",
          () -> {
            System.gc();
            return Ledger.leaks().size() == 4;
          });
      hold();
      holdMore();
      Region atTheEnd = Region.allocate(999_999);
      Runtime.getRuntime().addShutdownHook(new Thread(atTheEnd::close));
      System.exit(STATUS);
    }
  }

  private static Child run(String... options) throws Exception {
    List<String> arguments = new ArrayList<>(List.of(options));
    arguments.addAll(List.of("-Dio.znio.sites=1", "-cp", Child.classPath(ReportTest.class)));
    arguments.add(Holder.class.getName());
    Child child = Child.run(arguments);
    assertThat(child.status()).as(child.output()).isEqualTo(STATUS);
    return child;
  }

  private static void assertReport(String text) {
    assertThat(text)
        .containsPattern("region +6 +1012999 +1 +0 +2 +3 +3000\n")
        .containsPattern("mapping +3 +263456 +0 +0 +2 +1 +123456\n")
        .containsPattern("memfd +1 +4096 +0 +0 +0 +1 +4096\n")
        .containsPattern("pin +0 +0 +0 +0 +0 +0 +0\n")
        .containsPattern(
            "jemalloc: \\d+ bytes allocated, \\d+ active, \\d+ resident, \\d+ retained");
    String age = "\\d+ to \\d+ ms old, made at\n    io.znio.ReportTest.Holder.";
    assertThat(text.substring(text.indexOf("live: ")))
        .containsPattern(
            "(?s)^live: 130552 bytes in 5, of 3 places\n"
                + "123456 bytes in 1 of kind mapping, "
                + age
                + "holdMore.*"
                + "\n4096 bytes in 1 of kind memfd, "
                + age
                + "holdMore.*"
                + "\n3000 bytes in 3 of kind region, "
                + age
                + "hold\\(.*"
                + "\nleaked, and freed since: 150000 bytes in 4, of 2 places\n"
                + "140000 bytes in 2 of kind mapping, "
                + age
                + "drop.*"
                + "\n10000 bytes in 2 of kind region, "
                + age
                + "drop");
  }

  @Test
  void withoutTheSwitchThereIsNone() throws Exception {
    assertThat(run().output()).doesNotContain("znio ledger");
    assertThat(run("-Dio.znio.report=off").output()).doesNotContain("znio ledger");
  }

  @Test
  void itGoesToTheStandardError() throws Exception {
    assertReport(run("-Dio.znio.report=exit").output());
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> list = Files.list(directory)) {
      return list.toList();
    }
  }

  @Test
  void itGoesToAFileOfTheUsersOwn() throws Exception {
    Child child = run("-Dio.znio.report=" + directory.resolve("report-%p.txt"));
    assertThat(child.output()).doesNotContain("znio ledger").doesNotContain("no report");
    assertThat(files()).hasSize(1);
    Path file = files().get(0);
    assertThat(file.getFileName().toString()).matches("report-\\d+\\.txt");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertReport(Files.readString(file));
  }

  @Test
  void anOldReportIsReplaced() throws Exception {
    Path file = Files.writeString(directory.resolve("report"), "what was there\n".repeat(1000));
    run("-Dio.znio.report=" + file);
    assertThat(Files.readString(file)).doesNotContain("what was there");
    assertReport(Files.readString(file));
    assertThat(files()).hasSize(1);
  }

  private void assertRefused(Path name, String reason) throws Exception {
    List<Path> before = files();
    Child child = run("-Dio.znio.report=" + name);
    assertThat(child.output().lines().filter(line -> line.startsWith("znio: ")))
        .singleElement()
        .asString()
        .startsWith("znio: no report is written to " + name + ": ")
        .contains(reason);
    assertThat(files()).containsExactlyInAnyOrderElementsOf(before);
  }

  @Test
  void noLinkIsFollowed() throws Exception {
    Path victim = Files.writeString(directory.resolve("victim"), "precious");
    Path link = Files.createSymbolicLink(directory.resolve("report"), victim);
    assertRefused(link, "no regular file");
    assertThat(Files.readString(victim)).isEqualTo("precious");
    assertThat(Files.isSymbolicLink(link)).isTrue();
    Files.delete(victim);
    assertRefused(link, "no regular file"); // nor one that leads nowhere
    assertThat(Files.exists(victim)).isFalse();
  }

  @Test
  void whatIsNoFileIsLeftAlone() throws Exception {
    assertRefused(Files.createDirectory(directory.resolve("directory")), "no regular file");
    assertRefused(Path.of("/dev/null"), "no regular file");
    assertRefused(directory.resolve("missing/report"), "missing");
  }

  @Test
  void aFullDiskLeavesNothingBehind() throws Exception {
    Path mount = Files.createDirectory(directory.resolve("full"));
    try (Mounted mounted = Mounted.tmpfs(mount, "size=4k")) {
      assumeTrue(mounted.isMounted(), mounted.reason());
      Files.write(mount.resolve("filler"), new byte[4096]);
      assertRefused(mount.resolve("report"), "No space left");
      try (Stream<Path> list = Files.list(mount)) {
        assertThat(list).hasSize(1);
      }
    }
  }
}

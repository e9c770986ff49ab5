// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Limits of the system that are reached: {@link PressureMain} in a process for each. Without
 * mappings no JVM lives long: that is {@code tests/c/pressure_test.c}.
 */
@ExtendWith(Leaks.class)
@Timeout(120)
class PressureTest {
  private static final int NOBODY = 61_234;
  private static final int DISK_BYTES = 1 << 20;

  @TempDir Path directory;

  private void run(String mode, String... before) throws Exception {
    assumeTrue(Child.command(List.of("prlimit", "--version")).status() == 0, "no prlimit");
    List<String> command = new ArrayList<>(List.of(before));
    command.addAll(
        Child.java(
            List.of(
                // No heap and no thread of the collector's grows beside it.
                "-XX:+UseSerialGC",
                "-Xms256m",
                "-XX:+AlwaysPreTouch",
                "-XX:-MaxFDLimit",
                "-XX:-CreateCoredumpOnCrash",
                "-Dio.znio.maxBytes=16g",
                "-cp",
                Child.classPath(PressureMain.class),
                PressureMain.class.getName(),
                mode,
                directory.toString())));
    Child child = Child.command(command);
    assertThat(child.status()).as(child.output()).isZero();
    assertThat(child.output()).contains("nothing is left over");
  }

  @Test
  void noDescriptors() throws Exception {
    run("descriptors", "prlimit", "--nofile=100:100");
  }

  @Test
  void noLockedMemory() throws Exception {
    String[] before = {
      "setpriv", "--bounding-set=-ipc_lock", "--inh-caps=-ipc_lock", "prlimit", "--memlock=65536"
    };
    Child probe = Child.command(List.of("setpriv", "--bounding-set=-ipc_lock", "true"));
    boolean privileged = Child.command(List.of("id", "-u")).output().equals("0\n");
    assumeTrue(!privileged || probe.status() == 0, "root, and setpriv cannot take its privilege");
    run("memlock", privileged ? before : new String[] {"prlimit", "--memlock=65536"});
  }

  @Test
  void noAddresses() throws Exception {
    run("addresses");
  }

  @Test
  void noLargerFile() throws Exception {
    run("file-size");
  }

  @Test
  void noThreads() throws Exception {
    Child probe =
        Child.command(
            List.of("setpriv", "--reuid=" + NOBODY, "--clear-groups", "ls", directory.toString()));
    assumeTrue(probe.status() == 0 || isReachable(), "only root runs as another user");
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
    run("threads", "setpriv", "--reuid=" + NOBODY, "--clear-groups", "prlimit", "--nproc=120:120");
  }

  private boolean isReachable() throws Exception {
    Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxrwxrwx"));
    return Child.command(
                List.of(
                    "setpriv",
                    "--reuid=" + NOBODY,
                    "--clear-groups",
                    "test",
                    "-r",
                    Child.classPath(PressureMain.class).split(":")[0]))
            .status()
        == 0;
  }

  /** File to file on a disk that becomes full: so much as is told is there. */
  @ParameterizedTest
  @EnumSource(
      value = TransferPath.class,
      names = {"AUTO", "READ_WRITE", "MMAP_WRITE", "SENDFILE", "SPLICE", "COPY_FILE_RANGE"})
  void aFullDiskEndsACopy(TransferPath path) throws Exception {
    byte[] content = TestFiles.bytes(3 * DISK_BYTES);
    Path source = TestFiles.of(directory, content);
    Path disk = Files.createDirectory(directory.resolve("disk"));
    try (Mounted mounted = Mounted.tmpfs(disk, "size=" + DISK_BYTES)) {
      assumeTrue(mounted.isMounted(), mounted.reason());
      Path copy = disk.resolve("copy");
      long told = 0;
      IOException end = null;
      try (FileChannel from = FileChannel.open(source);
          FileChannel to =
              NativeFileChannel.open(copy, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        while (told < content.length) {
          told +=
              Transfer.from(from, told)
                  .to(to, told)
                  .via(path)
                  .count(content.length - told)
                  .transfer();
        }
      } catch (TransferException e) {
        assumeTrue(!e.isRefusal(), "not between these file systems: " + e.getMessage());
        end = e;
      }
      assertThat(end).hasMessageContaining("ENOSPC").hasMessageContaining("free some space");
      assertThat(told).as("what fitted is told").isGreaterThan(DISK_BYTES / 2);
      byte[] found = Files.readAllBytes(copy);
      assertThat(Arrays.copyOf(found, (int) told)).isEqualTo(Arrays.copyOf(content, (int) told));
      assertThat(found.length).as("nothing that was not told").isEqualTo((int) told);
    }
  }

  /** At map time, not by a signal later; and what it had got goes back. */
  @Test
  void aFullDiskRefusesToPreallocate() throws Exception {
    Path disk = Files.createDirectory(directory.resolve("disk"));
    try (Mounted mounted = Mounted.tmpfs(disk, "size=" + DISK_BYTES)) {
      assumeTrue(mounted.isMounted(), mounted.reason());
      Path file = disk.resolve("file");
      try (NativeFileChannel channel =
          NativeFileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        Mapping.Options room = Mapping.Options.NONE.preallocate();
        IOException refused =
            org.assertj.core.api.Assertions.catchThrowableOfType(
                IOException.class,
                () ->
                    Mapping.map(channel, Mapping.Mode.READ_WRITE, 0, 2L * DISK_BYTES, room)
                        .close());
        assertThat(refused).hasMessageContaining("ENOSPC").hasMessageContaining("free some space");
        channel.truncate(0);
        try (Mapping half =
            Mapping.map(channel, Mapping.Mode.READ_WRITE, 0, DISK_BYTES / 2, room)) {
          half.buffer().put(DISK_BYTES / 2 - 1, (byte) 1);
          half.force();
        }
        assertThat(channel.write(ByteBuffer.allocate(1), 0)).isEqualTo(1);
      }
    }
  }
}

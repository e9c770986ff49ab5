// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static java.nio.channels.FileChannel.MapMode.READ_ONLY;
import static java.nio.file.StandardOpenOption.READ;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** {@code map} when the address space is used up, in a JVM whose limit of that is small. */
class MapRoomTest {
  private static final long ROOM = 1536L << 20;

  /** One fits, two do not. */
  private static final long SIZE = 900L << 20;

  private static final int TRIES = 50;

  @TempDir Path directory;

  /** Arguments: whose channel, a large file. */
  public static final class Narrow {
    private Narrow() {}

    private static void limit() throws Exception {
      String status = Files.readString(Path.of("/proc/self/status"));
      long used =
          status
                  .lines()
                  .filter(line -> line.startsWith("VmSize:"))
                  .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                  .sum()
              << 10;
      long pid = ProcessHandle.current().pid();
      Child set =
          Child.command(List.of("prlimit", "--pid", Long.toString(pid), "--as=" + (used + ROOM)));
      check(set.status() == 0, set.output());
    }

    private static void check(boolean holds, String what) {
      if (!holds) {
        throw new AssertionError(what);
      }
    }

    /** The collector is asked and not waited for as long as it takes, so there may be refusals. */
    private static void mapAndDrop(FileChannel channel) {
      for (int i = 0; i < TRIES; i++) {
        try {
          check(channel.map(READ_ONLY, 0, SIZE).get((int) SIZE - 1) == 0, "another byte");
          return;
        } catch (IOException e) {
          check(channel.isOpen(), "the channel was closed by " + e);
        }
      }
      throw new AssertionError("dropped mappings made no room");
    }

    public static void main(String[] args) throws Exception {
      try (FileChannel channel = FileChannels.valueOf(args[0]).open(Path.of(args[1]), READ)) {
        channel.position(5);
        MapContract.invokeCleaner(channel.map(READ_ONLY, 0, 10));
        limit();
        try {
          channel.map(READ_ONLY, 0, Integer.MAX_VALUE);
          throw new AssertionError("there was room");
        } catch (IOException e) {
          check(
              e.getClass() == IOException.class && e.getMessage().startsWith("Map failed"), "" + e);
        }
        for (int i = 0; i < 5; i++) {
          mapAndDrop(channel);
        }
        check(channel.position() == 5, "position");
      }
    }
  }

  @ParameterizedTest
  @EnumSource(FileChannels.class)
  void droppedMappingsMakeRoom(FileChannels channels) throws Exception {
    assumeTrue(Child.command(List.of("prlimit", "--version")).status() == 0, "no prlimit");
    Path large = directory.resolve("large");
    try (RandomAccessFile file = new RandomAccessFile(large.toFile(), "rw")) {
      file.setLength(3L << 30); // a hole
    }
    Child child =
        Child.run(
            List.of(
                "-cp",
                Child.classPath(MapRoomTest.class),
                Narrow.class.getName(),
                channels.name(),
                large.toString()));
    assertThat(child.status()).as(child.output()).isZero();
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.znio.bench.Allocator;
import io.znio.bench.SkippedException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Fork;

/**
 * Tests what {@code peers.json} says of each row: what a use after the end does, of what the
 * library gave ({@code root}) and of a {@code ByteBuffer} over it that was made before ({@code
 * view}), and whether memory is zero {@code always}. Each use is made in a JVM of its own, told
 * what the forks are told: {@code java -cp benchmarks.jar io.znio.bench.jmh.Safety}. Exits with 1
 * if one differs.
 *
 * <p>{@code silent}: reads whatever lies there now; {@code crash}: the JVM dies; {@code exception};
 * {@code error}: an {@code InternalError}; {@code cannot be}: only the garbage collector frees, so
 * nothing is tried; null: it has no views.
 */
public final class Safety {
  private static final int MEMORY_SIZE = 4096;
  private static final int MAP_SIZE = 1 << 26;
  private static final String CRASHED = "A fatal error has been detected by the Java Runtime";
  private static final int SKIPPED = 77;
  private static final int PROOFS = 64;
  private static final long CHILD_SECONDS = 60;

  private Safety() {}

  /** Reads the table. */
  static JsonNode table() throws IOException {
    try (InputStream in = Safety.class.getResourceAsStream("peers.json")) {
      return new ObjectMapper().readTree(in);
    }
  }

  /**
   * Without arguments tests everything; else is one of the JVMs.
   *
   * @param arguments none, or what, who and the use
   */
  public static void main(String... arguments) throws Exception {
    if (arguments.length == 3) {
      try {
        System.out.println(use(arguments[0], arguments[1], arguments[2]));
        System.exit(0);
      } catch (SkippedException e) {
        System.out.println(e.getMessage());
        System.exit(SKIPPED);
      }
    }
    int different = 0;
    for (Map.Entry<String, JsonNode> peer : table().properties()) {
      for (String what : List.of("memory", "open", "closed")) {
        JsonNode said = peer.getValue().get(what);
        different += said == null ? 0 : differences(what, peer.getKey(), said);
      }
    }
    System.out.println(different == 0 ? "the table is right" : different + " are not as said");
    System.exit(different == 0 ? 0 : 1);
  }

  private static int differences(String what, String by, JsonNode said) throws Exception {
    int different = 0;
    for (String use : List.of("root", "view", "zeroed")) {
      String expected = said.path(use).asText("null");
      boolean tried = !List.of("null", "cannot be", "").contains(expected);
      if (!tried || use.equals("zeroed") && !expected.equals("always")) {
        continue;
      }
      String found = child(what, by, use);
      boolean same = found.equals(expected) || found.startsWith("skipped");
      System.out.printf(
          "%-8s %-16s %-6s %s%s%n", what, by, use, found, same ? "" : ", not " + expected);
      different += same ? 0 : 1;
    }
    return different;
  }

  private static String child(String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(List.of(Comparison.class.getAnnotation(Fork.class).jvmArgsAppend()));
    command.addAll(List.of("-XX:-CreateCoredumpOnCrash", "-XX:ErrorFile=/dev/null"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), Safety.class.getName()));
    command.addAll(List.of(arguments));
    Path scratch = Files.createTempDirectory("znio-safety-");
    command.add(1, "-Djava.io.tmpdir=" + scratch);
    File said = scratch.resolve("said").toFile();
    try {
      Process process =
          new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(said).start();
      if (!process.waitFor(CHILD_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        return "nothing in " + CHILD_SECONDS + " s";
      }
      String text = Files.readString(said.toPath()).strip();
      return switch (process.exitValue()) {
        case 0 -> text.substring(text.lastIndexOf('\n') + 1);
        case SKIPPED -> "skipped: " + text.substring(text.lastIndexOf('\n') + 1);
        default -> text.contains(CRASHED) ? "crash" : "status " + process.exitValue() + ": " + text;
      };
    } finally {
      delete(scratch);
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  private static String use(String what, String by, String use) throws Exception {
    if (use.equals("zeroed")) {
      return isAlwaysZero(Peers.allocator(by, false)) ? "always" : "no";
    }
    if (what.equals("memory")) {
      return stale(Peers.allocator(by, true), MEMORY_SIZE, use.equals("view"));
    }
    SparseFile file = SparseFile.create(MAP_SIZE);
    Allocator<?> from =
        what.equals("open") ? PeerMaps.open(by, file).allocator() : PeerMaps.closed(by, file);
    return stale(from, MAP_SIZE, use.equals("view"));
  }

  /** Uses what has ended. */
  private static <H> String stale(Allocator<H> from, int size, boolean view) {
    H held = from.allocate(size);
    ByteBuffer before = view ? from.buffer(held).duplicate() : null;
    from.free(held);
    try {
      int ignored = view ? before.get(size / 2) : from.get(held, size / 2);
      Thread.yield(); // an error of the JVM may come a little later
      return "silent";
    } catch (InternalError e) {
      return "error";
    } catch (RuntimeException e) {
      return "exception";
    }
  }

  /** Whether it zeroes though nobody asks for it, also what was used before. */
  private static <H> boolean isAlwaysZero(Allocator<H> from) {
    boolean zero = true;
    for (int proof = 0; proof < PROOFS; proof++) {
      H held = from.allocate(MEMORY_SIZE);
      for (int i = 0; i < MEMORY_SIZE; i++) {
        zero &= from.get(held, i) == 0;
        from.put(held, i, (byte) -1);
      }
      from.free(held);
    }
    return zero;
  }
}

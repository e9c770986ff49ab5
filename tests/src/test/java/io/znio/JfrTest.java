// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import jdk.jfr.EventType;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The events of Flight Recorder, recorded in a JVM of their own and read back: each thing once,
 * with its fields and its stack; frequent ones only on demand; and a JVM without jdk.jfr does as
 * well.
 */
class JfrTest {
  private static final int BUFFERS = 100;
  private static final int FREED = 60;
  private static final int SIZE = 300_000;

  @TempDir Path directory;

  /** Does some of everything under one recording, and some under another with the defaults. */
  public static final class Recorded {
    private static final List<ByteBuffer> KEPT = new ArrayList<>();

    private Recorded() {}

    private static void drop() {
      Region.allocate(54_321).buffer().put(0, (byte) 1);
    }

    private static void leak() {
      drop();
      Await.until(
          "it is found",
          () -> {
            System.gc();
            return Ledger.counts(Ledger.Kind.REGION).leaked() == 1;
          });
      long idle = Housekeeper.idleRounds();
      Await.until("its finder has told of it", () -> Housekeeper.idleRounds() > idle);
    }

    private static void mapAndTransfer(Path file) throws Exception {
      Mapping.map(file, Mapping.Mode.READ_ONLY, 4096, 10_000, Mapping.Options.NONE).close();
      try (Mapping seen = Mapping.map(file, Mapping.Mode.READ_ONLY)) {
        seen.buffer();
      }
      try (FileChannel channel = NativeFileChannel.open(file)) {
        MapContract.invokeCleaner(channel.map(FileChannel.MapMode.READ_ONLY, 1, 1000));
      }
      try (Ends.Pair pair = Ends.UNIX.open();
          FileChannel source = FileChannel.open(file)) {
        Ends.Collector collector = pair.collect();
        Transfer.transferTo(source, 0, SIZE, pair.writer);
        Transfer.from(source, 0).to(pair.writer).via(TransferPath.READ_WRITE).transfer();
        FileRegion[] regions = {new FileRegion(source, 0, 1000), new FileRegion(source, 5, 500)};
        Transfer.transferRegions(regions, null, pair.writer);
        pair.writer.close();
        collector.toEnd();
      }
    }

    private static void blocks() {
      List<ByteBuffer> held = new ArrayList<>();
      for (int i = 0; i < BUFFERS; i++) {
        held.add(DirectBuffers.allocate(1000 + i));
      }
      for (int i = 0; i < FREED; i++) {
        DirectBuffers.free(held.get(i));
      }
      KEPT.addAll(held.subList(FREED, BUFFERS)); // no leaks
      Region.allocateUninitialized(3 << 20, 4096).close();
    }

    public static void main(String[] args) throws Exception {
      Path directory = Path.of(args[0]);
      Path file = TestFiles.of(directory, TestFiles.bytes(SIZE));
      blocks(); // the events are there before Flight Recorder is
      try (Recording recording = new Recording()) {
        recording.enable("io.znio.Allocate");
        recording.enable("io.znio.Free");
        recording.enable("io.znio.Transfer").withoutThreshold();
        recording.enable("io.znio.Ledger").with("period", "everyChunk");
        recording.start();
        blocks();
        mapAndTransfer(file);
        leak();
        recording.stop();
        recording.dump(directory.resolve("all.jfr"));
      }
      try (Recording recording = new Recording()) {
        recording.start();
        blocks();
        Mapping.anonymous(777).close();
        recording.stop();
        recording.dump(directory.resolve("default.jfr"));
      }
      blocks(); // after it, too
    }
  }

  private static Map<String, List<RecordedEvent>> read(Path file) throws IOException {
    return RecordingFile.readAllEvents(file).stream()
        .filter(event -> event.getEventType().getName().startsWith("io.znio."))
        .sorted(Comparator.comparing(RecordedEvent::getStartTime))
        .collect(
            Collectors.groupingBy(
                event -> event.getEventType().getName(), TreeMap::new, Collectors.toList()));
  }

  private static long sum(List<RecordedEvent> events, Function<RecordedEvent, Long> field) {
    return events.stream().mapToLong(field::apply).sum();
  }

  /** The first frame that is not znio's own. */
  private static String caller(RecordedEvent event) {
    return event.getStackTrace().getFrames().stream()
        .map(RecordedFrame::getMethod)
        .filter(method -> method.getType().getName().startsWith(JfrTest.class.getName()))
        .map(method -> method.getName())
        .findFirst()
        .orElse("nobody");
  }

  @Test
  void whatHappenedIsReadBack() throws Exception {
    Child child =
        Child.run(
            List.of(
                "-Dio.znio.leaks=full",
                "-Dio.znio.sites=1",
                "-cp",
                Child.classPath(JfrTest.class),
                Recorded.class.getName(),
                directory.toString()));
    assertThat(child.status()).as(child.output()).isZero();
    Map<String, List<RecordedEvent>> events = read(directory.resolve("all.jfr"));
    assertBlocks(events);
    assertMappings(events);
    assertTransfers(events.get("io.znio.Transfer"));
    assertLeak(events.get("io.znio.Leak"));
    assertTotals(events.get("io.znio.Ledger"));
    Map<String, List<RecordedEvent>> byDefault = read(directory.resolve("default.jfr"));
    assertThat(byDefault).doesNotContainKeys("io.znio.Allocate", "io.znio.Free");
    assertThat(byDefault.get("io.znio.Map")).hasSize(1);
    assertThat(byDefault.get("io.znio.Unmap")).hasSize(1);
  }

  private static void assertBlocks(Map<String, List<RecordedEvent>> events) {
    List<RecordedEvent> made = events.get("io.znio.Allocate");
    long buffers = BUFFERS * 1000L + (BUFFERS - 1) * BUFFERS / 2;
    assertThat(sum(made, e -> e.getLong("size"))).isEqualTo(buffers + (3 << 20) + 54_321);
    assertThat(made).hasSize(BUFFERS + 2);
    assertThat(caller(made.get(0))).isEqualTo("blocks");
    assertThat(made.get(0).getBoolean("zeroed")).isTrue();
    RecordedEvent region = made.get(BUFFERS);
    assertThat(region.getLong("alignment")).isEqualTo(4096);
    assertThat(region.getLong("address") % 4096).isZero();
    assertThat(region.getBoolean("zeroed")).isFalse();
    List<RecordedEvent> freed = events.get("io.znio.Free");
    long freedBytes = FREED * 1000L + (FREED - 1) * FREED / 2;
    assertThat(freed).hasSize(FREED + 2);
    assertThat(sum(freed, e -> e.getLong("size"))).isEqualTo(freedBytes + (3 << 20) + 54_321);
    assertThat(freed.get(0).getLong("address")).isEqualTo(made.get(0).getLong("address"));
    assertThat(freed.get(0).getString("cause")).isEqualTo("closed");
    assertThat(freed.get(FREED + 1).getString("cause")).isEqualTo("leaked");
    assertThat(freed).allSatisfy(e -> assertThat(e.getLong("lifetime")).isNotNegative());
  }

  private void assertMappings(Map<String, List<RecordedEvent>> events) {
    List<RecordedEvent> made = events.get("io.znio.Map");
    assertThat(made).hasSize(3);
    assertThat(made.get(0).getLong("size")).isEqualTo(10_000);
    assertThat(made.get(0).getLong("offset")).isEqualTo(4096);
    assertThat(made.get(0).getString("file")).startsWith(directory.toString());
    assertThat(caller(made.get(0))).isEqualTo("mapAndTransfer");
    assertThat(made.get(1).getLong("size")).isEqualTo(SIZE);
    assertThat(made.get(2).getLong("size")).isEqualTo(1000);
    List<RecordedEvent> ended = events.get("io.znio.Unmap");
    assertThat(ended).hasSize(3);
    for (int i = 0; i < 3; i++) {
      assertThat(ended.get(i).getLong("address")).isEqualTo(made.get(i).getLong("address"));
      assertThat(ended.get(i).getString("cause")).isEqualTo("closed");
    }
  }

  private static void assertTransfers(List<RecordedEvent> moves) {
    assertThat(moves).hasSize(3);
    for (RecordedEvent move : moves) {
      assertThat(move.getString("source")).isEqualTo("file");
      assertThat(move.getString("target")).isEqualTo("unix");
      assertThat(move.getString("error")).isNull();
      assertThat(move.getLong("systemCalls")).isPositive();
      assertThat(caller(move)).isEqualTo("mapAndTransfer");
    }
    assertThat(moves.get(0).getString("path")).isEqualTo("sendfile");
    assertThat(moves.get(0).getLong("asked")).isEqualTo(SIZE);
    assertThat(moves.get(0).getLong("moved")).isEqualTo(SIZE);
    assertThat(moves.get(1).getString("path")).isEqualTo("read-write");
    assertThat(moves.get(1).getLong("moved")).isEqualTo(SIZE);
    assertThat(moves.get(2).getLong("moved")).isEqualTo(1500);
  }

  private static void assertLeak(List<RecordedEvent> leaks) {
    assertThat(leaks).hasSize(1);
    RecordedEvent leak = leaks.get(0);
    assertThat(leak.getString("kind")).isEqualTo("region");
    assertThat(leak.getLong("size")).isEqualTo(54_321);
    assertThat(leak.getString("placeOfBirth")).contains("JfrTest$Recorded.drop(JfrTest.java:");
    assertThat(leak.getLong("birthThread")).isPositive();
    assertThat(leak.getLong("address")).isPositive();
    EventType type = leak.getEventType();
    assertThat(type.getCategoryNames()).containsExactly("znio");
    assertThat(type.getLabel()).isEqualTo("Leak");
    assertThat(type.getDescription()).isNotEmpty();
    assertThat(type.getField("size").getContentType()).isEqualTo("jdk.jfr.DataAmount");
    assertThat(type.getField("address").getContentType()).isEqualTo("jdk.jfr.MemoryAddress");
    assertThat(type.getField("age").getContentType()).isEqualTo("jdk.jfr.Timespan");
  }

  private static void assertTotals(List<RecordedEvent> totals) {
    RecordedEvent last = totals.get(totals.size() - 1);
    assertThat(last.getEventType().getSettingDescriptors())
        .anySatisfy(setting -> assertThat(setting.getName()).isEqualTo("period"));
    assertThat(last.getLong("leaks")).isEqualTo(1);
    assertThat(last.getLong("regions")).isEqualTo(2 * (BUFFERS - FREED));
    assertThat(last.getLong("memoryLive")).isEqualTo(last.getLong("regionBytes"));
    assertThat(last.getLong("memoryMax")).isPositive();
    assertThat(last.getLong("allocated")).isPositive();
    assertThat(last.getLong("active")).isGreaterThanOrEqualTo(last.getLong("allocated"));
    assertThat(last.getLong("resident")).isGreaterThanOrEqualTo(last.getLong("active"));
    assertThat(last.getLong("retained")).isNotNegative();
  }

  /** Says whether events can be had, after the housekeeper has been at it. */
  public static final class Present {
    private Present() {}

    public static void main(String[] args) throws Exception {
      DirectBuffers.free(DirectBuffers.allocate(100));
      Mapping.anonymous(100).close();
      int tick = Native.ledgerTick();
      Await.until("the housekeeper works", () -> Native.ledgerTick() != tick);
      System.out.println("events: " + Jfr.PRESENT);
    }
  }

  private static void assertPresent(boolean present, List<String> options) throws Exception {
    Child child = Child.run(options);
    assertThat(child.status()).as(child.output()).isZero();
    assertThat(child.output()).contains("events: " + present).doesNotContain("Flight Recorder");
  }

  @Test
  void aJvmWithoutTheModuleDoesAsWell() throws Exception {
    List<String> path = List.of("-cp", Child.classPath(JfrTest.class), Present.class.getName());
    List<String> without = new ArrayList<>(List.of("--limit-modules", "java.base"));
    without.addAll(path);
    assertPresent(false, without);
    List<String> off = new ArrayList<>(List.of("-Dio.znio.jfr=off"));
    off.addAll(path);
    assertPresent(false, off);
    assertPresent(true, path);
  }

  /** znio as a module: its events are there if the application has jdk.jfr. */
  @Test
  void aNamedModuleDoesAsWell() throws Exception {
    String[] entries = Child.classPath(JfrTest.class).split(":");
    List<String> module =
        List.of(
            "--module-path",
            entries[0],
            "--patch-module",
            "io.znio=" + entries[1],
            "--enable-native-access=io.znio",
            "-m",
            "io.znio/" + Present.class.getName());
    List<String> without = new ArrayList<>(List.of("--limit-modules", "java.base,io.znio"));
    without.addAll(module);
    assertPresent(false, without);
    List<String> with = new ArrayList<>(List.of("--add-modules", "jdk.jfr"));
    with.addAll(module);
    assertPresent(true, with);
  }

  @Test
  void aTransferThatIsQuickIsBelowTheThreshold() {
    assertThat(EventType.getEventType(JfrEvents.Move.class).getSettingDescriptors())
        .filteredOn(setting -> setting.getName().equals("threshold"))
        .singleElement()
        .satisfies(setting -> assertThat(setting.getDefaultValue()).isEqualTo("20 ms"));
  }
}

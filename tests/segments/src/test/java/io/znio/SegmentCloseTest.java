// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.znio.segments.Segments;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** When segments over regions and mappings end, at each level, and who prevents that. */
@ExtendWith(Leaks.class)
@SuppressWarnings("restricted")
class SegmentCloseTest {
  private static final int SIZE = 65_536;

  @TempDir Path directory;

  private interface Access {
    void run() throws Exception;
  }

  /** Everything that touches memory, through segments and buffers made while it was open. */
  private static Map<String, Access> accesses(MemorySegment segment, FileChannel file) {
    MemorySegment slice = segment.asSlice(64, 256);
    MemorySegment readOnly = segment.asReadOnly();
    MemorySegment heap = MemorySegment.ofArray(new byte[SIZE]);
    ByteBuffer buffer = segment.asByteBuffer();
    Map<String, Access> all = new LinkedHashMap<>();
    all.put("get", () -> segment.get(JAVA_BYTE, 0));
    all.put("set", () -> segment.set(JAVA_LONG, 8, 1));
    all.put("slice", () -> slice.get(JAVA_INT, 0));
    all.put("slice of stale", () -> segment.asSlice(5, 5).get(JAVA_BYTE, 0));
    all.put("read-only", () -> readOnly.get(JAVA_BYTE, 1));
    all.put("VarHandle", () -> JAVA_INT.varHandle().getAndAdd(segment, 4L, 1));
    all.put("fill", () -> slice.fill((byte) 1));
    all.put("copy from", () -> MemorySegment.copy(segment, 0, heap, 0, 100));
    all.put("copy to", () -> MemorySegment.copy(heap, 0, segment, 0, 100));
    all.put("mismatch", () -> segment.mismatch(heap));
    all.put("toArray", () -> segment.toArray(JAVA_BYTE));
    all.put("string", () -> segment.getString(0));
    all.put("elements", () -> segment.elements(JAVA_LONG).forEach(e -> e.get(JAVA_LONG, 0)));
    all.put("reinterpret", () -> segment.reinterpret(10).get(JAVA_BYTE, 0));
    all.put("buffer", () -> buffer.get(0));
    all.put("buffer of stale", () -> segment.asByteBuffer().get(0));
    all.put("slice of buffer", () -> buffer.slice(3, 3).get(0));
    all.put("bulk of buffer", () -> buffer.get(0, new byte[10]));
    all.put("channel write", () -> file.write(buffer.duplicate(), 0));
    all.put("channel read", () -> file.read(buffer.duplicate(), 0));
    all.put("transfer", () -> Transfer.from(buffer.duplicate()).to(file, 0).transfer());
    all.put("downcall", () -> sort(segment, (a, b) -> 0));
    return all;
  }

  @ParameterizedTest
  @EnumSource(Viewed.Kind.class)
  void afterCloseEachAccessThrows(Viewed.Kind kind) throws Exception {
    try (FileChannel file =
        FileChannel.open(
            directory.resolve("file"),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE)) {
      Viewed memory = kind.open(directory, SIZE);
      MemorySegment segment = memory.segment;
      Map<String, Access> accesses = accesses(segment, file);
      for (Access access : accesses.values()) {
        access.run();
      }
      memory.close();
      assertThat(segment.scope().isAlive()).isFalse();
      assertThat(memory.isOpen()).isFalse();
      accesses.forEach(
          (what, access) ->
              assertThatThrownBy(access::run).as(what).isInstanceOf(IllegalStateException.class));
      assertThatThrownBy(memory::view)
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("closed");
      memory.close();
      Reference.reachabilityFence(segment);
    }
  }

  @ParameterizedTest
  @EnumSource(Viewed.Kind.class)
  void aHotLoopOfAnotherThreadEndsWithAnException(Viewed.Kind kind) throws Exception {
    for (int round = 0; round < 20; round++) {
      Viewed memory = kind.open(directory, SIZE);
      AtomicLong laps = new AtomicLong();
      Threads.Started<Void> reader = Threads.call("reader", () -> readFor(memory.segment, laps));
      Await.until("the loop is hot", () -> laps.get() > 200);
      memory.close();
      // At the level checked a mapping's pages are gone before the loop is told.
      boolean mayFault = SafetyLevel.IS_CHECKED && memory.segment.isMapped();
      assertThat(reader.failure())
          .isInstanceOfAny(
              IllegalStateException.class,
              mayFault ? InternalError.class : IllegalStateException.class);
      assertThatThrownBy(() -> memory.segment.get(JAVA_BYTE, 0))
          .isInstanceOf(IllegalStateException.class);
    }
  }

  private static Void readFor(MemorySegment segment, AtomicLong laps) {
    while (true) {
      long sum = 0;
      for (long i = 0; i < SIZE; i += Long.BYTES) {
        sum += segment.get(JAVA_LONG, i);
      }
      if (sum != 0) {
        throw new AssertionError("memory of somebody else was read: " + sum);
      }
      laps.incrementAndGet();
    }
  }

  /** Compares two elements of what is sorted. */
  private interface Order {
    int compare(int a, int b);
  }

  private static int compare(Order order, MemorySegment a, MemorySegment b) {
    return order.compare(a.get(JAVA_INT, 0), b.get(JAVA_INT, 0));
  }

  /** Sorts the first 8 ints by qsort of libc, which has the memory acquired while it runs. */
  private static void sort(MemorySegment segment, Order order) {
    Linker linker = Linker.nativeLinker();
    MethodHandle qsort =
        linker.downcallHandle(
            linker.defaultLookup().find("qsort").orElseThrow(),
            FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS));
    try (Arena arena = Arena.ofConfined()) {
      MethodType type = MethodType.methodType(int.class, MemorySegment.class, MemorySegment.class);
      MethodHandle comparator =
          MethodHandles.lookup()
              .findStatic(
                  SegmentCloseTest.class, "compare", type.insertParameterTypes(0, Order.class))
              .bindTo(order);
      FunctionDescriptor signature =
          FunctionDescriptor.of(
              JAVA_INT, ADDRESS.withTargetLayout(JAVA_INT), ADDRESS.withTargetLayout(JAVA_INT));
      qsort.invoke(segment, 8L, 4L, linker.upcallStub(comparator, signature, arena));
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  private static void refused(Viewed memory) {
    assertThatThrownBy(memory::close)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("in use by 1");
    assertThat(memory.isOpen()).isTrue();
    assertThat(memory.segment.scope().isAlive()).isTrue();
  }

  @ParameterizedTest
  @EnumSource(Viewed.Kind.class)
  void whatADowncallWorksOnIsNotClosed(Viewed.Kind kind) throws Exception {
    Viewed memory = kind.open(directory, SIZE);
    for (int i = 0; i < 8; i++) {
      memory.segment.setAtIndex(JAVA_INT, i, 8 - i);
    }
    List<Throwable> closes = new ArrayList<>();
    sort(
        memory.segment,
        (a, b) -> {
          closes.add(Threads.call("closer", () -> refusedIn(memory)).failure());
          return Integer.compare(a, b);
        });
    assertThat(closes).isNotEmpty().containsOnlyNulls();
    assertThat(memory.segment.asSlice(0, 32).toArray(JAVA_INT))
        .containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    memory.close();
    assertThat(memory.segment.scope().isAlive()).isFalse();
  }

  private static Void refusedIn(Viewed memory) {
    refused(memory);
    return null;
  }

  @ParameterizedTest
  @EnumSource(Viewed.Kind.class)
  void whatAReadOfTheJdkWritesToIsNotClosed(Viewed.Kind kind) throws Exception {
    Viewed memory = kind.open(directory, SIZE);
    try (Ends.Pair pair = Ends.UNIX.open()) {
      ByteBuffer target = memory.segment.asSlice(100, 1000).asByteBuffer();
      Threads.Started<Integer> reader = Threads.call("reader", () -> pair.reader.read(target));
      reader.awaitIn("sun.nio.ch");
      refused(memory);
      pair.write(new byte[] {1, 2, 3});
      assertThat(reader.get()).isEqualTo(3);
      assertThat(memory.segment.get(JAVA_BYTE, 102)).isEqualTo((byte) 3);
      memory.close();
    }
  }

  /** A transfer counts by the owner, a call of the JDK by the segment's session: both are asked. */
  @ParameterizedTest
  @EnumSource(Viewed.Kind.class)
  void whatATransferReadsIsNotClosed(Viewed.Kind kind) throws Exception {
    Viewed memory = kind.open(directory, 4 << 20);
    for (ByteBuffer source : List.of(memory.buffer(), memory.segment.asByteBuffer())) {
      try (Ends.Pair pair = Ends.UNIX.open()) {
        pair.fill();
        Threads.Started<Long> mover =
            Threads.call(
                "mover",
                () ->
                    Transfer.from(source).to(pair.writer).via(TransferPath.READ_WRITE).transfer());
        mover.awaitIn("io.znio.Native");
        refused(memory);
        pair.writer.close();
        assertThat(mover.failure()).isInstanceOf(IOException.class);
      }
      assertThat(memory.view().get(JAVA_BYTE, 0)).isZero();
    }
    memory.close();
    assertThat(memory.segment.scope().isAlive()).isFalse();
  }

  /** Whoever comes too late gets an exception; nobody gets a segment that outlives the owner. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void makingASegmentRacesWithClose(boolean ofRegion) throws Exception {
    for (int round = 0; round < 500; round++) {
      Region region = Region.allocate(64);
      Mapping mapping = Mapping.anonymous(64);
      CyclicBarrier start = new CyclicBarrier(2);
      Threads.Started<MemorySegment> maker =
          Threads.call(
              "maker",
              () -> {
                start.await();
                try {
                  return ofRegion ? Segments.of(region) : Segments.of(mapping);
                } catch (IllegalStateException e) {
                  return null;
                }
              });
      start.await();
      region.close();
      mapping.close();
      MemorySegment made = maker.get();
      assertThat(made == null || !made.scope().isAlive()).isTrue();
    }
  }

  /** A close that is refused leaves everything as it was, whoever races with it. */
  @Test
  void refusedClosesHarmNobody() throws Exception {
    try (FileChannel file =
        FileChannel.open(
            directory.resolve("target"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (int round = 0; round < 50; round++) {
        Viewed memory = Viewed.Kind.REGION.open(directory, 4096);
        ByteBuffer ofOwner = memory.buffer();
        ByteBuffer ofSegment = memory.segment.asByteBuffer();
        AtomicLong calls = new AtomicLong();
        Consumer<Access> forever =
            access -> {
              try {
                while (true) {
                  access.run();
                  calls.incrementAndGet();
                }
              } catch (RuntimeException e) {
                throw e;
              } catch (Exception e) {
                throw new AssertionError(e);
              }
            };
        Threads.Started<Void> transfers =
            Threads.call("transfers", () -> run(forever, () -> transfer(ofOwner, file)));
        Threads.Started<Void> writes =
            Threads.call("writes", () -> run(forever, () -> file.write(ofSegment.duplicate(), 0)));
        Await.until("both run", () -> calls.get() > 20);
        Await.until("it is closed", () -> isClosedBy(memory));
        assertThat(writes.failure()).isInstanceOf(IllegalStateException.class);
        assertThat(transfers.failure()).isInstanceOf(IllegalStateException.class);
      }
    }
  }

  private static Void run(Consumer<Access> loop, Access access) {
    loop.accept(access);
    return null;
  }

  private static void transfer(ByteBuffer buffer, FileChannel file) throws IOException {
    Transfer.from(buffer.duplicate()).to(file, 0).transfer();
  }

  private static boolean isClosedBy(Viewed memory) {
    try {
      memory.close();
      return true;
    } catch (IllegalStateException e) {
      return false;
    }
  }

  /** Collects until owners dropped later are found and freed; the first may overtake others. */
  private static void collect() {
    for (int i = 0; i < 3; i++) {
      Region.allocate(12_345);
      awaitFreed(12_345);
    }
  }

  private static void awaitFreed(long size) {
    Await.until(
        size + " bytes are freed",
        () -> {
          System.gc();
          return !isLive(size);
        });
    assertThat(isLeaked(size)).isTrue();
  }

  private static boolean isLive(long size) {
    boolean[] found = new boolean[1];
    Ledger.live(entry -> found[0] |= entry.size() == size);
    return found[0];
  }

  private static boolean isLeaked(long size) {
    return Ledger.leaks().stream().anyMatch(leak -> leak.size() == size);
  }

  @ParameterizedTest
  @EnumSource(Viewed.Kind.class)
  void aSegmentKeepsTheMemory(Viewed.Kind kind) throws Exception {
    int size = 54_321 + kind.ordinal();
    MemorySegment[] slice = {kind.open(directory, size).segment.asSlice(1000, 10)};
    slice[0].set(JAVA_BYTE, 5, (byte) 77);
    collect();
    assertThat(isLive(size)).isTrue();
    assertThat(isLeaked(size)).isFalse();
    assertThat(slice[0].get(JAVA_BYTE, 5)).isEqualTo((byte) 77);
    ByteBuffer[] buffer = {slice[0].asByteBuffer()};
    slice[0] = null;
    collect();
    assertThat(isLive(size)).isTrue();
    assertThat(isLeaked(size)).isFalse();
    assertThat(buffer[0].get(5)).isEqualTo((byte) 77);
    buffer[0] = null;
    awaitFreed(size);
  }

  /** Of the JDK's own making, over a buffer of ours. */
  @Test
  void aSegmentOfABufferKeepsTheMemory() {
    int size = 4_321;
    MemorySegment[] segment = {MemorySegment.ofBuffer(Region.allocate(size).buffer())};
    segment[0].set(JAVA_BYTE, 5, (byte) 77);
    collect();
    assertThat(isLive(size)).isTrue();
    assertThat(isLeaked(size)).isFalse();
    assertThat(segment[0].get(JAVA_BYTE, 5)).isEqualTo((byte) 77);
    segment[0] = null;
    awaitFreed(size);
  }
}

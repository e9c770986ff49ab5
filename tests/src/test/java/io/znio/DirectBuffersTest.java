// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Off-heap buffers: limits, leaks, threads that end. */
@Tag(Levels.EVERY)
@ExtendWith(Leaks.class)
class DirectBuffersTest {
  private static Child child(Class<?> main, String... options) throws Exception {
    List<String> arguments = new ArrayList<>(List.of(options));
    arguments.addAll(List.of("-cp", Child.classPath(DirectBuffersTest.class), main.getName()));
    return Child.run(arguments);
  }

  /** Fills a small limit, and looks at what comes past it. */
  public static final class AtTheLimit {
    private AtTheLimit() {}

    public static void main(String[] args) {
      List<ByteBuffer> held = new ArrayList<>();
      for (int i = 0; i < 1000; i++) {
        held.add(DirectBuffers.allocateUninitialized(1000));
      }
      long begin = System.nanoTime();
      try {
        DirectBuffers.allocate(1);
        throw new AssertionError("one byte past the limit was allocated");
      } catch (OutOfMemoryError e) {
        System.out.println(e.getMessage());
      }
      System.out.println((System.nanoTime() - begin) / 1_000_000 < 1000 ? "at once" : "late");
      DirectBuffers.free(held.remove(0));
      held.add(DirectBuffers.allocate(1000));
      held.forEach(DirectBuffers::free);
      try (Region all = Region.allocate(1_000_000)) {
        System.out.println("free again: " + all.size());
      }
    }
  }

  @Test
  void theLimitIsExactAndSaysWhoHoldsTheMemory() throws Exception {
    Child child = child(AtTheLimit.class, "-Dio.znio.maxBytes=1000000", "-Dio.znio.sites=1");
    assertThat(child.output())
        .contains("1 bytes of off-heap memory: 1000000 bytes are live and the limit is 1000000")
        .contains("1000000 bytes in 1000: io.znio.DirectBuffersTest$AtTheLimit.main")
        .contains("at once")
        .contains("free again: 1000000");
    assertThat(child.status()).isZero();
  }

  /** Drops what it does not free. */
  public static final class Dropper {
    private Dropper() {}

    public static void main(String[] args) {
      for (int i = 0; i < 100; i++) {
        DirectBuffers.allocate(64).putInt(0, 1);
        Region.allocate(5000).buffer().putInt(0, 1);
      }
      Await.until(
          "all is freed",
          () -> {
            System.gc();
            return Ledger.totals().regions() == 0;
          });
      System.out.println("leaks: " + Ledger.leaks().size());
      System.out.println(Ledger.leaks().get(0).site());
    }
  }

  @Test
  void whatIsDroppedIsFreedAndReported() throws Exception {
    Child child = child(Dropper.class, "-Dio.znio.leaks=full", "-Dio.znio.sites=1");
    assertThat(child.output())
        .contains("leaks: 200")
        .contains("DirectBuffersTest$Dropper.main")
        .contains("was dropped without being");
    assertThat(child.status()).isZero();
  }

  @Test
  void aThreadsMagazineEndsWithIt() throws Exception {
    assumeTrue(Magazines.ENABLED, "magazines are switched off");
    DirectBuffers.free(DirectBuffers.allocate(1)); // this thread's stays
    long[] idle = new long[7];
    Native.ledgerReadIdle(idle);
    long before = idle[0];
    for (int i = 0; i < 50; i++) {
      Thread thread =
          Threads.start("short " + i, () -> DirectBuffers.free(DirectBuffers.allocate(64)));
      Await.end(thread);
    }
    Await.until(
        "the magazines of ended threads are given back",
        () -> {
          Native.ledgerReadIdle(idle);
          return idle[0] <= before;
        });
  }

  /** Numbers of threads may share a place in a table: their magazines may not be shared. */
  @Test
  void threadsWhoseNumbersFallTogetherHaveTheirOwnMagazines() throws Exception {
    assumeTrue(Magazines.ENABLED, "magazines are switched off");
    Magazine mine = Magazines.own();
    ByteBuffer buffer = DirectBuffers.allocate(64);
    List<Magazine> seen = new ArrayList<>();
    Thread twin;
    do {
      twin =
          new Thread("twin") {
            @Override
            public void run() {
              DirectBuffers.free(buffer);
              DirectBuffers.free(DirectBuffers.allocate(64));
              seen.add(Magazines.own());
              seen.add(Magazines.own());
            }
          };
    } while (Magazines.place(twin) != Magazines.place(Thread.currentThread()));
    twin.start();
    Await.end(twin);
    assertThat(seen).hasSize(2).doesNotContainNull().doesNotContain(mine);
    assertThat(seen.get(0)).isSameAs(seen.get(1));
    assertThat(Magazines.own()).isSameAs(mine);
  }

  @Test
  void aTransferHoldsItsBuffer() throws Exception {
    ByteBuffer buffer = DirectBuffers.allocate(4 << 20);
    try (Ends.Pair pair = Ends.UNIX.open()) {
      Threads.Started<Long> mover =
          Threads.call("mover", () -> Transfer.from(buffer).to(pair.writer).transfer());
      mover.awaitStalled();
      assertThatThrownBy(() -> DirectBuffers.free(buffer))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("in use");
      Ends.Collector collector = pair.collect();
      assertThat(mover.get()).isEqualTo(4 << 20);
      pair.writer.close();
      assertThat(collector.toEnd()).hasSize(4 << 20);
    }
    DirectBuffers.free(buffer);
    try (Ends.Pair pair = Ends.UNIX.open()) {
      assertThatThrownBy(() -> Transfer.from(buffer).to((SocketChannel) pair.writer).transfer())
          .isInstanceOf(IllegalStateException.class);
    }
  }
}

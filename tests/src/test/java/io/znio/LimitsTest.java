// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static java.nio.file.StandardOpenOption.DELETE_ON_CLOSE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The limits count what lives, each byte once: blocks and loans against one, mappings against the
 * other. Past them comes an error at once, and the collector is asked only where that is wanted,
 * once. Each case is a JVM with limits of its own.
 */
class LimitsTest {
  private static Child child(Class<?> main, String... options) throws Exception {
    List<String> arguments = new ArrayList<>(List.of(options));
    arguments.addAll(List.of("-Dio.znio.sites=1", "-XX:+UseSerialGC"));
    arguments.addAll(List.of("-cp", Child.classPath(LimitsTest.class), main.getName()));
    Child child = Child.run(arguments);
    assertThat(child.status()).as(child.output()).isZero();
    return child;
  }

  private static void check(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what);
    }
  }

  /** What must not fit. */
  private interface Refused {
    Object run() throws IOException;
  }

  private static void refuse(Refused request) throws IOException {
    try {
      throw new AssertionError(request.run() + " fits");
    } catch (OutOfMemoryError e) {
      System.out.println(e.getMessage());
    }
  }

  /** Mappings of three sorts, and a memfd, which counts in no limit. */
  public static final class Mapped {
    private Mapped() {}

    public static void main(String[] args) throws Exception {
      try (Memfd memfd = Memfd.create(8000);
          Memfd large = Memfd.create(1 << 30)) {
        check(Ledger.limits().mappedLive() == 0 && Ledger.limits().memoryLive() == 0, "memfds");
        Mapping mapping = Mapping.anonymous(6000);
        refuse(() -> Mapping.anonymous(4001));
        refuse(memfd::map);
        Mapping fits = Mapping.anonymous(4000);
        refuse(() -> Mapping.anonymous(1));
        fits.buffer(); // so that its addresses are kept after the close
        fits.close();
        check(Ledger.limits().mappedLive() == 6000, "closed: " + Ledger.limits());
        mapping.close();
        memfd.map().close();
        try (Region region = Region.allocate(1 << 20)) {
          check(Ledger.limits().mappedLive() == 0, "of " + region.size() + ": " + Ledger.limits());
        }
      }
    }
  }

  @Test
  void mappingsHaveALimitOfTheirOwn() throws Exception {
    Child child = child(Mapped.class, "-Dio.znio.maxMappedBytes=10000");
    assertThat(child.output())
        .contains("Cannot map 4001 bytes: 6000 bytes are mapped and the limit is 10000;")
        .contains("-Dio.znio.maxMappedBytes")
        .contains("Cannot map 8000 bytes")
        .contains("6000 bytes in 1: io.znio.LimitsTest$Mapped.main");
  }

  /** Lends memory to a socket whose peer does not read, and more than the two of them hold. */
  public static final class Lent {
    private static final int LIMIT = 64 << 20;

    private Lent() {}

    private static Receipt send(Ends.Pair pair, ByteBuffer bytes) throws IOException {
      return Transfer.from(bytes)
          .to(pair.writer)
          .via(TransferPath.MSG_ZEROCOPY)
          .transferWithReceipt();
    }

    public static void main(String[] args) throws Exception {
      try (Ends.Pair pair = Ends.TCP4.open()) {
        ((SocketChannel) pair.writer).configureBlocking(false);
        Receipt receipt = send(pair, ByteBuffer.allocateDirect(LIMIT - 1));
        check(receipt.bytes() > 0 && receipt.bytes() < LIMIT, "lent: " + receipt);
        check(!receipt.loan().isReturned(), "nobody reads: " + receipt);
        long lent = Ledger.limits().memoryLive();
        check(lent > 0 && lent <= receipt.bytes(), "of " + receipt + " counts " + lent);
        refuse(() -> Region.allocate(LIMIT));
        pair.collect();
        Await.until("the loan is returned", receipt.loan()::isReturned);
        check(Ledger.limits().memoryLive() == 0, "returned: " + Ledger.limits());
      }
      try (Region block = Region.allocate(LIMIT);
          Ends.Pair pair = Ends.TCP4.open()) {
        ((SocketChannel) pair.writer).configureBlocking(false);
        refuse(() -> send(pair, ByteBuffer.allocateDirect(1000)));
        Receipt receipt = send(pair, block.buffer());
        check(receipt.bytes() > 0, "a block counts once: " + receipt);
        check(Ledger.limits().memoryLive() == LIMIT, "a block counts once: " + Ledger.limits());
        pair.collect();
        Await.until("the loan is returned", receipt.loan()::isReturned);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"unchecked", "tracked", "checked"})
  void loansCountAsMemory(String level) throws Exception {
    Child child = child(Lent.class, "-Dio.znio.maxBytes=64m", "-Dio.znio.safety=" + level);
    assertThat(child.output())
        .contains("Cannot lend 1000 bytes of memory to the kernel: 67108864 bytes are live")
        .contains("67108864 bytes in 1: io.znio.LimitsTest$Lent.main")
        .containsPattern("\\d+ bytes in \\d+: io.znio.LimitsTest.Lent.send");
  }

  /** Reads and writes heap buffers, all of its memory being taken. */
  public static final class Copied {
    private static final int LIMIT = 1 << 20;

    private Copied() {}

    public static void main(String[] args) throws Exception {
      byte[] content = new byte[2 * LIMIT];
      new Random(1).nextBytes(content);
      Path path = Files.createTempFile("copied", null);
      try (Region all = Region.allocate(LIMIT);
          FileChannel file = NativeFileChannel.open(path, READ, WRITE, DELETE_ON_CLOSE)) {
        refuse(() -> Region.allocate(1));
        file.write(ByteBuffer.wrap(content, 0, 1000));
        ByteBuffer middle = ByteBuffer.wrap(content, 1000, LIMIT);
        ByteBuffer end = ByteBuffer.wrap(content, 1000 + LIMIT, LIMIT - 1000);
        file.write(new ByteBuffer[] {middle, end});
        ByteBuffer read = ByteBuffer.allocate(2 * LIMIT);
        check(file.read(read, 0) == 2 * LIMIT, "read: " + read);
        check(Arrays.equals(read.array(), content), "what was read is not what was written");
        check(Ledger.limits().memoryLive() == all.size(), "copies: " + Ledger.limits());
      }
    }
  }

  @Test
  void copiesOfHeapBuffersAreNotRefused() throws Exception {
    assertThat(child(Copied.class, "-Dio.znio.maxBytes=1m").output()).contains("Cannot allocate 1");
  }

  private static long collections() {
    long sum = 0;
    for (GarbageCollectorMXBean collector : ManagementFactory.getGarbageCollectorMXBeans()) {
      sum += collector.getName().equals("MarkSweepCompact") ? collector.getCollectionCount() : 0;
    }
    return sum;
  }

  /** Drops blocks and mappings until the limit is met, then holds them. */
  public static final class Collected {
    private Collected() {}

    private static void drop() throws IOException {
      Region.allocate(100_000).buffer().put(0, (byte) 1);
      Mapping.anonymous(100_000).buffer().put(0, (byte) 1);
    }

    public static void main(String[] args) throws Exception {
      boolean asks = args[0].equals("asks");
      for (int i = 0; i < 10; i++) {
        drop();
      }
      long before = collections();
      if (asks) {
        for (int i = 0; i < 90; i++) {
          drop();
        }
        System.out.println("collections: " + (collections() - before));
      } else {
        refuse(() -> Region.allocate(100_000));
        refuse(() -> Mapping.anonymous(100_000));
      }
      List<AutoCloseable> held = new ArrayList<>();
      if (asks) {
        held.add(Region.allocate(1_000_000));
        held.add(Mapping.anonymous(1_000_000));
      }
      before = collections();
      refuse(() -> Region.allocate(1));
      refuse(() -> Mapping.anonymous(1));
      System.out.println("asked: " + (collections() - before));
      for (AutoCloseable one : held) {
        one.close();
      }
    }
  }

  private static Child collected(String collect, String argument) throws Exception {
    List<String> arguments =
        List.of(
            "-XX:+UseSerialGC",
            "-Dio.znio.maxBytes=1000000",
            "-Dio.znio.maxMappedBytes=1000000",
            "-Dio.znio.collectMillis=20000",
            "-Dio.znio.collectAtLimit=" + collect,
            "-cp",
            Child.classPath(LimitsTest.class),
            Collected.class.getName(),
            argument);
    Child child = Child.run(arguments);
    assertThat(child.status()).as(child.output()).isZero();
    return child;
  }

  @Test
  void nobodyAsksTheCollectorUnlessThatIsWanted() throws Exception {
    Child child = collected("off", "asks not");
    assertThat(child.output()).contains("Cannot allocate 100000 bytes").contains("asked: 0");
  }

  @Test
  void theCollectorIsAskedOnceForARequest() throws Exception {
    Child child = collected("on", "asks");
    assertThat(child.output())
        .containsPattern("collections: ([1-9]|1\\d)\n") // for ten blocks, and ten mappings, each
        .contains("Cannot allocate 1 bytes")
        .contains("Cannot map 1 bytes")
        .contains("asked: 2");
  }
}

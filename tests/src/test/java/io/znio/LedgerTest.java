// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import javax.management.openmbean.TabularData;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The ledger's counters, differences and list of what lives; what znio says it can do. */
@Tag(Levels.EVERY)
@ExtendWith(Leaks.class)
class LedgerTest {
  /** So that the births of a test, which are few, all have their place. */
  @BeforeEach
  void fillThePurse() {
    Housekeeper.start();
    int tick = Native.ledgerTick();
    Await.until("some ticks have passed", () -> Native.ledgerTick() - tick > 3);
  }

  @Test
  void countersAreExact() throws Exception {
    Ledger.Snapshot before = Ledger.snapshot();
    List<ByteBuffer> buffers = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      buffers.add(DirectBuffers.allocate(100 + i));
    }
    Ledger.Counts live = Ledger.snapshot().diff(before).counts().get(Ledger.Kind.REGION);
    assertThat(live.bornItems()).isEqualTo(1000);
    assertThat(live.liveItems()).isEqualTo(1000);
    assertThat(live.liveBytes()).isEqualTo(100 * 1000 + 999 * 1000 / 2);
    buffers.forEach(DirectBuffers::free);
    try (Mapping mapping = Mapping.anonymous(12_345)) {
      Ledger.Snapshot now = Ledger.snapshot().diff(before);
      assertThat(now.counts().get(Ledger.Kind.MAPPING).liveItems()).isEqualTo(1);
      assertThat(now.counts().get(Ledger.Kind.MAPPING).liveBytes()).isEqualTo(mapping.size());
      Ledger.Counts dead = now.counts().get(Ledger.Kind.REGION);
      assertThat(dead.diedItems()).isEqualTo(1000);
      assertThat(dead.liveBytes()).isZero();
      assertThat(dead.ages().stream().mapToLong(Long::longValue).sum()).isEqualTo(1000);
    }
    assertThat(Ledger.heap().allocated()).isPositive();
    assertThat(Ledger.limits().memoryMax()).isPositive();
    assertThat(Ledger.idle().records()).isGreaterThanOrEqualTo(1000);
  }

  @Test
  void everythingThatLivesIsListedOnce() {
    int mark = 54_321;
    List<ByteBuffer> buffers = new ArrayList<>();
    for (int i = 0; i < 5000; i++) {
      buffers.add(DirectBuffers.allocateUninitialized(mark));
    }
    List<Long> addresses = new ArrayList<>();
    for (Ledger.Entry entry : Ledger.live()) {
      if (entry.size() == mark) {
        assertThat(entry.kind()).isEqualTo(Ledger.Kind.REGION);
        addresses.add(entry.address());
      }
    }
    List<Long> expected = buffers.stream().map(BufferFactory::address).toList();
    assertThat(addresses).containsExactlyInAnyOrderElementsOf(expected);
    buffers.forEach(DirectBuffers::free);
    assertThat(Ledger.live().stream().filter(entry -> entry.size() == mark)).isEmpty();
  }

  @Test
  void aMemfdIsInTheLedger() throws Exception {
    Ledger.Snapshot before = Ledger.snapshot();
    try (Memfd memfd = Memfd.create(77_777)) {
      Ledger.Entry entry = only(77_777);
      assertThat(entry.kind()).isEqualTo(Ledger.Kind.MEMFD);
      assertThat(entry.site()).contains("aMemfdIsInTheLedger");
      assertThat(entry.thread()).isEqualTo(Thread.currentThread().getId());
      assertThat(Ledger.totals().memfds()).isEqualTo(before.totals().memfds() + 1);
      assertThat(Ledger.totals().memfdBytes())
          .isEqualTo(before.totals().memfdBytes() + memfd.size());
    }
    Ledger.Counts counts = Ledger.snapshot().diff(before).counts().get(Ledger.Kind.MEMFD);
    assertThat(counts.closedItems()).isEqualTo(1);
    assertThat(counts.liveItems()).isZero();
  }

  private static Ledger.Entry only(long size) {
    List<Ledger.Entry> found = Ledger.live().stream().filter(e -> e.size() == size).toList();
    assertThat(found).hasSize(1);
    return found.get(0);
  }

  private static void dropAMemfd() throws Exception {
    Memfd.create(66_666).size();
  }

  @Test
  void aDroppedMemfdIsClosedAndReported() throws Exception {
    long leaked = Ledger.counts(Ledger.Kind.MEMFD).leaked();
    dropAMemfd();
    Await.until(
        "it is found",
        () -> {
          System.gc();
          return Ledger.counts(Ledger.Kind.MEMFD).leaked() > leaked;
        });
    assertThat(Ledger.leaks())
        .anySatisfy(
            leak -> {
              assertThat(leak.kind()).isEqualTo(Ledger.Kind.MEMFD);
              assertThat(leak.size()).isEqualTo(66_666);
              assertThat(leak.thread()).isEqualTo(Thread.currentThread().getId());
              assertThat(leak.site()).contains("dropAMemfd");
            });
    assertThat(Ledger.leakPlaces())
        .anySatisfy(
            place -> {
              assertThat(place.site()).contains("dropAMemfd");
              assertThat(place.bytes()).isEqualTo(66_666 * place.items());
            });
  }

  @Test
  void aLoanIsInTheLedger() throws Exception {
    ByteBuffer bytes = ByteBuffer.allocateDirect(16 << 20);
    Ledger.Snapshot before = Ledger.snapshot();
    try (Ends.Pair pair = Ends.TCP4.open()) {
      ((SocketChannel) pair.writer).configureBlocking(false);
      Receipt receipt =
          Transfer.from(bytes).to(pair.writer).via(TransferPath.MSG_ZEROCOPY).transferWithReceipt();
      // One for each call of C: more, if the socket found room again meanwhile.
      List<Ledger.Entry> loans =
          Ledger.live().stream().filter(entry -> entry.kind() == Ledger.Kind.PIN).toList();
      long start = JdkMemory.address(bytes);
      assertThat(loans)
          .isNotEmpty()
          .allSatisfy(
              loan -> {
                assertThat(loan.address()).isBetween(start, start + receipt.bytes() - loan.size());
                assertThat(loan.size()).isPositive();
                assertThat(loan.site()).contains("aLoanIsInTheLedger");
              });
      assertThat(Ledger.totals().pinBytes()).isBetween(1L, receipt.bytes());
      pair.collect();
      Await.until("the loan is returned", receipt.loan()::isReturned);
      Ledger.Counts counts = Ledger.snapshot().diff(before).counts().get(Ledger.Kind.PIN);
      assertThat(counts.liveItems()).isZero();
      assertThat(counts.bornBytes()).isEqualTo(receipt.bytes());
      assertThat(counts.leaked()).isZero();
    }
  }

  @Test
  void theLargestPlacesComeFirst() {
    try (Region large = Region.allocate(30 << 20);
        Region small = Region.allocate(20 << 20)) {
      List<Ledger.Place> places = Ledger.largest(2, Ledger.Kind.REGION);
      assertThat(places.get(0).bytes()).isEqualTo(large.size());
      assertThat(places.get(1).bytes()).isEqualTo(small.size());
      assertThat(places.get(0).site()).contains("theLargestPlacesComeFirst");
      assertThat(places.get(0).items()).isEqualTo(1);
    }
    assertThatThrownBy(() -> Ledger.largest(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Ledger.largest(65)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void whatLivesGrowsOlder() {
    try (Region region = Region.allocate(1_234_567)) {
      Ledger.Entry entry = only(region.size());
      Await.until("it is three ticks old", () -> entry.ageMillis() >= 3L * Ledger.tickMillis());
    }
  }

  @Test
  void theBeanTellsWhatTheLedgerTells() throws Exception {
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    ObjectName name = new ObjectName("io.znio:type=Ledger");
    try (Region region = Region.allocate(1000)) {
      Await.until("the bean is there", () -> server.isRegistered(name));
      assertThat(server.getAttribute(name, "RegionBytes")).isEqualTo(Ledger.totals().regionBytes());
      assertThat((long) server.getAttribute(name, "RegionBytes"))
          .isGreaterThanOrEqualTo(region.size());
      assertThat(ofRegions(server, name, "LiveBytes")).isEqualTo(Ledger.totals().regionBytes());
      assertThat(ofRegions(server, name, "Born"))
          .isEqualTo(
              (long) ofRegions(server, name, "Closed")
                  + (long) ofRegions(server, name, "Cleaned")
                  + (long) ofRegions(server, name, "Leaked")
                  + (long) ofRegions(server, name, "Live"));
      assertThat((Long[]) ofRegions(server, name, "Lifetimes")).hasSize(Native.AGES);
      assertThat((String[]) server.getAttribute(name, "LargestPlaces"))
          .anySatisfy(place -> assertThat(place).contains("theBeanTellsWhatTheLedgerTells"));
      for (String figure : List.of("Allocated", "Active", "Resident", "Retained")) {
        assertThat((long) server.getAttribute(name, figure + "Bytes")).isNotNegative();
      }
      assertThat(server.getAttribute(name, "MappedLimit")).isEqualTo(Long.MAX_VALUE);
      assertThat(server.getAttribute(name, "SafetyLevel"))
          .isEqualTo(SafetyLevel.CURRENT.toString());
    }
  }

  /** What an attribute that goes by kind says of regions. */
  private static Object ofRegions(MBeanServer server, ObjectName name, String attribute)
      throws Exception {
    TabularData byKind = (TabularData) server.getAttribute(name, attribute);
    return byKind.get(new Object[] {"REGION"}).get("value");
  }

  @Test
  void capabilitiesSayWhatIsInForce() {
    Znio.Capabilities can = Znio.capabilities();
    assertThat(can.version()).isEqualTo(Native.version());
    assertThat(can.safety()).isEqualTo(SafetyLevel.CURRENT);
    assertThat(can.checkedRefusal() == null).isEqualTo(TokenSupport.isAvailable());
    assertThat(can.buffersRefusal()).isNull();
    assertThat(can.transfersRefusal()).isNull();
    assertThat(can.physicalBytes()).isBetween(1L << 28, 1L << 50);
  }
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The ledger's counters, differences and list of what lives; what znio says it can do. */
@Tag(Levels.EVERY)
@ExtendWith(Leaks.class)
class LedgerTest {
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
  void theBeanTellsWhatTheLedgerTells() throws Exception {
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    ObjectName name = new ObjectName("io.znio:type=Ledger");
    try (Region region = Region.allocate(1000)) {
      Await.until("the bean is there", () -> server.isRegistered(name));
      assertThat(server.getAttribute(name, "RegionBytes")).isEqualTo(Ledger.totals().regionBytes());
      assertThat((long) server.getAttribute(name, "RegionBytes"))
          .isGreaterThanOrEqualTo(region.size());
      assertThat(server.getAttribute(name, "SafetyLevel"))
          .isEqualTo(SafetyLevel.CURRENT.toString());
    }
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

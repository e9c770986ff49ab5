// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import javax.management.JMException;
import javax.management.ObjectName;

/** {@link LedgerMXBean}, read anew with each attribute. Loaded only where java.management is. */
final class LedgerBean implements LedgerMXBean {
  private static final int PLACES = 10;

  private LedgerBean() {}

  /** Registers the bean, unless there is one of that name (of another copy of this class). */
  static void register() {
    try {
      ObjectName name = new ObjectName("io.znio:type=Ledger");
      if (!ManagementFactory.getPlatformMBeanServer().isRegistered(name)) {
        ManagementFactory.getPlatformMBeanServer().registerMBean(new LedgerBean(), name);
      }
    } catch (JMException e) {
      Settings.warn("The management bean io.znio:type=Ledger is missing: " + e);
    }
  }

  @Override
  public long getRegions() {
    return Ledger.totals().regions();
  }

  @Override
  public long getRegionBytes() {
    return Ledger.totals().regionBytes();
  }

  @Override
  public long getMappings() {
    return Ledger.totals().mappings();
  }

  @Override
  public long getMappingBytes() {
    return Ledger.totals().mappingBytes();
  }

  @Override
  public long getRegionsBorn() {
    return Ledger.counts(Ledger.Kind.REGION).bornItems();
  }

  @Override
  public long getRegionsLeaked() {
    return Ledger.counts(Ledger.Kind.REGION).leaked();
  }

  @Override
  public long getMappingsLeaked() {
    return Ledger.counts(Ledger.Kind.MAPPING).leaked();
  }

  @Override
  public long getMemoryLimit() {
    return Ledger.limits().memoryMax();
  }

  @Override
  public long getIdleBytes() {
    Ledger.Idle idle = Ledger.idle();
    return idle.magazineBytes() + idle.depotBytes();
  }

  @Override
  public long getQuarantineBytes() {
    return Ledger.idle().quarantineBytes();
  }

  @Override
  public long getDescriptors() {
    return Ledger.totals().descriptors();
  }

  private static long heap(ToLongFunction<Ledger.Heap> figure) {
    Ledger.Heap heap = Ledger.heapOrNull();
    return heap == null ? -1 : figure.applyAsLong(heap);
  }

  @Override
  public long getResidentBytes() {
    return heap(Ledger.Heap::resident);
  }

  @Override
  public long getAllocatedBytes() {
    return heap(Ledger.Heap::allocated);
  }

  @Override
  public long getActiveBytes() {
    return heap(Ledger.Heap::active);
  }

  @Override
  public long getRetainedBytes() {
    return heap(Ledger.Heap::retained);
  }

  @Override
  public long getMappedLimit() {
    return Ledger.limits().mappedMax();
  }

  private static <T> Map<String, T> byKind(Function<Ledger.Counts, T> figure) {
    Map<String, T> figures = new LinkedHashMap<>();
    for (Ledger.Kind kind : Ledger.Kind.values()) {
      figures.put(kind.name(), figure.apply(Ledger.counts(kind)));
    }
    return figures;
  }

  @Override
  public Map<String, Long> getBorn() {
    return byKind(Ledger.Counts::bornItems);
  }

  @Override
  public Map<String, Long> getClosed() {
    return byKind(Ledger.Counts::closedItems);
  }

  @Override
  public Map<String, Long> getCleaned() {
    return byKind(Ledger.Counts::cleaned);
  }

  @Override
  public Map<String, Long> getLeaked() {
    return byKind(Ledger.Counts::leaked);
  }

  @Override
  public Map<String, Long> getLive() {
    return byKind(Ledger.Counts::liveItems);
  }

  @Override
  public Map<String, Long> getLiveBytes() {
    return byKind(Ledger.Counts::liveBytes);
  }

  @Override
  public Map<String, List<Long>> getLifetimes() {
    return byKind(Ledger.Counts::ages);
  }

  @Override
  public List<String> getLargestPlaces() {
    return Ledger.largest(PLACES).stream()
        .map(place -> place.bytes() + " in " + place.items() + ": " + Sites.firstLine(place.site()))
        .toList();
  }

  @Override
  public String getSafetyLevel() {
    return SafetyLevel.CURRENT.toString();
  }
}

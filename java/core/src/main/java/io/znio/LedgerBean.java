// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.lang.management.ManagementFactory;
import javax.management.JMException;
import javax.management.ObjectName;

/** {@link LedgerMXBean}, read anew with each attribute. Loaded only where java.management is. */
final class LedgerBean implements LedgerMXBean {
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

  @Override
  public long getResidentBytes() {
    try {
      return Ledger.heap().resident();
    } catch (UnsupportedOperationException e) {
      return -1;
    }
  }

  @Override
  public String getSafetyLevel() {
    return SafetyLevel.CURRENT.toString();
  }
}

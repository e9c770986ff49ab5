// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.List;
import java.util.Map;

/**
 * The management bean {@code io.znio:type=Ledger}: what {@link Ledger} tells, as attributes. Where
 * the module java.management is, znio registers it with its first allocation, mapping or memfd. Any
 * thread may ask; each attribute is read anew, so several together are not one moment. Kinds are
 * the names of {@link Ledger.Kind}, and each map has all four of them.
 */
public interface LedgerMXBean {
  /**
   * {@return live blocks: buffers of {@link DirectBuffers}, {@link Region}s, and those of running
   * transfers}
   */
  long getRegions();

  /** {@return the bytes of the live blocks, as asked for} */
  long getRegionBytes();

  /** {@return live mappings: those that are not yet closed} */
  long getMappings();

  /** {@return the bytes of the live mappings, as asked for} */
  long getMappingBytes();

  /** {@return the number of blocks that were made since the process began} */
  long getRegionsBorn();

  /** {@return the number of blocks that were dropped without being freed, and found} */
  long getRegionsLeaked();

  /** {@return the number of mappings that were dropped without being closed, and found} */
  long getMappingsLeaked();

  /**
   * {@return the limit of memory in bytes ({@code -Dio.znio.maxBytes}); {@link Long#MAX_VALUE}:
   * none}
   */
  long getMemoryLimit();

  /**
   * {@return the bytes of free blocks that threads and the depot they share keep for the next
   * allocation}
   */
  long getIdleBytes();

  /** {@return the bytes of freed blocks that wait until no running reader can hold them} */
  long getQuarantineBytes();

  /** {@return the number of descriptors that znio holds open, those of pipes and rings included} */
  long getDescriptors();

  /**
   * {@return the bytes that jemalloc has in memory ({@link Ledger.Heap#resident}); -1: not known}
   */
  long getResidentBytes();

  /**
   * {@return the bytes that jemalloc has handed out ({@link Ledger.Heap#allocated}); -1: not known}
   */
  long getAllocatedBytes();

  /**
   * {@return the bytes of the pages with such blocks ({@link Ledger.Heap#active}); -1: not known}
   */
  long getActiveBytes();

  /**
   * {@return the bytes of address space that jemalloc keeps without memory ({@link
   * Ledger.Heap#retained}); -1: not known}
   */
  long getRetainedBytes();

  /**
   * {@return the limit of mappings in bytes ({@code -Dio.znio.maxMappedBytes}); {@link
   * Long#MAX_VALUE}: none}
   */
  long getMappedLimit();

  /** {@return how many of each kind were made since the process began} */
  Map<String, Long> getBorn();

  /** {@return how many of each kind have ended because their owner closed them} */
  Map<String, Long> getClosed();

  /**
   * {@return how many of each kind have ended because they were left to the collector, as agreed}
   */
  Map<String, Long> getCleaned();

  /** {@return how many of each kind were dropped without being closed, and found} */
  Map<String, Long> getLeaked();

  /** {@return how many of each kind live} */
  Map<String, Long> getLive();

  /** {@return the bytes of what lives of each kind, as asked for} */
  Map<String, Long> getLiveBytes();

  /**
   * {@return how long what has ended of each kind had lived: 34 numbers, see {@link
   * Ledger.Counts#ages}}
   */
  Map<String, List<Long>> getLifetimes();

  /**
   * {@return the ten places of birth whose live things hold most bytes, the largest first: "BYTES
   * in ITEMS: INNERMOST FRAME". Walks over all that lives}
   */
  List<String> getLargestPlaces();

  /** {@return the level of safety in force, the name of a {@link SafetyLevel}} */
  String getSafetyLevel();
}

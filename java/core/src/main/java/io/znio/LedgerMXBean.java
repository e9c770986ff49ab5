// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.List;
import java.util.Map;

/** The management bean {@code io.znio:type=Ledger}: what {@link Ledger} tells, as attributes. */
public interface LedgerMXBean {
  /** Live blocks. */
  long getRegions();

  /** Their bytes, as asked for. */
  long getRegionBytes();

  /** Live mappings. */
  long getMappings();

  /** Their bytes. */
  long getMappingBytes();

  /** Blocks ever made. */
  long getRegionsBorn();

  /** Blocks that were dropped without being freed, and found. */
  long getRegionsLeaked();

  /** Mappings that were dropped without being closed, and found. */
  long getMappingsLeaked();

  /** The limit of memory in bytes; {@link Long#MAX_VALUE}: none. */
  long getMemoryLimit();

  /** Bytes of free blocks that threads and their depot keep. */
  long getIdleBytes();

  /** Bytes that wait until no running reader can hold them. */
  long getQuarantineBytes();

  /** Descriptors that znio holds open. */
  long getDescriptors();

  /** jemalloc's resident bytes; -1: not known. */
  long getResidentBytes();

  /** jemalloc's allocated bytes; -1: not known. */
  long getAllocatedBytes();

  /** jemalloc's active bytes; -1: not known. */
  long getActiveBytes();

  /** jemalloc's retained bytes; -1: not known. */
  long getRetainedBytes();

  /** The limit of mappings in bytes; {@link Long#MAX_VALUE}: none. */
  long getMappedLimit();

  /** What was ever made, by kind: REGION, MAPPING, MEMFD, PIN. */
  Map<String, Long> getBorn();

  /** What has ended because its owner closed it, by kind. */
  Map<String, Long> getClosed();

  /** What has ended because it was left to the collector, as agreed, by kind. */
  Map<String, Long> getCleaned();

  /** What was dropped without being closed, and found, by kind. */
  Map<String, Long> getLeaked();

  /** What lives, by kind. */
  Map<String, Long> getLive();

  /** Bytes of what lives, as asked for, by kind. */
  Map<String, Long> getLiveBytes();

  /** How long what has ended had lived, by kind: see {@link Ledger.Counts}. */
  Map<String, List<Long>> getLifetimes();

  /** The ten places whose live things hold most bytes: bytes, items, and the innermost frame. */
  List<String> getLargestPlaces();

  /** The level of safety in force. */
  String getSafetyLevel();
}

// SPDX-License-Identifier: Apache-2.0
package io.znio;

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

  /** The level of safety in force. */
  String getSafetyLevel();
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "znio/region.h"

#include <errno.h>
#include <stddef.h>

#include "depot.h"
#include "heap.h"
#include "limit.h"
#include "record.h"
#include "region_class.h"
#include "shared.h"
#include "znio/quarantine.h"

#define ZN_REGION_ALIGNMENT_DEFAULT 16
#define ZN_REGION_REFILL_MAX 65536
#define ZN_REGION_FLAGS (ZN_REGION_ZEROED | ZN_REGION_BEYOND_LIMIT)

static int64_t effective_alignment(int64_t alignment) {
  return alignment == 0 ? ZN_REGION_ALIGNMENT_DEFAULT : alignment;
}

static bool is_shape(int64_t size, int64_t alignment) {
  if (size < 0 || size > ZN_REGION_SIZE_MAX) return false;
  if (alignment <= 0 || alignment > ZN_REGION_ALIGNMENT_MAX) return false;
  return (alignment & (alignment - 1)) == 0;
}

/* Counts a birth past the magazines; the block is taken first, see limit.h. */
static int reserve(int64_t size, unsigned flags) {
  struct zn_tally *tally = zn_tally_shared(ZN_KIND_REGION);
  if (zn_limit_take(1, size) < 1) return -ENOMEM;
  if ((flags & ZN_REGION_BEYOND_LIMIT) != 0) {
    zn_tally_birth(tally, false, 1, size);
    return 0;
  }
  int result = zn_limit_birth(tally, false, size);
  if (result < 0) zn_limit_give(size);
  return result;
}

static void unreserve(int64_t size) {
  zn_limit_unborn(zn_tally_shared(ZN_KIND_REGION), false, size);
  zn_limit_give(size);
}

static void *allocate(int64_t size, int64_t alignment, unsigned flags) {
  size_t bytes = size > 0 ? (size_t)size : 1;
  return (flags & ZN_REGION_ZEROED) != 0 ? zn_heap_allocate_zeroed(bytes, (size_t)alignment)
                                         : zn_heap_allocate(bytes, (size_t)alignment);
}

int zn_region_allocate(int64_t size, int64_t alignment, void **out) {
  *out = NULL;
  alignment = effective_alignment(alignment);
  if (size <= 0 || !is_shape(size, alignment)) return -EINVAL;
  int result = reserve(size, 0);
  if (result < 0) return result;
  *out = allocate(size, alignment, 0);
  if (*out != NULL) return 0;
  unreserve(size);
  return -ENOMEM;
}

void zn_region_free(void *address, int64_t size, int64_t alignment) {
  if (address == NULL) return;
  zn_heap_free(address, (size_t)size, (size_t)effective_alignment(alignment));
  zn_tally_death(zn_tally_shared(ZN_KIND_REGION), false, size, ZN_TALLY_AGE_UNKNOWN,
                 ZN_CAUSE_CLOSED);
  zn_limit_give(size);
}

int zn_region_open(int64_t size, int64_t alignment, unsigned flags, uint32_t thread, uint32_t site,
                   uint64_t *handle) {
  *handle = 0;
  alignment = effective_alignment(alignment);
  if (!is_shape(size, alignment) || (flags & ~ZN_REGION_FLAGS) != 0) return -EINVAL;
  int result = reserve(size, flags);
  if (result < 0) return result;
  struct zn_record *record;
  if (zn_record_take(1, &record) == 1) {
    void *block = allocate(size, alignment, flags);
    if (block != NULL) {
      uint32_t traits = zn_record_traits(ZN_KIND_REGION, ZN_RECORD_CLASS_NONE,
                                         __builtin_ctzll((uint64_t)alignment));
      atomic_store_explicit(&record->address, (uint64_t)(uintptr_t)block, memory_order_relaxed);
      atomic_store_explicit(&record->traits, traits, memory_order_relaxed);
      zn_record_make_live(record, size, thread, site);
      *handle = zn_record_handle(record, zn_record_word(record));
      return 0;
    }
    zn_record_give(1, &record);
  }
  unreserve(size);
  return -ENOMEM;
}

/* Ends the life and counts the death. */
static int end_life(uint64_t handle, int state, int cause, int64_t *size) {
  if (cause < ZN_CAUSE_CLOSED || cause > ZN_CAUSE_LEAKED) return -EINVAL;
  uint64_t word;
  int result = zn_record_end(handle, state, ZN_KIND_REGION, &word);
  if (result < 0) return result;
  uint64_t birth = atomic_load_explicit(&zn_record_of(handle)->birth, memory_order_relaxed);
  *size = zn_word_size(word);
  zn_tally_death(zn_tally_shared(ZN_KIND_REGION), false, *size,
                 zn_tally_age((uint32_t)birth, zn_shared_tick()), cause);
  return 0;
}

int zn_region_close(uint64_t handle, int cause) {
  int64_t size;
  int result = end_life(handle, ZN_STATE_FREE, cause, &size);
  if (result == 0) zn_depot_give_block(zn_record_of(handle), size);
  return result;
}

int zn_region_retire(uint64_t handle, int cause) {
  int64_t size;
  int result = end_life(handle, ZN_STATE_RETIRED, cause, &size);
  if (result < 0) return result;
  uint64_t number = zn_record_number(zn_record_of(handle));
  result = zn_quarantine_add(1, &number);
  /* No room in the list, which is 8 bytes a block: this one is lost, rather than reused too early.
   */
  return result == -ENOMEM ? 2 : result;
}

void *zn_region_address(uint64_t handle) {
  struct zn_record *record = zn_record_find(zn_record_number(zn_record_of(handle)));
  struct zn_ledger_entry entry;
  if (record == NULL || !zn_record_copy(record, 1U << ZN_STATE_LIVE, &entry)) return NULL;
  bool block = entry.handle == handle && entry.kind == ZN_KIND_REGION;
  return block ? (void *)(uintptr_t)entry.address : NULL;
}

int zn_region_class(int64_t size) {
  if (size < 0 || size > ZN_REGION_CLASS_BYTES_MAX) return -EINVAL;
  return zn_class_of(size);
}

int64_t zn_region_class_bytes(int region_class) {
  if (region_class < 0 || region_class >= ZN_REGION_CLASSES) return -EINVAL;
  return zn_class_bytes(region_class);
}

int zn_region_refill(int region_class, int count, uint64_t *records) {
  if (region_class < 0 || region_class >= ZN_REGION_CLASSES) return -EINVAL;
  if (count < 1 || count > ZN_REGION_REFILL_MAX) return -EINVAL;
  return zn_depot_take(region_class, count, (struct zn_record **)(uintptr_t)records);
}

static bool is_free(uint64_t number, int region_class) {
  struct zn_record *record = zn_record_find(number);
  if (record == NULL || zn_word_state(zn_record_word(record)) != ZN_STATE_FREE) return false;
  uint32_t traits = atomic_load_explicit(&record->traits, memory_order_relaxed);
  return zn_traits_class(traits) == region_class;
}

int zn_region_flush(int region_class, int count, const uint64_t *records) {
  if (region_class < 0 || region_class >= ZN_REGION_CLASSES) return -EINVAL;
  if (count < 0 || count > ZN_REGION_REFILL_MAX) return -EINVAL;
  for (int i = 0; i < count; i++) {
    if (!is_free(records[i], region_class)) return -EINVAL;
  }
  zn_depot_give(region_class, count, (struct zn_record *const *)(uintptr_t)records);
  return 0;
}

void zn_region_decay(void) {
  zn_depot_decay(false);
  zn_heap_decay();
}

void zn_region_trim(void) {
  zn_depot_decay(true);
  zn_heap_thread_flush();
  zn_heap_purge();
}

void zn_region_thread_flush(void) { zn_heap_thread_flush(); }

int zn_region_read_statistics(struct zn_region_statistics *statistics) {
  return zn_heap_read_statistics(statistics);
}

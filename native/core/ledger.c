/* SPDX-License-Identifier: Apache-2.0 */
#include "znio/ledger.h"

#include <errno.h>
#include <stdatomic.h>

#include "depot.h"
#include "ledger_count.h"
#include "limit.h"
#include "magazine.h"
#include "quarantine.h"
#include "record.h"
#include "shared.h"
#include "sys.h"

static _Atomic int64_t s_items[ZN_LEDGER_ITEMS];

void zn_ledger_count(enum zn_ledger_item item, int64_t items) {
  atomic_fetch_add_explicit(&s_items[item], items, memory_order_relaxed);
}

static int64_t items_of(enum zn_ledger_item item) {
  return atomic_load_explicit(&s_items[item], memory_order_relaxed);
}

static void read_live(int kind, int64_t *items, int64_t *bytes) {
  struct zn_ledger_kind sum;
  zn_tally_read(kind, &sum);
  *items = sum.born_items - sum.died_items;
  *bytes = sum.born_bytes - sum.died_bytes;
}

void zn_ledger_read(struct zn_ledger_totals *totals) {
  read_live(ZN_KIND_REGION, &totals->regions, &totals->region_bytes);
  read_live(ZN_KIND_MAPPING, &totals->mappings, &totals->mapping_bytes);
  read_live(ZN_KIND_MEMFD, &totals->memfds, &totals->memfd_bytes);
  read_live(ZN_KIND_PIN, &totals->pins, &totals->pin_bytes);
  totals->pipes = items_of(ZN_LEDGER_PIPE);
  totals->rings = items_of(ZN_LEDGER_RING);
  totals->descriptors = items_of(ZN_LEDGER_DESCRIPTOR);
}

int64_t zn_ledger_system_calls(void) { return zn_sys_count(); }

int zn_ledger_read_kind(int kind, struct zn_ledger_kind *totals) {
  if (kind < 0 || kind >= ZN_KINDS) return -EINVAL;
  zn_tally_read(kind, totals);
  return 0;
}

void zn_ledger_read_idle(struct zn_ledger_idle *idle) {
  zn_magazine_read(&idle->magazines, &idle->magazine_bytes);
  zn_depot_read(&idle->depot_items, &idle->depot_bytes);
  zn_quarantine_read(&idle->quarantine_items, &idle->quarantine_bytes);
  idle->records = (int64_t)zn_record_count();
}

void zn_ledger_advance(uint32_t ticks) { atomic_fetch_add(&zn_shared.tick, ticks); }

uint32_t zn_ledger_tick(void) { return zn_shared_tick(); }

/* Counts a birth, and against the limit of its kind. */
static int reserve(int kind, int64_t size, bool counted) {
  int result = 0;
  if (kind == ZN_KIND_PIN && !counted) {
    (void)zn_limit_take(1, size); /* before the birth, see limit.h */
    result = zn_limit_birth(zn_tally_pinned(), false, size);
    if (result < 0) zn_limit_give(size);
  }
  if (kind == ZN_KIND_MAPPING) result = zn_limit_map(size);
  if (result == 0) zn_tally_birth(zn_tally_shared(kind), false, 1, size);
  return result;
}

/* Gives back what reserve took from a limit. items: 1; 0 if the thing lives on. */
static void give(int kind, int64_t items, int64_t size, bool counted) {
  if (kind == ZN_KIND_PIN && !counted) {
    zn_tally_birth(zn_tally_pinned(), false, -items, -size);
    zn_limit_give(size);
  }
  if (kind == ZN_KIND_MAPPING) zn_limit_unmap(size);
}

static void unreserve(int kind, int64_t items, int64_t size, bool counted) {
  zn_tally_birth(zn_tally_shared(kind), false, -items, -size);
  give(kind, items, size, counted);
}

static bool is_counted(struct zn_record *record) {
  uint32_t traits = atomic_load_explicit(&record->traits, memory_order_relaxed);
  return (traits & ZN_TRAITS_COUNTED) != 0;
}

static int kind_of(struct zn_record *record) {
  return zn_traits_kind(atomic_load_explicit(&record->traits, memory_order_relaxed));
}

int zn_ledger_add(int kind, int64_t size) { return reserve(kind, size, false); }

void zn_ledger_undo(int kind, int64_t size) { unreserve(kind, 1, size, false); }

void zn_ledger_remove(int kind, int64_t size) {
  zn_tally_death(zn_tally_shared(kind), false, size, ZN_TALLY_AGE_UNKNOWN, ZN_CAUSE_CLOSED);
  give(kind, 1, size, false);
}

int zn_ledger_open(const struct zn_birth *birth, uint64_t *handle) {
  *handle = 0;
  int result = reserve(birth->kind, birth->size, birth->counted);
  if (result < 0) return result;
  struct zn_record *record;
  if (zn_record_take(1, &record) < 1) {
    unreserve(birth->kind, 1, birth->size, birth->counted);
    return -ENOMEM;
  }
  uint32_t traits = zn_record_traits(birth->kind, ZN_RECORD_CLASS_NONE, 0);
  if (birth->counted) traits |= ZN_TRAITS_COUNTED;
  atomic_store_explicit(&record->address, birth->address, memory_order_relaxed);
  atomic_store_explicit(&record->traits, traits, memory_order_relaxed);
  zn_record_make_live(record, birth->size, birth->thread, birth->site);
  *handle = zn_record_handle(record, zn_record_word(record));
  return 0;
}

void zn_ledger_cancel(uint64_t handle) {
  uint64_t word;
  if (zn_record_end(handle, ZN_STATE_CLOSED, ZN_KINDS, &word) < 0) return;
  struct zn_record *record = zn_record_of(handle);
  unreserve(kind_of(record), 1, zn_word_size(word), is_counted(record));
  (void)!zn_ledger_forget(handle);
}

void zn_ledger_shrink(uint64_t handle, int64_t size) {
  struct zn_record *record = zn_record_of(handle);
  uint64_t word = zn_record_word(record);
  int64_t excess = zn_word_size(word) - size;
  if (excess <= 0) return;
  zn_record_set_word(record, zn_word_make(zn_word_state(word), zn_word_generation(word), size));
  unreserve(kind_of(record), 0, excess, is_counted(record));
}

int zn_ledger_born(int kind, uint64_t address, int64_t size, uint32_t thread, uint32_t site,
                   uint64_t *handle) {
  *handle = 0;
  if (kind <= ZN_KIND_REGION || kind >= ZN_KINDS) return -EINVAL;
  if (size < 0 || size > ZN_REGION_SIZE_MAX) return -EINVAL;
  struct zn_birth birth = {
      .kind = kind, .address = address, .size = size, .thread = thread, .site = site};
  return zn_ledger_open(&birth, handle);
}

/* The live record of zn_ledger_born that handle names. returns: 0; -EALREADY; -EINVAL. */
static int find_live(uint64_t handle, struct zn_record **record) {
  struct zn_ledger_entry entry;
  *record = zn_record_find(zn_record_number(zn_record_of(handle)));
  if (*record == NULL) return -EINVAL;
  if (!zn_record_copy(*record, 1U << ZN_STATE_LIVE, &entry) || entry.handle != handle) {
    return -EALREADY;
  }
  return entry.kind == ZN_KIND_REGION ? -EINVAL : 0;
}

int zn_ledger_set_birth(uint64_t handle, uint32_t thread, uint32_t site) {
  struct zn_record *record;
  int result = find_live(handle, &record);
  if (result < 0) return result;
  uint64_t tick = (uint32_t)atomic_load_explicit(&record->birth, memory_order_relaxed);
  atomic_store_explicit(&record->birth, (uint64_t)thread << 32 | tick, memory_order_release);
  atomic_store_explicit(&record->site, site, memory_order_release);
  return 0;
}

int zn_ledger_set_address(uint64_t handle, uint64_t address) {
  struct zn_record *record;
  int result = find_live(handle, &record);
  if (result == 0) atomic_store_explicit(&record->address, address, memory_order_release);
  return result;
}

int zn_ledger_died(uint64_t handle, int cause, int keep) {
  if (cause < ZN_CAUSE_CLOSED || cause > ZN_CAUSE_LEAKED) return -EINVAL;
  uint64_t word;
  int result = zn_record_end(handle, ZN_STATE_CLOSED, ZN_KINDS, &word);
  if (result < 0) return result;
  struct zn_record *record = zn_record_of(handle);
  int kind = kind_of(record);
  uint64_t birth = atomic_load_explicit(&record->birth, memory_order_relaxed);
  int64_t size = zn_word_size(word);
  zn_tally_death(zn_tally_shared(kind), false, size,
                 zn_tally_age((uint32_t)birth, zn_shared_tick()), cause);
  give(kind, 1, size, is_counted(record));
  return keep != 0 ? 0 : zn_ledger_forget(handle);
}

int zn_ledger_forget(uint64_t handle) {
  struct zn_record *record = zn_record_find(zn_record_number(zn_record_of(handle)));
  if (record == NULL) return -EINVAL;
  uint64_t word = zn_record_word(record);
  uint64_t generation = (handle >> ZN_HANDLE_RECORD_BITS) + 1; /* its death was one more */
  if (zn_word_state(word) != ZN_STATE_CLOSED ||
      zn_word_generation(word) != (generation & ZN_WORD_GENERATION_MASK) ||
      !atomic_compare_exchange_strong(&record->word, &word,
                                      zn_word_with_state(word, ZN_STATE_UNUSED))) {
    return -EALREADY;
  }
  zn_record_give(1, &record);
  return 0;
}

int64_t zn_ledger_next(uint64_t *cursor, unsigned states, struct zn_ledger_entry *entries,
                       int64_t capacity) {
  if (capacity <= 0) return -EINVAL;
  states &= ~(1U << ZN_STATE_UNUSED);
  uint64_t count = zn_record_count();
  int64_t copied = 0;
  while (copied < capacity && *cursor < count) {
    if (zn_record_copy(zn_record_at((*cursor)++), states, &entries[copied])) copied++;
  }
  return copied;
}

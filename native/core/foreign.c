/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table: levels of buckets, each level with twice the buckets of the one before; a bucket is a
 * cache line of four places. An address may lie in the one bucket of each level that its hash
 * names. A birth takes a place by compare-and-set, in the newest level that has one; if none has,
 * there is a new level. A death empties the place. So nothing ever moves, there are no tombstones,
 * and nobody waits for anybody.
 *
 * Half of all places are in the newest level, where most are found at the first look.
 */
#include "znio/foreign.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "heap.h"
#include "znio/ledger.h"

#define ZN_FOREIGN_PLACES 4
#define ZN_FOREIGN_FIRST_LOG2 8 /* buckets of the first level: 16 KiB */
#define ZN_FOREIGN_LEVELS 26    /* the last has 2^33 buckets: nobody gets there */

/* What a place holds: site 16 bits | there is something 1 | size 47. */
#define ZN_FOREIGN_IS_THERE ((uint64_t)1 << 47)
#define ZN_FOREIGN_SITE_SHIFT 48
_Static_assert(ZN_SITES_MAX < 1 << 16, "a site fits beside the size");

struct zn_foreign_place {
  _Atomic uint64_t address; /* 0: free */
  _Atomic uint64_t value;   /* written by who has taken the place; 0 before it is left */
};

struct zn_foreign_bucket {
  struct zn_foreign_place places[ZN_FOREIGN_PLACES];
};
_Static_assert(sizeof(struct zn_foreign_bucket) == 64, "a cache line");

static struct zn_foreign_bucket *_Atomic s_levels[ZN_FOREIGN_LEVELS]; /* never given back */
static _Atomic int s_count;                                           /* of levels that are there */

/* Addresses differ in some middle bits; a multiplication spreads them over the upper ones. */
static uint64_t hash(uint64_t address) { return (address >> 4) * 0x9e3779b97f4a7c15u; }

static size_t level_bytes(int level) {
  return sizeof(struct zn_foreign_bucket) << (ZN_FOREIGN_FIRST_LOG2 + level);
}

static struct zn_foreign_bucket *bucket(int level, uint64_t hash_of_address) {
  struct zn_foreign_bucket *buckets = atomic_load_explicit(&s_levels[level], memory_order_acquire);
  return buckets + (hash_of_address >> (64 - ZN_FOREIGN_FIRST_LOG2 - level));
}

/* Makes level number count, unless somebody else did. returns: 0; -ENOMEM. */
static int grow(int count) {
  if (count >= ZN_FOREIGN_LEVELS) return -ENOMEM;
  struct zn_foreign_bucket *made =
      zn_heap_allocate_zeroed(level_bytes(count), sizeof(struct zn_foreign_bucket));
  if (made == NULL) return -ENOMEM;
  struct zn_foreign_bucket *none = NULL;
  if (!atomic_compare_exchange_strong(&s_levels[count], &none, made)) {
    zn_heap_free(made, level_bytes(count), sizeof(struct zn_foreign_bucket));
  }
  /* The loser helps: the winner may have been stopped before this line. */
  (void)atomic_compare_exchange_strong(&s_count, &count, count + 1);
  return 0;
}

static int take_place(struct zn_foreign_bucket *in, uint64_t address, uint64_t value) {
  for (int i = 0; i < ZN_FOREIGN_PLACES; i++) {
    struct zn_foreign_place *place = &in->places[i];
    uint64_t none = 0;
    if (atomic_load_explicit(&place->address, memory_order_relaxed) != 0) continue;
    if (!atomic_compare_exchange_strong(&place->address, &none, address)) continue;
    atomic_store_explicit(&place->value, value, memory_order_release);
    return 0;
  }
  return -ENOSPC;
}

int zn_foreign_born(uint64_t address, int64_t size, uint32_t site) {
  if (address == 0 || size < 0 || size > ZN_FOREIGN_SIZE_MAX || site > ZN_SITES_MAX) return -EINVAL;
  uint64_t value = (uint64_t)site << ZN_FOREIGN_SITE_SHIFT | ZN_FOREIGN_IS_THERE | (uint64_t)size;
  uint64_t spread = hash(address);
  for (;;) {
    int count = atomic_load_explicit(&s_count, memory_order_acquire);
    for (int level = count; level-- > 0;) {
      if (take_place(bucket(level, spread), address, value) == 0) return 0;
    }
    int result = grow(count);
    if (result < 0) return result;
  }
}

static int64_t size_of(uint64_t value) { return (int64_t)(value & (ZN_FOREIGN_IS_THERE - 1)); }

static uint32_t site_of(uint64_t value) { return (uint32_t)(value >> ZN_FOREIGN_SITE_SHIFT); }

int64_t zn_foreign_died(uint64_t address, uint32_t *site) {
  uint64_t spread = hash(address);
  for (int level = atomic_load_explicit(&s_count, memory_order_acquire); level-- > 0;) {
    struct zn_foreign_bucket *in = bucket(level, spread);
    for (int i = 0; i < ZN_FOREIGN_PLACES; i++) {
      struct zn_foreign_place *place = &in->places[i];
      if (atomic_load_explicit(&place->address, memory_order_relaxed) != address) continue;
      uint64_t value = atomic_load_explicit(&place->value, memory_order_acquire);
      atomic_store_explicit(&place->value, 0, memory_order_release);
      atomic_store_explicit(&place->address, 0, memory_order_release);
      if (site != NULL) *site = site_of(value);
      return size_of(value);
    }
  }
  return -ENOENT;
}

/* The address before and after: else another life may have come in between. */
static bool copy_place(struct zn_foreign_place *place, struct zn_foreign_entry *entry) {
  uint64_t address = atomic_load_explicit(&place->address, memory_order_acquire);
  if (address == 0) return false;
  uint64_t value = atomic_load_explicit(&place->value, memory_order_acquire);
  uint64_t after = atomic_load_explicit(&place->address, memory_order_acquire);
  if (after != address || (value & ZN_FOREIGN_IS_THERE) == 0) return false;
  *entry =
      (struct zn_foreign_entry){.address = address, .size = size_of(value), .site = site_of(value)};
  return true;
}

/* The cursor counts places: those of level n begin at (2^n - 1) times those of the first. */
int64_t zn_foreign_next(uint64_t *cursor, struct zn_foreign_entry *entries, int64_t capacity) {
  if (capacity <= 0) return -EINVAL;
  const uint64_t first = (uint64_t)ZN_FOREIGN_PLACES << ZN_FOREIGN_FIRST_LOG2;
  int count = atomic_load_explicit(&s_count, memory_order_acquire);
  int64_t copied = 0;
  for (; copied < capacity; (*cursor)++) {
    int level = 63 - __builtin_clzll(*cursor / first + 1);
    if (level >= count) break;
    uint64_t place = *cursor - first * (((uint64_t)1 << level) - 1);
    struct zn_foreign_bucket *buckets =
        atomic_load_explicit(&s_levels[level], memory_order_acquire);
    struct zn_foreign_bucket *in = buckets + place / ZN_FOREIGN_PLACES;
    if (copy_place(&in->places[place % ZN_FOREIGN_PLACES], &entries[copied])) copied++;
  }
  return copied;
}

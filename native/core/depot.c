/* SPDX-License-Identifier: Apache-2.0 */
#include "depot.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "fork.h"
#include "heap.h"
#include "limit.h"
#include "region_class.h"
#include "znio/quarantine.h"

/* Of one class, and of all. A whole quarantine fits into its class: what jemalloc gets back it
 * gives to the kernel soon, and each page costs a fault then. */
#define ZN_DEPOT_CLASS_BYTES_MAX ZN_QUARANTINE_BYTES_MAX
#define ZN_DEPOT_CLASS_ITEMS_MAX ZN_QUARANTINE_ITEMS_MAX
#define ZN_DEPOT_BYTES_MAX (2 * ZN_QUARANTINE_BYTES_MAX)

/* Blocks that go to jemalloc, or come from it, in one step. */
#define ZN_DEPOT_BATCH 64

/* A slot holds the address of a record. */
#define ZN_SLOT_BYTES sizeof(void *)

struct depot {
  pthread_mutex_t mutex;
  int count;
  int count_min;            /* since the last decay */
  struct zn_record **slots; /* made by the first block; never freed */
};

static struct depot s_depots[ZN_REGION_CLASSES] = {
    [0 ... ZN_REGION_CLASSES - 1] = {.mutex = PTHREAD_MUTEX_INITIALIZER}};
static _Atomic int64_t s_bytes;

static int capacity_of(int region_class) {
  int64_t items = ZN_DEPOT_CLASS_BYTES_MAX / zn_class_bytes(region_class);
  return (int)(items > ZN_DEPOT_CLASS_ITEMS_MAX ? ZN_DEPOT_CLASS_ITEMS_MAX : items);
}

/* Takes what is here, at most count. */
static int take_here(int region_class, int count, struct zn_record **records) {
  struct depot *depot = &s_depots[region_class];
  pthread_mutex_lock(&depot->mutex);
  if (count > depot->count) count = depot->count;
  depot->count -= count;
  if (depot->count < depot->count_min) depot->count_min = depot->count;
  if (count > 0) memcpy(records, depot->slots + depot->count, (size_t)count * ZN_SLOT_BYTES);
  pthread_mutex_unlock(&depot->mutex);
  if (count > 0) atomic_fetch_sub(&s_bytes, count * zn_class_bytes(region_class));
  return count;
}

/* Gives back records and blocks, at most ZN_DEPOT_BATCH. */
static void free_blocks(int region_class, int count, struct zn_record *const *records) {
  size_t bytes = (size_t)zn_class_bytes(region_class);
  size_t alignment = (size_t)zn_class_alignment(region_class);
  void *blocks[ZN_DEPOT_BATCH];
  for (int i = 0; i < count; i++) {
    blocks[i] = (void *)(uintptr_t)atomic_load_explicit(&records[i]->address, memory_order_relaxed);
  }
  zn_record_give(count, records); /* first: a walk must not show what is jemalloc's again */
  for (int i = 0; i < count; i++) {
    if ((int64_t)bytes <= ZN_CLASS_CACHED_MAX) {
      zn_heap_free(blocks[i], bytes, alignment);
    } else {
      zn_heap_free_uncached(blocks[i], bytes, alignment);
    }
  }
}

/* Makes at most ZN_DEPOT_BATCH new blocks. */
static int make_blocks(int region_class, int count, struct zn_record **records) {
  size_t bytes = (size_t)zn_class_bytes(region_class);
  size_t alignment = (size_t)zn_class_alignment(region_class);
  int taken = zn_record_take(count, records);
  int made = 0;
  for (; made < taken; made++) {
    struct zn_record *record = records[made];
    void *block = zn_heap_allocate(bytes, alignment);
    if (block == NULL) break;
    int log2 = __builtin_ctzll(bytes | ZN_CLASS_ALIGNMENT_MAX);
    atomic_store_explicit(&record->address, (uint64_t)(uintptr_t)block, memory_order_relaxed);
    atomic_store_explicit(&record->traits, zn_record_traits(ZN_KIND_REGION, region_class, log2),
                          memory_order_relaxed);
    zn_record_set_word(record, zn_word_with_state(zn_record_word(record), ZN_STATE_FREE));
  }
  if (made < taken) zn_record_give(taken - made, records + made);
  return made;
}

int zn_depot_take(int region_class, int count, struct zn_record **records) {
  int64_t bytes = zn_class_bytes(region_class);
  int allowed = zn_limit_take(count, bytes);
  int taken = take_here(region_class, allowed, records);
  while (taken < allowed) {
    int batch = allowed - taken < ZN_DEPOT_BATCH ? allowed - taken : ZN_DEPOT_BATCH;
    if (taken > 0 && batch == ZN_DEPOT_BATCH) break; /* the rest can wait for the next call */
    int made = make_blocks(region_class, batch, records + taken);
    taken += made;
    if (made < batch) break;
  }
  if (taken < allowed) zn_limit_give((allowed - taken) * bytes);
  return taken == 0 ? -ENOMEM : taken;
}

/* Puts here what has room, and returns how many. */
static int give_here(int region_class, int count, struct zn_record *const *records) {
  struct depot *depot = &s_depots[region_class];
  int64_t bytes = zn_class_bytes(region_class);
  int capacity = capacity_of(region_class);
  int64_t all = atomic_fetch_add(&s_bytes, count * bytes);
  int room = all + count * bytes <= ZN_DEPOT_BYTES_MAX ? count : 0;
  pthread_mutex_lock(&depot->mutex);
  if (depot->slots == NULL && room > 0) {
    depot->slots = zn_heap_allocate((size_t)capacity * ZN_SLOT_BYTES, ZN_SLOT_BYTES);
  }
  if (depot->slots == NULL) room = 0;
  if (room > capacity - depot->count) room = capacity - depot->count;
  if (room > 0 && depot->slots != NULL)
    memcpy(depot->slots + depot->count, records, (size_t)room * ZN_SLOT_BYTES);
  depot->count += room;
  pthread_mutex_unlock(&depot->mutex);
  if (room < count) atomic_fetch_sub(&s_bytes, (count - room) * bytes);
  return room;
}

void zn_depot_give(int region_class, int count, struct zn_record *const *records) {
  int given = give_here(region_class, count, records);
  for (int i = given; i < count; i += ZN_DEPOT_BATCH) {
    free_blocks(region_class, count - i < ZN_DEPOT_BATCH ? count - i : ZN_DEPOT_BATCH, records + i);
  }
  zn_limit_give(count * zn_class_bytes(region_class));
}

void zn_depot_give_block(struct zn_record *record, int64_t size) {
  uint32_t traits = atomic_load_explicit(&record->traits, memory_order_relaxed);
  int region_class = zn_traits_class(traits);
  if (region_class != ZN_RECORD_CLASS_NONE) {
    zn_record_set_word(record, zn_word_with_state(zn_record_word(record), ZN_STATE_FREE));
    zn_depot_give(region_class, 1, &record);
    return;
  }
  void *block = (void *)(uintptr_t)atomic_load_explicit(&record->address, memory_order_relaxed);
  zn_record_give(1, &record);
  zn_heap_free_uncached(block, size > 0 ? (size_t)size : 1,
                        (size_t)1 << zn_traits_alignment_log2(traits));
  zn_limit_give(size);
}

void zn_depot_decay(bool all) {
  struct zn_record *records[ZN_DEPOT_BATCH];
  for (int i = 0; i < ZN_REGION_CLASSES; i++) {
    struct depot *depot = &s_depots[i];
    pthread_mutex_lock(&depot->mutex);
    int excess = all ? depot->count : depot->count_min;
    depot->count_min = depot->count - excess;
    pthread_mutex_unlock(&depot->mutex);
    while (excess > 0) {
      int batch = take_here(i, excess < ZN_DEPOT_BATCH ? excess : ZN_DEPOT_BATCH, records);
      if (batch == 0) break;
      free_blocks(i, batch, records);
      excess -= batch;
    }
  }
}

void zn_depot_read(int64_t *items, int64_t *bytes) {
  *items = 0;
  *bytes = atomic_load(&s_bytes);
  for (int i = 0; i < ZN_REGION_CLASSES; i++) {
    pthread_mutex_lock(&s_depots[i].mutex);
    *items += s_depots[i].count;
    pthread_mutex_unlock(&s_depots[i].mutex);
  }
}

void zn_depot_fork_begin(void) {
  for (int i = 0; i < ZN_REGION_CLASSES; i++) pthread_mutex_lock(&s_depots[i].mutex);
}

void zn_depot_fork_end(bool child) {
  for (int i = ZN_REGION_CLASSES; i-- > 0;) pthread_mutex_unlock(&s_depots[i].mutex);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "guard_range.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "fork.h"
#include "heap.h"
#include "sys.h"

#define ZN_GUARD_BLOCK_SLOTS 256u
#define ZN_GUARD_BLOCKS_MAX 4096u /* a million ranges: 16 times the usual vm.max_map_count */

/* Turns that a writer gives to handlers before it gives up. */
#define ZN_GUARD_SETTLE_TURNS 1000

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER; /* of s_free and of adding blocks */
static struct zn_guard_range *s_free;
static struct zn_guard_range *_Atomic s_blocks[ZN_GUARD_BLOCKS_MAX];
static _Atomic uint32_t s_slots; /* used so far: the blocks that hold them are there */
static _Atomic int64_t s_damaged;

static struct zn_guard_range *slot_at(uint32_t index) {
  struct zn_guard_range *block =
      atomic_load_explicit(&s_blocks[index / ZN_GUARD_BLOCK_SLOTS], memory_order_acquire);
  return &block[index % ZN_GUARD_BLOCK_SLOTS];
}

/* A slot never used before. With the lock. */
static struct zn_guard_range *fresh_slot(void) {
  uint32_t index = atomic_load_explicit(&s_slots, memory_order_relaxed);
  uint32_t block = index / ZN_GUARD_BLOCK_SLOTS;
  if (block == ZN_GUARD_BLOCKS_MAX) return NULL;
  if (index % ZN_GUARD_BLOCK_SLOTS == 0) {
    size_t bytes = ZN_GUARD_BLOCK_SLOTS * sizeof(struct zn_guard_range);
    struct zn_guard_range *slots = zn_heap_allocate(bytes, 64);
    if (slots == NULL) return NULL;
    memset(slots, 0, bytes);
    for (uint32_t i = 0; i < ZN_GUARD_BLOCK_SLOTS; i++) atomic_flag_clear(&slots[i].rescuing);
    atomic_store_explicit(&s_blocks[block], slots, memory_order_release);
  }
  atomic_store_explicit(&s_slots, index + 1, memory_order_release);
  return slot_at(index);
}

struct zn_guard_range *zn_guard_range_take(void) {
  pthread_mutex_lock(&s_lock);
  struct zn_guard_range *range = s_free;
  if (range != NULL) {
    s_free = range->next_free;
  } else {
    range = fresh_slot();
  }
  pthread_mutex_unlock(&s_lock);
  return range;
}

void zn_guard_range_open(struct zn_guard_range *range, const struct zn_guard_span *span) {
  range->writable = span->writable;
  range->page_bytes = span->page_bytes;
  range->device = span->device;
  range->inode = span->inode;
  range->file_offset = span->file_offset;
  atomic_store(&range->damaged_offset, -1);
  atomic_store(&range->damaged_pages, 0);
  atomic_store(&range->stale_pages, 0);
  atomic_store(&range->thrown_page, 0);
  atomic_store(&range->begin, (uintptr_t)span->base);
  atomic_store(&range->end, (uintptr_t)span->base + (uintptr_t)span->bytes);
  atomic_store(&range->state, ZN_GUARD_OPEN);
}

bool zn_guard_range_settle(struct zn_guard_range *range) {
  for (int turn = 0; atomic_load(&range->pins) != 0; turn++) {
    if (turn == ZN_GUARD_SETTLE_TURNS) return false;
    zn_sys_yield();
  }
  return true;
}

int zn_guard_range_hide(struct zn_guard_range *range) {
  /* While a slot is hidden a fault in it is nobody's: not before those on their way are through. */
  if (!zn_guard_range_settle(range)) return -EBUSY;
  uint32_t state = atomic_exchange(&range->state, ZN_GUARD_FREE);
  if (zn_guard_range_settle(range)) return 0;
  atomic_store(&range->state, state);
  return -EBUSY;
}

void zn_guard_range_show(struct zn_guard_range *range, enum zn_guard_state state) {
  atomic_store(&range->state, (uint32_t)state);
}

void zn_guard_range_give(struct zn_guard_range *range) {
  if (atomic_load(&range->damaged_pages) != 0) atomic_fetch_sub(&s_damaged, 1);
  atomic_store(&range->damaged_pages, 0);
  atomic_store(&range->begin, 0);
  atomic_store(&range->end, 0);
  pthread_mutex_lock(&s_lock);
  range->next_free = s_free;
  s_free = range;
  pthread_mutex_unlock(&s_lock);
}

static bool touches(struct zn_guard_range *range, uintptr_t begin, uintptr_t end) {
  return begin < atomic_load(&range->end) && end > atomic_load(&range->begin);
}

/* Pins a slot whose bounds looked right, and looks again. */
static bool pin_if(struct zn_guard_range *range, uintptr_t begin, uintptr_t end) {
  if (!touches(range, begin, end)) return false;
  atomic_fetch_add(&range->pins, 1);
  if (atomic_load(&range->state) != ZN_GUARD_FREE && touches(range, begin, end)) return true;
  atomic_fetch_sub(&range->pins, 1);
  return false;
}

struct zn_guard_range *zn_guard_range_pin(uintptr_t address) {
  uint32_t slots = atomic_load_explicit(&s_slots, memory_order_acquire);
  for (uint32_t i = 0; i < slots; i++) {
    struct zn_guard_range *range = slot_at(i);
    if (pin_if(range, address, address + 1)) return range;
  }
  return NULL;
}

void zn_guard_range_unpin(struct zn_guard_range *range) { atomic_fetch_sub(&range->pins, 1); }

bool zn_guard_range_record(struct zn_guard_range *range, int64_t file_offset) {
  if (atomic_load(&range->state) == ZN_GUARD_CLOSED) {
    atomic_fetch_add(&range->stale_pages, 1);
    return true;
  }
  int64_t none = -1;
  (void)atomic_compare_exchange_strong(&range->damaged_offset, &none, file_offset);
  if (atomic_fetch_add(&range->damaged_pages, 1) == 0) atomic_fetch_add(&s_damaged, 1);
  return false;
}

int64_t zn_guard_range_damaged(void) { return atomic_load(&s_damaged); }

int64_t zn_guard_range_damage_in(uintptr_t begin, uintptr_t end) {
  uint32_t slots = atomic_load_explicit(&s_slots, memory_order_acquire);
  for (uint32_t i = 0; i < slots; i++) {
    struct zn_guard_range *range = slot_at(i);
    if (!pin_if(range, begin, end)) continue;
    int64_t offset = atomic_load(&range->damaged_offset);
    zn_guard_range_unpin(range);
    if (offset >= 0) return offset;
  }
  return -1;
}

void zn_guard_range_fork_begin(void) { pthread_mutex_lock(&s_lock); }

/* A thread of the parent that had a slot pinned does not go on in the child. */
void zn_guard_range_fork_end(bool child) {
  uint32_t slots = child ? atomic_load(&s_slots) : 0;
  for (uint32_t i = 0; i < slots; i++) {
    atomic_store(&slot_at(i)->pins, 0);
    atomic_flag_clear(&slot_at(i)->rescuing);
  }
  pthread_mutex_unlock(&s_lock);
}

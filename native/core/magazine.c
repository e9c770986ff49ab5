/* SPDX-License-Identifier: Apache-2.0 */
#include "magazine.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "depot.h"
#include "fork.h"
#include "heap.h"
#include "limit.h"
#include "region_class.h"
#include "shared.h"
#include "znio/quarantine.h"

#define ZN_MAGAZINE_ALIGNMENT 128 /* two cache lines: they are fetched in pairs */

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct zn_magazine *s_first;

void zn_magazine_lock_all(void) { pthread_mutex_lock(&s_mutex); }

void zn_magazine_unlock_all(void) { pthread_mutex_unlock(&s_mutex); }

void zn_magazine_each(void (*visit)(struct zn_tally *, struct zn_ledger_kind *),
                      struct zn_ledger_kind *sum) {
  for (struct zn_magazine *m = s_first; m != NULL; m = m->next) visit(&m->tally, sum);
}

void zn_magazine_read(int64_t *count, int64_t *bytes) {
  *count = 0;
  *bytes = 0;
  pthread_mutex_lock(&s_mutex);
  for (struct zn_magazine *m = s_first; m != NULL; m = m->next) {
    *count += 1;
    *bytes += atomic_load_explicit(&m->cached, memory_order_relaxed);
  }
  pthread_mutex_unlock(&s_mutex);
}

static int capacity_of(int region_class) {
  int64_t bytes = zn_class_bytes(region_class);
  if (bytes > ZN_MAGAZINE_CLASS_BYTES_MAX * 2) return 1;
  int64_t items = ZN_MAGAZINE_CLASS_BYTES_MAX / bytes;
  if (items < 2) return 2;
  return items > ZN_MAGAZINE_CLASS_ITEMS_MAX ? ZN_MAGAZINE_CLASS_ITEMS_MAX : (int)items;
}

static size_t magazine_bytes(void) {
  size_t slots = 0;
  for (int i = 0; i < ZN_REGION_CLASSES; i++) slots += (size_t)capacity_of(i);
  return sizeof(struct zn_magazine) + slots * sizeof(uint64_t);
}

static void fill_stacks(struct zn_magazine *magazine) {
  uint64_t *slots = magazine->slots;
  for (int i = 0; i < ZN_REGION_CLASSES; i++) {
    magazine->stacks[i] = (struct zn_magazine_stack){.capacity = capacity_of(i),
                                                     .slots = (uint64_t)(uintptr_t)slots,
                                                     .class_bytes = zn_class_bytes(i)};
    slots += capacity_of(i);
  }
}

int zn_magazine_open(uint32_t thread, struct zn_magazine **out) {
  *out = NULL;
  struct zn_magazine *magazine = zn_heap_allocate(magazine_bytes(), ZN_MAGAZINE_ALIGNMENT);
  if (magazine == NULL) return -ENOMEM;
  memset(magazine, 0, sizeof *magazine); /* without the slots: their pages come with their blocks */
  magazine->thread = thread;
  fill_stacks(magazine);
  pthread_mutex_lock(&s_mutex);
  magazine->next = s_first;
  magazine->link = &s_first;
  if (s_first != NULL) s_first->link = &magazine->next;
  s_first = magazine;
  pthread_mutex_unlock(&s_mutex);
  *out = magazine;
  return 0;
}

static struct zn_record **slots_of(struct zn_magazine_stack *stack) {
  return (struct zn_record **)(uintptr_t)stack->slots;
}

static void add_cached(struct zn_magazine *magazine, int64_t bytes) {
  int64_t cached = atomic_load_explicit(&magazine->cached, memory_order_relaxed) + bytes;
  atomic_store_explicit(&magazine->cached, cached, memory_order_relaxed);
}

static void give_back(struct zn_magazine *magazine, int region_class, int count) {
  struct zn_magazine_stack *stack = &magazine->stacks[region_class];
  stack->count -= count;
  zn_depot_give(region_class, count, slots_of(stack) + stack->count);
  add_cached(magazine, -count * stack->class_bytes);
}

void zn_magazine_close(struct zn_magazine *magazine) {
  if (magazine == NULL) return;
  for (int i = 0; i < ZN_REGION_CLASSES; i++) give_back(magazine, i, magazine->stacks[i].count);
  /* If the quarantine's list cannot grow, the blocks stay RETIRED for good: lost, never reused
   * early. */
  (void)!zn_magazine_publish(magazine);
  pthread_mutex_lock(&s_mutex);
  zn_tally_fold(&magazine->tally, zn_tally_shared(ZN_KIND_REGION));
  *magazine->link = magazine->next;
  if (magazine->next != NULL) magazine->next->link = magazine->link;
  pthread_mutex_unlock(&s_mutex);
  zn_heap_free(magazine, magazine_bytes(), ZN_MAGAZINE_ALIGNMENT);
}

int zn_magazine_refill(struct zn_magazine *magazine, int region_class) {
  if (region_class < 0 || region_class >= ZN_REGION_CLASSES) return -EINVAL;
  struct zn_magazine_stack *stack = &magazine->stacks[region_class];
  int count = (stack->capacity + 1) / 2;
  if (count > stack->capacity - stack->count) count = stack->capacity - stack->count;
  if (count <= 0) return stack->count;
  int64_t room = ZN_MAGAZINE_BYTES_MAX - atomic_load(&magazine->cached);
  if (count * stack->class_bytes > room) count = (int)(room / stack->class_bytes);
  if (count < 1) count = 1;
  int taken = zn_depot_take(region_class, count, slots_of(stack) + stack->count);
  if (taken < 0) return taken;
  stack->count += taken;
  add_cached(magazine, taken * stack->class_bytes);
  return stack->count;
}

int zn_magazine_flush(struct zn_magazine *magazine, int region_class) {
  if (region_class < 0 || region_class >= ZN_REGION_CLASSES) return -EINVAL;
  struct zn_magazine_stack *stack = &magazine->stacks[region_class];
  give_back(magazine, region_class, (stack->count + 1) / 2);
  return 0;
}

void zn_magazine_trim(struct zn_magazine *magazine, int64_t bytes) {
  if (bytes < 0) bytes = 0; /* so that no difference overflows */
  for (int i = ZN_REGION_CLASSES - 1; i >= 0; i--) {
    struct zn_magazine_stack *stack = &magazine->stacks[i];
    int64_t excess = atomic_load_explicit(&magazine->cached, memory_order_relaxed) - bytes;
    if (excess <= 0) return;
    int64_t count = (excess + stack->class_bytes - 1) / stack->class_bytes;
    give_back(magazine, i, count < stack->count ? (int)count : stack->count);
  }
}

int zn_magazine_birth(struct zn_magazine *magazine, int64_t size) {
  return zn_limit_birth_strict(&magazine->tally, true, size);
}

int zn_magazine_allocate(struct zn_magazine *magazine, int64_t size, uint32_t site,
                         uint64_t *handle) {
  *handle = 0;
  if (size < 0 || size > ZN_REGION_CLASS_BYTES_MAX) return -EINVAL;
  int region_class = zn_class_of(size);
  struct zn_magazine_stack *stack = &magazine->stacks[region_class];
  if (stack->count == 0) {
    int result = zn_magazine_refill(magazine, region_class);
    if (result < 0) return result;
  }
  int result = zn_limit_birth(&magazine->tally, true, size);
  if (result < 0) return result;
  struct zn_record *record = slots_of(stack)[--stack->count];
  add_cached(magazine, -stack->class_bytes);
  zn_record_make_live(record, size, magazine->thread, site);
  *handle = zn_record_handle(record, atomic_load_explicit(&record->word, memory_order_relaxed));
  return 0;
}

/* Ends the life and counts the death. */
static int end_life(struct zn_magazine *magazine, uint64_t handle, int state, int cause,
                    struct zn_record **record) {
  if (cause < ZN_CAUSE_CLOSED || cause > ZN_CAUSE_LEAKED) return -EINVAL;
  uint64_t word;
  int result = zn_record_end(handle, state, ZN_KIND_REGION, &word);
  if (result < 0) return result;
  *record = zn_record_of(handle);
  uint64_t birth = atomic_load_explicit(&(*record)->birth, memory_order_relaxed);
  int age = zn_tally_age((uint32_t)birth, zn_shared_tick());
  zn_tally_death(&magazine->tally, true, zn_word_size(word), age, cause);
  return 0;
}

int zn_magazine_free(struct zn_magazine *magazine, uint64_t handle, int cause) {
  struct zn_record *record;
  int result = end_life(magazine, handle, ZN_STATE_FREE, cause, &record);
  if (result < 0) return result;
  uint32_t traits = atomic_load_explicit(&record->traits, memory_order_relaxed);
  int region_class = zn_traits_class(traits);
  if (region_class == ZN_RECORD_CLASS_NONE) {
    zn_depot_give_block(record, zn_word_size(zn_record_word(record)));
    return 0;
  }
  struct zn_magazine_stack *stack = &magazine->stacks[region_class];
  if (stack->count == stack->capacity) (void)!zn_magazine_flush(magazine, region_class);
  slots_of(stack)[stack->count++] = record;
  add_cached(magazine, stack->class_bytes);
  int64_t cached = atomic_load_explicit(&magazine->cached, memory_order_relaxed);
  if (cached > ZN_MAGAZINE_BYTES_MAX) zn_magazine_trim(magazine, ZN_MAGAZINE_BYTES_MAX);
  return 0;
}

int zn_magazine_publish(struct zn_magazine *magazine) {
  int result = zn_quarantine_add(magazine->retired_count, magazine->retired);
  if (result < 0) return result;
  magazine->retired_count = 0;
  magazine->retired_bytes = 0;
  return result;
}

int zn_magazine_retire(struct zn_magazine *magazine, uint64_t handle, int cause) {
  struct zn_record *record;
  if (magazine->retired_count == ZN_RETIRED_COUNT_MAX) {
    int result = zn_magazine_publish(magazine); /* no memory then: try again */
    if (result < 0) return result;
  }
  int result = end_life(magazine, handle, ZN_STATE_RETIRED, cause, &record);
  if (result < 0) return result;
  magazine->retired[magazine->retired_count++] = zn_record_number(record);
  magazine->retired_bytes += zn_record_block_bytes(record);
  if (magazine->retired_count < ZN_RETIRED_COUNT_MAX &&
      magazine->retired_bytes < ZN_RETIRED_BYTES_MAX) {
    return 0;
  }
  result = zn_magazine_publish(magazine);
  return result == -ENOMEM ? 2 : result; /* the block is retired: what is missing is a flush */
}

void zn_magazine_fork_begin(void) { pthread_mutex_lock(&s_mutex); }

void zn_magazine_fork_end(bool child) { pthread_mutex_unlock(&s_mutex); }

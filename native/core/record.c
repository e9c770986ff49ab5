/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>

#include "fork.h"
#include "heap.h"
#include "region_class.h"
#include "shared.h"

/* Chunk k holds FIRST << k records, so that a few pointers reach four thousand million. */
#define ZN_RECORD_CHUNKS 20
#define ZN_RECORD_CHUNK_FIRST ((uint64_t)4096)
#define ZN_RECORD_ALIGNMENT 4096

static struct zn_record *_Atomic s_chunks[ZN_RECORD_CHUNKS];
static _Atomic uint64_t s_count; /* ever taken; grows under the mutex */
static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct zn_record *s_free; /* linked through the size bits of their words */

static int chunk_of(uint64_t index) {
  return 63 - __builtin_clzll(index / ZN_RECORD_CHUNK_FIRST + 1);
}

static uint64_t chunk_start(int chunk) {
  return ZN_RECORD_CHUNK_FIRST * (((uint64_t)1 << chunk) - 1);
}

static uint64_t chunk_records(int chunk) { return ZN_RECORD_CHUNK_FIRST << chunk; }

uint64_t zn_record_count(void) { return atomic_load_explicit(&s_count, memory_order_acquire); }

struct zn_record *zn_record_at(uint64_t index) {
  int chunk = chunk_of(index);
  return atomic_load_explicit(&s_chunks[chunk], memory_order_acquire) +
         (index - chunk_start(chunk));
}

/* A record that was never used, or NULL. The mutex is held. */
static struct zn_record *new_record(void) {
  uint64_t index = atomic_load_explicit(&s_count, memory_order_relaxed);
  int chunk = chunk_of(index);
  if (chunk >= ZN_RECORD_CHUNKS) return NULL;
  struct zn_record *base = atomic_load_explicit(&s_chunks[chunk], memory_order_relaxed);
  if (base == NULL) {
    size_t bytes = chunk_records(chunk) * sizeof *base;
    base = zn_heap_allocate_zeroed(bytes, ZN_RECORD_ALIGNMENT);
    if (base == NULL) return NULL;
    if (zn_fork_watch() < 0) {
      zn_heap_free(base, bytes, ZN_RECORD_ALIGNMENT);
      return NULL;
    }
    atomic_store_explicit(&s_chunks[chunk], base, memory_order_release);
  }
  atomic_store_explicit(&s_count, index + 1, memory_order_release);
  return base + (index - chunk_start(chunk));
}

static struct zn_record *free_record(void) {
  struct zn_record *record = s_free;
  if (record == NULL) return NULL;
  uint64_t word = atomic_load_explicit(&record->word, memory_order_relaxed);
  s_free = (struct zn_record *)(uintptr_t)(word >> ZN_WORD_SIZE_SHIFT);
  zn_record_set_word(record, zn_word_make(ZN_STATE_UNUSED, zn_word_generation(word), 0));
  return record;
}

int zn_record_take(int count, struct zn_record **records) {
  int taken = 0;
  pthread_mutex_lock(&s_mutex);
  while (taken < count) {
    struct zn_record *record = free_record();
    if (record == NULL) record = new_record();
    if (record == NULL) break;
    records[taken++] = record;
  }
  pthread_mutex_unlock(&s_mutex);
  return taken;
}

void zn_record_give(int count, struct zn_record *const *records) {
  pthread_mutex_lock(&s_mutex);
  for (int i = 0; i < count; i++) {
    uint64_t word = atomic_load_explicit(&records[i]->word, memory_order_relaxed);
    int64_t next = (int64_t)(uintptr_t)s_free;
    zn_record_set_word(records[i], zn_word_make(ZN_STATE_UNUSED, zn_word_generation(word), next));
    atomic_store_explicit(&records[i]->address, 0, memory_order_relaxed);
    s_free = records[i];
  }
  pthread_mutex_unlock(&s_mutex);
}

struct zn_record *zn_record_find(uint64_t number) {
  uint64_t count = zn_record_count();
  for (int chunk = 0; chunk < ZN_RECORD_CHUNKS && chunk_start(chunk) < count; chunk++) {
    uint64_t base = zn_record_number(zn_record_at(chunk_start(chunk)));
    uint64_t used = count - chunk_start(chunk);
    if (used > chunk_records(chunk)) used = chunk_records(chunk);
    uint64_t inside = number - base; /* huge, if it lies before */
    if (inside >= used * sizeof(struct zn_record)) continue;
    return inside % sizeof(struct zn_record) == 0 ? (void *)(uintptr_t)number : NULL;
  }
  return NULL;
}

void zn_record_make_live(struct zn_record *record, int64_t size, uint32_t thread, uint32_t site) {
  uint64_t birth = (uint64_t)thread << 32 | zn_shared_tick();
  atomic_store_explicit(&record->birth, birth, memory_order_release);
  atomic_store_explicit(&record->site, site, memory_order_release);
  uint64_t word = atomic_load_explicit(&record->word, memory_order_relaxed);
  zn_record_set_word(record, zn_word_make(ZN_STATE_LIVE, zn_word_generation(word), size));
}

int64_t zn_record_block_bytes(struct zn_record *record) {
  uint32_t traits = atomic_load_explicit(&record->traits, memory_order_relaxed);
  int region_class = zn_traits_class(traits);
  if (region_class == ZN_RECORD_CLASS_NONE) return zn_word_size(zn_record_word(record));
  return zn_class_bytes(region_class);
}

static bool is_kind(struct zn_record *record, int kind) {
  uint32_t traits = atomic_load_explicit(&record->traits, memory_order_relaxed);
  return (zn_traits_kind(traits) == ZN_KIND_REGION) == (kind == ZN_KIND_REGION);
}

int zn_record_end(uint64_t handle, int state, int kind, uint64_t *before) {
  struct zn_record *record = zn_record_find(zn_record_number(zn_record_of(handle)));
  uint64_t generation = handle >> ZN_HANDLE_RECORD_BITS;
  if (record == NULL || generation > ZN_WORD_GENERATION_MASK) return -EINVAL;
  uint64_t word = zn_record_word(record);
  if (zn_word_state(word) != ZN_STATE_LIVE || zn_word_generation(word) != generation) {
    return -EALREADY;
  }
  if (!is_kind(record, kind)) return -EINVAL;
  /* A retired block keeps its size: the quarantine must know what it frees. */
  uint64_t after = zn_word_make(state, generation + 1, zn_word_size(word));
  *before = word;
  /* One life has one end: if the word has changed since, another thread was faster. */
  return atomic_compare_exchange_strong_explicit(&record->word, &word, after, memory_order_acq_rel,
                                                 memory_order_acquire)
             ? 0
             : -EALREADY;
}

bool zn_record_copy(struct zn_record *record, unsigned states, struct zn_ledger_entry *entry) {
  uint64_t word = zn_record_word(record);
  for (;;) {
    int state = zn_word_state(word);
    if ((states >> state & 1) == 0) return false;
    uint64_t address = atomic_load_explicit(&record->address, memory_order_acquire);
    uint64_t birth = atomic_load_explicit(&record->birth, memory_order_acquire);
    uint32_t site = atomic_load_explicit(&record->site, memory_order_acquire);
    uint32_t traits = atomic_load_explicit(&record->traits, memory_order_acquire);
    uint64_t again = zn_record_word(record);
    if (again == word) {
      int region_class = zn_traits_class(traits);
      bool sized = state != ZN_STATE_FREE || region_class == ZN_RECORD_CLASS_NONE;
      *entry = (struct zn_ledger_entry){
          .handle = zn_record_handle(record, word),
          .address = address,
          .size = sized ? zn_word_size(word) : zn_class_bytes(region_class),
          .birth = (uint32_t)birth,
          .thread = (uint32_t)(birth >> 32),
          .site = site,
          .kind = (uint8_t)zn_traits_kind(traits),
          .state = (uint8_t)state,
          .region_class = (uint8_t)region_class,
          .alignment_log2 = (uint8_t)zn_traits_alignment_log2(traits)};
      return true;
    }
    word = again;
  }
}

void zn_record_fork_begin(void) { pthread_mutex_lock(&s_mutex); }

void zn_record_fork_end(bool child) { pthread_mutex_unlock(&s_mutex); }

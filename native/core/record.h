/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records: one for each block, mapping, memfd and pin. They lie in chunks that never move and are
 * never given back, so that a stale handle, or a walk over all of them, always reads a record.
 *
 * Who may write: the thread that holds the record (UNUSED: the pool; FREE, RETIRED: the list it is
 * in; LIVE: whoever ends its life by compare-and-set). The word is written last, by release; a
 * reader takes the word, the fields, and the word again.
 */
#ifndef ZN_CORE_RECORD_H
#define ZN_CORE_RECORD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "znio/ledger.h"
#include "znio/region.h"

struct zn_record {
  _Atomic uint64_t word;    /* state 4 bits | generation 12 | size 48 */
  _Atomic uint64_t address; /* of the block; written only while no thread can reach it */
  _Atomic uint64_t birth;   /* tick 32 bits | thread 32 */
  _Atomic uint32_t site;
  _Atomic uint32_t traits; /* kind 8 bits | class 8 | log2 of the alignment 8 | flags */
};
_Static_assert(sizeof(struct zn_record) == 32, "two records to a cache line");
_Static_assert(sizeof(void *) == 8, "addresses and sizes share a word with other bits");

#define ZN_WORD_STATE_MASK ((uint64_t)0xf)
#define ZN_WORD_GENERATION_SHIFT 4
#define ZN_WORD_GENERATION_MASK ((uint64_t)0xfff)
#define ZN_WORD_SIZE_SHIFT 16
#define ZN_HANDLE_RECORD_BITS 48
#define ZN_RECORD_CLASS_NONE 255

static inline int zn_word_state(uint64_t word) { return (int)(word & ZN_WORD_STATE_MASK); }

static inline uint64_t zn_word_generation(uint64_t word) {
  return (word >> ZN_WORD_GENERATION_SHIFT) & ZN_WORD_GENERATION_MASK;
}

static inline int64_t zn_word_size(uint64_t word) { return (int64_t)(word >> ZN_WORD_SIZE_SHIFT); }

static inline uint64_t zn_word_make(int state, uint64_t generation, int64_t size) {
  return (uint64_t)state | (generation & ZN_WORD_GENERATION_MASK) << ZN_WORD_GENERATION_SHIFT |
         (uint64_t)size << ZN_WORD_SIZE_SHIFT;
}

/* The same life in another state. */
static inline uint64_t zn_word_with_state(uint64_t word, int state) {
  return (word & ~ZN_WORD_STATE_MASK) | (uint64_t)state;
}

static inline uint64_t zn_record_word(struct zn_record *record) {
  return atomic_load_explicit(&record->word, memory_order_acquire);
}

static inline void zn_record_set_word(struct zn_record *record, uint64_t word) {
  atomic_store_explicit(&record->word, word, memory_order_release);
}

static inline uint64_t zn_record_number(struct zn_record *record) {
  return (uint64_t)(uintptr_t)record;
}

static inline uint64_t zn_record_handle(struct zn_record *record, uint64_t word) {
  return zn_record_number(record) | zn_word_generation(word) << ZN_HANDLE_RECORD_BITS;
}

static inline uint32_t zn_record_traits(int kind, int region_class, int alignment_log2) {
  return (uint32_t)kind | (uint32_t)region_class << 8 | (uint32_t)alignment_log2 << 16;
}
static inline int zn_traits_kind(uint32_t traits) { return (int)(traits & 0xff); }
static inline int zn_traits_class(uint32_t traits) { return (int)(traits >> 8 & 0xff); }

/* A pin whose bytes count against the limit as something else. */
#define ZN_TRAITS_COUNTED ((uint32_t)1 << 24)

static inline int zn_traits_alignment_log2(uint32_t traits) { return (int)(traits >> 16 & 0xff); }

/* Takes up to count unused records from the pool; they are the caller's. Returns how many: fewer
 * when memory is exhausted. */
int zn_record_take(int count, struct zn_record **records);

/* Gives records back; their state becomes UNUSED. */
void zn_record_give(int count, struct zn_record *const *records);

/* The record that number (an address) is, or NULL if it is none. */
struct zn_record *zn_record_find(uint64_t number);

/* Writes birth and site, then the word of a live block. The record is the caller's. */
void zn_record_make_live(struct zn_record *record, int64_t size, uint32_t thread, uint32_t site);

/* The record of a handle that has been checked. */
static inline struct zn_record *zn_record_of(uint64_t handle) {
  return (struct zn_record *)(uintptr_t)(handle & (((uint64_t)1 << ZN_HANDLE_RECORD_BITS) - 1));
}

/* Bytes that the block of a record takes: its class's, or its size. The size must still be there.
 */
int64_t zn_record_block_bytes(struct zn_record *record);

/* Ends the life that handle names: from LIVE to state, the generation one more. kind: of region, or
 * ZN_KINDS for all others.
 * returns: 0, *before is the word of the life; -EALREADY it has ended; -EINVAL no handle, another
 * kind. */
int zn_record_end(uint64_t handle, int state, int kind, uint64_t *before);

/* Copies a record in one of the states. false: it is in another. */
bool zn_record_copy(struct zn_record *record, unsigned states, struct zn_ledger_entry *entry);

/* Records ever taken; the i-th. */
uint64_t zn_record_count(void);
struct zn_record *zn_record_at(uint64_t index);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* What was born and what died, of one kind: in one place for all threads, and one in each magazine.
 */
#ifndef ZN_CORE_TALLY_H
#define ZN_CORE_TALLY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "znio/ledger.h"
#include "znio/region.h"

/* Generated code writes these fields in a magazine: the offsets are zn_region_constants. Each death
 * is one of ages, and those that were not closed are in cleaned or leaked too. */
struct zn_tally {
  _Atomic int64_t born_items;
  _Atomic int64_t born_bytes;
  _Atomic int64_t died_bytes;
  _Atomic int64_t cleaned;
  _Atomic int64_t leaked;
  _Atomic int64_t ages[ZN_LEDGER_AGES];
};

/* For a death whose birth tick nobody knows. */
#define ZN_TALLY_AGE_UNKNOWN (ZN_LEDGER_AGES - 1)

static inline int zn_tally_age(uint32_t birth, uint32_t now) {
  uint32_t ticks = now - birth;
  return ticks == 0 ? 0 : 32 - __builtin_clz(ticks);
}

/* own: the caller is the only writer, so a load and a store will do. Others: sequentially
 * consistent, which limit.c relies on. */
static inline void zn_tally_add(_Atomic int64_t *field, int64_t value, bool own) {
  if (own) {
    int64_t sum = atomic_load_explicit(field, memory_order_relaxed) + value;
    atomic_store_explicit(field, sum, memory_order_release);
  } else {
    atomic_fetch_add(field, value);
  }
}

static inline void zn_tally_birth(struct zn_tally *tally, bool own, int64_t items, int64_t bytes) {
  zn_tally_add(&tally->born_items, items, own);
  zn_tally_add(&tally->born_bytes, bytes, own);
}

static inline void zn_tally_death(struct zn_tally *tally, bool own, int64_t bytes, int age,
                                  int cause) {
  zn_tally_add(&tally->died_bytes, bytes, own);
  zn_tally_add(&tally->ages[age], 1, own);
  if (cause == ZN_CAUSE_CLEANED) zn_tally_add(&tally->cleaned, 1, own);
  if (cause == ZN_CAUSE_LEAKED) zn_tally_add(&tally->leaked, 1, own);
}

/* The tally of a kind that all threads share; of blocks: what no open magazine holds. */
struct zn_tally *zn_tally_shared(int kind);

/* The tally of pins whose bytes count against the limit; the ledger counts all of them. */
struct zn_tally *zn_tally_pinned(void);

/* Adds what has died so far to sum, and what was born. A reader takes deaths from all tallies
 * first: then each death he has seen has its birth among those he sees next. */
void zn_tally_sum_deaths(struct zn_tally *tally, struct zn_ledger_kind *sum);
void zn_tally_sum_births(struct zn_tally *tally, struct zn_ledger_kind *sum);

/* Adds all of an own tally, which nobody writes any more, to a shared one. */
void zn_tally_fold(struct zn_tally *own, struct zn_tally *shared);

/* All births and deaths of a kind, those in magazines included. */
void zn_tally_read(int kind, struct zn_ledger_kind *sum);

#endif

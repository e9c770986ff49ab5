/* SPDX-License-Identifier: Apache-2.0 */
#include "tally.h"

#include <string.h>

#include "magazine.h"

static struct zn_tally s_tallies[ZN_KINDS];
static struct zn_tally s_pinned;

struct zn_tally *zn_tally_shared(int kind) {
  return &s_tallies[kind];
}

struct zn_tally *zn_tally_pinned(void) {
  return &s_pinned;
}

static int64_t value_of(_Atomic int64_t *field) {
  return atomic_load_explicit(field, memory_order_acquire);
}

void zn_tally_sum_deaths(struct zn_tally *tally, struct zn_ledger_kind *sum) {
  sum->died_bytes += value_of(&tally->died_bytes);
  sum->cleaned += value_of(&tally->cleaned);
  sum->leaked += value_of(&tally->leaked);
  for (int i = 0; i < ZN_LEDGER_AGES; i++) {
    int64_t items = value_of(&tally->ages[i]);
    sum->ages[i] += items;
    sum->died_items += items;
  }
}

void zn_tally_sum_births(struct zn_tally *tally, struct zn_ledger_kind *sum) {
  sum->born_items += value_of(&tally->born_items);
  sum->born_bytes += value_of(&tally->born_bytes);
}

void zn_tally_fold(struct zn_tally *own, struct zn_tally *shared) {
  zn_tally_birth(shared, false, value_of(&own->born_items), value_of(&own->born_bytes));
  atomic_fetch_add(&shared->died_bytes, value_of(&own->died_bytes));
  atomic_fetch_add(&shared->cleaned, value_of(&own->cleaned));
  atomic_fetch_add(&shared->leaked, value_of(&own->leaked));
  for (int i = 0; i < ZN_LEDGER_AGES; i++) {
    int64_t items = value_of(&own->ages[i]);
    if (items != 0) atomic_fetch_add(&shared->ages[i], items);
  }
}

void zn_tally_read(int kind, struct zn_ledger_kind *sum) {
  memset(sum, 0, sizeof *sum);
  if (kind != ZN_KIND_REGION) {
    zn_tally_sum_deaths(&s_tallies[kind], sum);
    zn_tally_sum_births(&s_tallies[kind], sum);
    return;
  }
  zn_magazine_lock_all(); /* none may be folded meanwhile: it would count twice, or not at all */
  zn_tally_sum_deaths(&s_tallies[kind], sum);
  zn_magazine_each(zn_tally_sum_deaths, sum);
  zn_tally_sum_births(&s_tallies[kind], sum);
  zn_magazine_each(zn_tally_sum_births, sum);
  zn_magazine_unlock_all();
}

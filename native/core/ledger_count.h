/* SPDX-License-Identifier: Apache-2.0 */
/* How the core tells the ledger what it made and what it gave back. */
#ifndef ZN_CORE_LEDGER_COUNT_H
#define ZN_CORE_LEDGER_COUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "znio/error.h"

/* What is only counted. What has a kind (enum zn_kind) is counted there. */
enum zn_ledger_item {
  ZN_LEDGER_PIPE,
  ZN_LEDGER_RING,
  ZN_LEDGER_DESCRIPTOR,
  ZN_LEDGER_ITEMS,
};

/* Adds items (negative: gives back). Any thread. */
void zn_ledger_count(enum zn_ledger_item item, int64_t items);

/* Something about to be made, that is no block. */
struct zn_birth {
  int kind; /* MAPPING, MEMFD or PIN */
  uint64_t address;
  int64_t size;
  uint32_t thread;
  uint32_t site;
  bool counted; /* its bytes count against the limit as something else */
};

/* zn_ledger_born. */
ZN_MUST_CHECK int zn_ledger_open(const struct zn_birth *birth, uint64_t *handle);

/* Takes back a birth: the thing could not be made. handle: live, the caller's. */
void zn_ledger_cancel(uint64_t handle);

/* Says that only size bytes, no more than before, are left of a live thing; the rest was never
 * used, and is not counted as born. handle: live, the caller's, who alone ends it. */
void zn_ledger_shrink(uint64_t handle, int64_t size);

/* Counts the birth of something that gets no record; before it is made. returns: 0; ZN_ELIMIT. */
ZN_MUST_CHECK int zn_ledger_add(int kind, int64_t size);

/* Takes that back: it could not be made. */
void zn_ledger_undo(int kind, int64_t size);

/* Counts its death. */
void zn_ledger_remove(int kind, int64_t size);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Depot: free blocks between magazines and jemalloc, for each class a stack under a lock. It makes
 * a refill a copy of pointers, carries blocks from threads that free to threads that allocate, and
 * takes in what leaves the quarantine.
 */
#ifndef ZN_CORE_DEPOT_H
#define ZN_CORE_DEPOT_H

#include <stdint.h>

#include "record.h"

/* Takes 1 to count free blocks of a class, from jemalloc if there are none here. Counts them as
 * taken. returns: how many; -ENOMEM. */
int zn_depot_take(int region_class, int count, struct zn_record **records);

/* Gives back free blocks of a class; those beyond the bounds go to jemalloc. */
void zn_depot_give(int region_class, int count, struct zn_record *const *records);

/* Gives back any block whose word may be overwritten (no list, no handle can reach it): to the
 * depot if it has a class, otherwise to jemalloc. size: of a block without a class. */
void zn_depot_give_block(struct zn_record *record, int64_t size);

/* Gives back to jemalloc what nobody has needed since the last call, or all. */
void zn_depot_decay(bool all);

void zn_depot_read(int64_t *items, int64_t *bytes);

#endif

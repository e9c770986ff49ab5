/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limit of memory, exact although magazines count by plain stores.
 *
 * taken = bytes of blocks outside jemalloc and depot, and of pins: an atomic sum. live <= taken.
 * While STRICT is 0, taken is at most the limit, so whatever magazines make live is within it.
 * Before taken would pass it, STRICT is set, and a barrier runs on every thread. A birth is counted
 * first and then looks at STRICT: either it sees STRICT, takes its count back and asks under the
 * mutex, or the barrier has made its count visible to all who sum afterwards. So under the mutex,
 * with STRICT set, the sum of all tallies is live, never too small.
 */
#ifndef ZN_CORE_LIMIT_H
#define ZN_CORE_LIMIT_H

#include <stdint.h>

#include "tally.h"

/* Counts a birth of bytes in tally (own: the caller's magazine's) if the limit allows it. Its block
 * or pin must have been taken before: live <= taken. returns: 0; ZN_ELIMIT. */
int zn_limit_birth(struct zn_tally *tally, bool own, int64_t bytes);

/* The same for a caller that has found STRICT set, and counts nothing himself. */
int zn_limit_birth_strict(struct zn_tally *tally, bool own, int64_t bytes);

/* Takes back a birth whose thing could not be made. */
void zn_limit_unborn(struct zn_tally *tally, bool own, int64_t bytes);

/* Says that count blocks of bytes each are about to leave jemalloc and the depot, or a pin is made.
 * Never refuses. Returns how many may: count, or 1 near the limit. */
int zn_limit_take(int count, int64_t bytes);

/* Says that bytes have come back. */
void zn_limit_give(int64_t bytes);

/* The same for mappings, which have no tally of threads. returns: 0; ZN_ELIMIT. */
int zn_limit_map(int64_t bytes);
void zn_limit_unmap(int64_t bytes);

#endif

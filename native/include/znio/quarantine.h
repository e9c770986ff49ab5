/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quarantine: blocks that are dead for their owners, while a running reader may still touch them.
 * They are not reused, and their pages stay, until the caller has made sure, between begin and end,
 * that no reader of before is left:
 *
 *   zn_quarantine_begin(&batch, &full), then the caller's handshake with all threads, then
 *   zn_quarantine_end(batch), or zn_quarantine_defer(batch) if a reader stands where none may.
 *
 * One batch is open at a time; blocks that come meanwhile wait for the next.
 */
#ifndef ZNIO_QUARANTINE_H
#define ZNIO_QUARANTINE_H

#include <stdbool.h>
#include <stdint.h>

#include "znio/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ZN_QUARANTINE_ITEMS_MAX ((int64_t)65536)
#define ZN_QUARANTINE_BYTES_MAX ((int64_t)16 << 20)

/*
 * Hands over count (0 to 65536) retired blocks, by the addresses of their records. Any thread.
 * returns: 0; 1 a cap is reached: somebody should begin a batch; 2 twice a cap is reached: the
 * caller should himself, before he frees more; -ENOMEM the list cannot grow, nothing is taken: the
 * blocks are still retired; -EINVAL one of them is not a retired block, nothing is taken.
 */
ZN_API ZN_MUST_CHECK int zn_quarantine_add(int count, const uint64_t *records);

/*
 * Opens a batch of all blocks that are here now. *batch: for end or defer. *full: whether it has
 * reached a cap; if not, a cheap look at the threads should do, or the batch be deferred.
 * returns: how many blocks, 0 if there are none (then no batch is open); -EBUSY one is open.
 */
ZN_API ZN_MUST_CHECK int64_t zn_quarantine_begin(int64_t *batch, bool *full);

/* Frees the blocks of the open batch. returns: 0; -EINVAL that batch is not open. Any thread. */
ZN_API ZN_MUST_CHECK int zn_quarantine_end(int64_t batch);

/*
 * Puts the blocks of the open batch back; the next is due when more are waiting: a 16th of a cap at
 * first, a 4th after the first defer in a row, a whole after the second.
 * returns: 0; -EINVAL that batch is not open. Any thread.
 */
ZN_API ZN_MUST_CHECK int zn_quarantine_defer(int64_t batch);

/* Sets the caps, each > 0. returns: 0; -EINVAL. */
ZN_API ZN_MUST_CHECK int zn_quarantine_set_caps(int64_t items, int64_t bytes);

#ifdef __cplusplus
}
#endif
#endif

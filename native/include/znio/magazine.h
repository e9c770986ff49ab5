/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Magazine: free blocks in the hands of one thread, so that allocation and free need no lock, no
 * atomic operation but the one that ends a life, and (for generated code) no call.
 *
 * One thread at a time uses a magazine; a caller with many short threads shares a few magazines
 * under locks of his own. zn_magazine_allocate and zn_magazine_free are what generated code does by
 * itself, step for step: they are its specification.
 *
 * A magazine keeps at most ZN_MAGAZINE_BYTES_MAX of free memory, and of a class the smaller of 128
 * blocks and 256 KiB (but two blocks; one above 512 KiB).
 */
#ifndef ZNIO_MAGAZINE_H
#define ZNIO_MAGAZINE_H

#include <stdint.h>

#include "znio/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ZN_MAGAZINE_BYTES_MAX ((int64_t)1280 << 10)

struct zn_magazine;

/*
 * Makes an empty magazine for a thread (the caller's number of it, for the records). *out belongs
 * to the caller, who ends it by zn_magazine_close. returns: 0; -ENOMEM.
 */
ZN_API ZN_MUST_CHECK int zn_magazine_open(uint32_t thread, struct zn_magazine **out);

/* Gives back all blocks, hands the retired ones to the quarantine, keeps the counts for the ledger,
 * and frees the magazine. NULL does nothing. Any thread, once nobody uses the magazine. */
ZN_API void zn_magazine_close(struct zn_magazine *magazine);

/*
 * Puts a batch of blocks (half of the class's capacity) into the magazine. For an empty stack.
 * returns: how many blocks of the class it has now, at least 1; -EINVAL; -ENOMEM.
 */
ZN_API ZN_MUST_CHECK int zn_magazine_refill(struct zn_magazine *magazine, int region_class);

/* Gives back half of a class's blocks. For a full stack. returns: 0; -EINVAL. */
ZN_API ZN_MUST_CHECK int zn_magazine_flush(struct zn_magazine *magazine, int region_class);

/* Gives back blocks, of the largest classes first, until the magazine holds at most bytes; all of
 * them for less than 0. */
ZN_API void zn_magazine_trim(struct zn_magazine *magazine, int64_t bytes);

/*
 * The slow end of a birth: generated code has seen STRICT not 0, has taken its own counts back, and
 * asks here. Counts the birth of size bytes in the magazine if the limit allows it.
 * returns: 0 (counted: do not count again); ZN_ELIMIT.
 */
ZN_API ZN_MUST_CHECK int zn_magazine_birth(struct zn_magazine *magazine, int64_t size);

/*
 * Allocates size bytes (0 to ZN_REGION_CLASS_BYTES_MAX), not zeroed. *handle belongs to the caller,
 * who ends it by zn_magazine_free or zn_magazine_retire with any magazine, or zn_region_close.
 * returns: 0; -EINVAL the size has no class; ZN_ELIMIT; -ENOMEM.
 */
ZN_API ZN_MUST_CHECK int zn_magazine_allocate(struct zn_magazine *magazine, int64_t size,
                                              uint32_t site, uint64_t *handle);

/*
 * Ends a block of any magazine or of zn_region_open; the next allocation may reuse it. cause: enum
 * zn_cause.
 * returns: 0; -EALREADY this life has ended before; -EINVAL not a handle, or a bad cause.
 */
ZN_API ZN_MUST_CHECK int zn_magazine_free(struct zn_magazine *magazine, uint64_t handle, int cause);

/*
 * Ends a block and keeps it in the magazine's list of retired ones, which goes to the quarantine
 * when it is full. returns: as zn_magazine_free; or 1 or 2 as zn_quarantine_add.
 */
ZN_API ZN_MUST_CHECK int zn_magazine_retire(struct zn_magazine *magazine, uint64_t handle,
                                            int cause);

/* Hands the magazine's retired blocks to the quarantine. returns: as zn_quarantine_add. */
ZN_API ZN_MUST_CHECK int zn_magazine_publish(struct zn_magazine *magazine);

#ifdef __cplusplus
}
#endif
#endif

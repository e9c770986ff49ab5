/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory in the place of what jdk.internal.misc.Unsafe gets from malloc. It is jemalloc's, and lies
 * in one range of addresses that nothing else is in: so an address tells whose it is, which matters
 * to whoever frees what may have been allocated by either.
 *
 * The range is reserved once and never given back; pages are made usable bit by bit. It costs
 * addresses, not memory.
 */
#ifndef ZNIO_UNSAFE_H
#define ZNIO_UNSAFE_H

#include <stdbool.h>
#include <stdint.h>

#include "znio/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Reserves the range: 1 TiB; where less is possible (ulimit -v, few bits of address), a quarter of
 * what is, for the rest is not ours alone. Before all other functions but zn_unsafe_owns; once
 * more: nothing. One call at a time. returns: 0; -ENOMEM not even 64 MiB; or the kernel's reason.
 */
ZN_API ZN_MUST_CHECK int zn_unsafe_open(void);

/* Is it an address in the range? Any address, any thread, at any time; reads no memory there. */
ZN_API bool zn_unsafe_owns(const void *address);

/*
 * Allocates size > 0 bytes, aligned to 16 as malloc does (GNU, 64 bit). Not zeroed. Any thread.
 * NULL: no memory, the range is used up, or no block can be so large: malloc may have it.
 */
ZN_API void *zn_unsafe_allocate(int64_t size);

/* Moves a block of ours into one of size > 0 bytes, as realloc. NULL: as above, and the old block
 * is as it was. */
ZN_API void *zn_unsafe_reallocate(void *address, int64_t size);

/* Frees a block of ours. Any thread. */
ZN_API void zn_unsafe_free(void *address);

/* Bytes of a block of ours that may be used: at least its size. */
ZN_API int64_t zn_unsafe_bytes(const void *address);

#ifdef __cplusplus
}
#endif

#endif

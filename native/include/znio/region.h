/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Region: off-heap memory from jemalloc.
 */
#ifndef ZNIO_REGION_H
#define ZNIO_REGION_H

#include <stdint.h>

#include "znio/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Allocates size bytes, aligned to alignment (a power of two, or 0 for 16). The bytes are not zeroed.
 * *out belongs to the caller, who frees it with zn_region_free(*out, size, alignment).
 * returns: 0; -EINVAL size <= 0 or a bad alignment; -ENOMEM.
 */
ZN_API ZN_MUST_CHECK int zn_region_allocate(int64_t size, int64_t alignment, void **out);

/* Frees a region; size and alignment as it was allocated. NULL does nothing. Any thread. */
ZN_API void zn_region_free(void *address, int64_t size, int64_t alignment);

#ifdef __cplusplus
}
#endif
#endif

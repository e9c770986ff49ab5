/* SPDX-License-Identifier: Apache-2.0 */
/* The edge to jemalloc: the only file that includes its header is heap.c. */
#ifndef ZN_CORE_HEAP_H
#define ZN_CORE_HEAP_H

#include <stddef.h>

struct zn_region_statistics;

/* Allocates size > 0 bytes aligned to a power of two. Not zeroed. NULL when memory is exhausted. */
void *zn_heap_allocate(size_t size, size_t alignment);

/* The same, zeroed: what comes fresh from the kernel is not written again. */
void *zn_heap_allocate_zeroed(size_t size, size_t alignment);

/* Frees; size and alignment as allocated. NULL does nothing. */
void zn_heap_free(void *address, size_t size, size_t alignment);

/* The same for what should not stay in the thread's cache, which is bounded by count, not by bytes.
 */
void zn_heap_free_uncached(void *address, size_t size, size_t alignment);

/* Bytes that jemalloc would really use for such an allocation; 0: it is too large. */
size_t zn_heap_real_size(size_t size, size_t alignment);

/* returns: 0; -EOPNOTSUPP jemalloc has no statistics. */
int zn_heap_read_statistics(struct zn_region_statistics *statistics);

/* Empties the calling thread's cache. */
void zn_heap_thread_flush(void);

/* Gives the kernel what has been free for so long that it is due (10 s, bit by bit). jemalloc does
 * that by itself only while somebody allocates or frees. */
void zn_heap_decay(void);

/* Gives all unused pages back to the kernel. */
void zn_heap_purge(void);

#endif

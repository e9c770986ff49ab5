/* SPDX-License-Identifier: Apache-2.0 */
/* The edge to jemalloc: the only file that includes its header is heap.c. */
#ifndef ZN_CORE_HEAP_H
#define ZN_CORE_HEAP_H

#include <stddef.h>

#include "znio/error.h"

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

/* --- arenas of their own, whose pages come from the caller: see unsafe.c --- */

/* Where such arenas get their pages; both may be called by any thread, at the same time. */
struct zn_heap_pages {
  /* size bytes of zeros that are nobody's, or NULL; whole pages, alignment a power of two. They
   * stay the arena's. */
  void *(*take)(size_t size, size_t alignment);
  /* Makes them zeros, and gives the kernel what was there. returns: 0 or -errno. */
  int (*purge)(void *address, size_t size);
};

/* Blocks up to this size wait in a cache of the thread to be used again. Nothing looks after such a
 * cache as jemalloc looks after its own: some 9 MiB a thread is the most that one can hold. */
#define ZN_HEAP_CACHED_MAX ((size_t)64 << 10)

/* Where a thread allocates; only that thread may use it. */
struct zn_heap_place {
  int arena; /* by zn_heap_arena_open; 0: none */
  int cache; /* by zn_heap_cache_open, or ZN_HEAP_NO_CACHE */
};

#define ZN_HEAP_NO_CACHE 0x100

/* Opens an arena that nothing else is allocated from, its own books included; it stays. The first
 * call's pages are those of all. returns: 0; -ENOMEM. */
ZN_MUST_CHECK int zn_heap_arena_open(const struct zn_heap_pages *pages, int *arena);

/* returns: 0; -ENOMEM, or there are 4000 of them. */
ZN_MUST_CHECK int zn_heap_cache_open(int *cache);

/* What it holds goes back to the arenas. */
void zn_heap_cache_close(int cache);

/* size > 0, aligned to 16 from 16 bytes on. Not zeroed. NULL: no memory. */
void *zn_heap_place_allocate(const struct zn_heap_place *place, size_t size);

/* address: of such an arena, not NULL. NULL: no memory, and the old block is as it was. */
void *zn_heap_place_reallocate(const struct zn_heap_place *place, void *address, size_t size);

void zn_heap_place_free(const struct zn_heap_place *place, void *address);

/* Bytes that may be used there: at least those that were asked for. */
size_t zn_heap_block_bytes(const void *address);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "heap.h"

#include <errno.h>
#include <jemalloc/jemalloc.h>
#include <stdbool.h>
#include <stdint.h>

#include "znio/region.h"

#define ZN_HEAP_TEXT(macro) ZN_HEAP_TEXT_OF(macro)
#define ZN_HEAP_TEXT_OF(text) #text

void *zn_heap_allocate(size_t size, size_t alignment) {
  return je_mallocx(size, MALLOCX_ALIGN(alignment));
}

void *zn_heap_allocate_zeroed(size_t size, size_t alignment) {
  return je_mallocx(size, MALLOCX_ALIGN(alignment) | MALLOCX_ZERO);
}

void zn_heap_free(void *address, size_t size, size_t alignment) {
  if (address != NULL) je_sdallocx(address, size, MALLOCX_ALIGN(alignment));
}

void zn_heap_free_uncached(void *address, size_t size, size_t alignment) {
  if (address == NULL) return;
  je_sdallocx(address, size, MALLOCX_ALIGN(alignment) | MALLOCX_TCACHE_NONE);
}

size_t zn_heap_real_size(size_t size, size_t alignment) {
  return je_nallocx(size, MALLOCX_ALIGN(alignment));
}

static bool read_statistic(const char *name, int64_t *value) {
  size_t bytes;
  size_t size = sizeof bytes;
  if (je_mallctl(name, &bytes, &size, NULL, 0) != 0) return false;
  *value = (int64_t)bytes;
  return true;
}

int zn_heap_read_statistics(struct zn_region_statistics *statistics) {
  uint64_t epoch = 1; /* any write makes jemalloc add up its figures */
  if (je_mallctl("epoch", NULL, NULL, &epoch, sizeof epoch) != 0) return -EOPNOTSUPP;
  bool all = read_statistic("stats.allocated", &statistics->allocated) &&
             read_statistic("stats.active", &statistics->active) &&
             read_statistic("stats.metadata", &statistics->metadata) &&
             read_statistic("stats.resident", &statistics->resident) &&
             read_statistic("stats.mapped", &statistics->mapped) &&
             read_statistic("stats.retained", &statistics->retained);
  return all ? 0 : -EOPNOTSUPP;
}

/* These can only fail by a misspelled name, which the tests would see. */

void zn_heap_thread_flush(void) { (void)je_mallctl("thread.tcache.flush", NULL, NULL, NULL, 0); }

void zn_heap_decay(void) {
  static const char *const name = "arena." ZN_HEAP_TEXT(MALLCTL_ARENAS_ALL) ".decay";
  (void)je_mallctl(name, NULL, NULL, NULL, 0);
}

void zn_heap_purge(void) {
  static const char *const name = "arena." ZN_HEAP_TEXT(MALLCTL_ARENAS_ALL) ".purge";
  (void)je_mallctl(name, NULL, NULL, NULL, 0);
}

/* --- arenas of their own --- */

static const struct zn_heap_pages *s_pages; /* set before the first arena */

/* An extent may be wanted behind another, to grow it: the pages there may be anybody's. */
static void *take_extent(extent_hooks_t *hooks, void *wanted, size_t size, size_t alignment,
                         bool *zero, bool *commit, unsigned arena) {
  void *pages = wanted != NULL ? NULL : s_pages->take(size, alignment);
  if (pages == NULL) return NULL;
  *zero = true;
  *commit = true;
  return pages;
}

/* returns, as the next two: did it fail? */
static bool purge_extent(extent_hooks_t *hooks, void *address, size_t size, size_t offset,
                         size_t length, unsigned arena) {
  return s_pages->purge((char *)address + offset, length) != 0;
}

static bool split_extent(extent_hooks_t *hooks, void *address, size_t size, size_t first,
                         size_t second, bool committed, unsigned arena) {
  return false;
}

static bool merge_extents(extent_hooks_t *hooks, void *first, size_t first_size, void *second,
                          size_t second_size, bool committed, unsigned arena) {
  return false;
}

int zn_heap_arena_open(const struct zn_heap_pages *pages, int *arena) {
  /* No dalloc: extents are kept, without pages. No commit: they are from the start. */
  static extent_hooks_t s_hooks = {.alloc = take_extent,
                                   .purge_forced = purge_extent,
                                   .split = split_extent,
                                   .merge = merge_extents};
  extent_hooks_t *hooks = &s_hooks;
  unsigned index;
  size_t size = sizeof index;
  if (s_pages == NULL) s_pages = pages;
  if (je_mallctl("arenas.create", &index, &size, &hooks, sizeof(void *)) != 0) return -ENOMEM;
  *arena = MALLOCX_ARENA(index);
  return 0;
}

_Static_assert(ZN_HEAP_NO_CACHE == MALLOCX_TCACHE_NONE, "heap.h has no word of jemalloc");

/* jemalloc's own cache of a thread would not do: blocks of every arena are in it. */
int zn_heap_cache_open(int *cache) {
  unsigned index;
  size_t size = sizeof index;
  if (je_mallctl("tcache.create", &index, &size, NULL, 0) != 0) return -ENOMEM;
  *cache = MALLOCX_TCACHE(index);
  return 0;
}

void zn_heap_cache_close(int cache) {
  if (cache == ZN_HEAP_NO_CACHE) return;
  unsigned index = ((unsigned)cache >> 8) - 2; /* as MALLOCX_TCACHE has it */
  (void)je_mallctl("tcache.destroy", NULL, NULL, &index, sizeof index);
}

static int place_flags(const struct zn_heap_place *place, size_t size) {
  return place->arena | (size <= ZN_HEAP_CACHED_MAX ? place->cache : MALLOCX_TCACHE_NONE);
}

void *zn_heap_place_allocate(const struct zn_heap_place *place, size_t size) {
  return je_mallocx(size, place_flags(place, size));
}

void *zn_heap_place_reallocate(const struct zn_heap_place *place, void *address, size_t size) {
  size_t before = je_sallocx(address, 0);
  return je_rallocx(address, size, place_flags(place, before > size ? before : size));
}

void zn_heap_place_free(const struct zn_heap_place *place, void *address) {
  size_t size = je_sallocx(address, 0);
  je_sdallocx(address, size, place_flags(place, size));
}

size_t zn_heap_block_bytes(const void *address) { return je_sallocx(address, 0); }

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

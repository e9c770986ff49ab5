/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One range of addresses, without pages at first. jemalloc's arenas take pieces from its start,
 * which are made usable then, and keep them. Their books are in there too, and what jemalloc
 * allocates for itself or for others of znio is not: arenas with hooks of their own from the start
 * make it so, where hooks set later come too late for what the arena has by then.
 */
#include "znio/unsafe.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>

#include "heap.h"
#include "sys.h"

#define ZN_UNSAFE_RANGE_MAX ((size_t)1 << 40)
#define ZN_UNSAFE_RANGE_MIN ((size_t)64 << 20)
#define ZN_UNSAFE_ARENAS 4    /* threads are spread over them */
#define ZN_UNSAFE_SIZE_MIN 16 /* jemalloc aligns what is smaller to 8 */

static char *s_base;           /* set before the size */
static _Atomic size_t s_bytes; /* 0: there is no range */
static _Atomic size_t s_taken; /* from its start */

static int s_arenas[ZN_UNSAFE_ARENAS];
static int s_arena_count;
static _Atomic unsigned s_next; /* the next thread's arena */

static pthread_once_t s_once = PTHREAD_ONCE_INIT;
static pthread_key_t s_key;
static bool s_has_key;

static _Thread_local struct zn_heap_place t_place;

/* --- the range --- */

static int reserve(size_t bytes, void **base) {
  return zn_sys_mmap(-1, 0, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, base);
}

/* The largest that can be had; if it is not the largest of all, a quarter of it. */
static int reserve_range(void **base, size_t *bytes) {
  size_t size = ZN_UNSAFE_RANGE_MAX;
  int result = reserve(size, base);
  if (result < 0) {
    while (result < 0 && size / 8 >= ZN_UNSAFE_RANGE_MIN) result = reserve(size /= 2, base);
    if (result < 0) return result;
    (void)zn_sys_munmap((char *)*base + size / 4, size - size / 4);
    size /= 4;
  }
  *bytes = size;
  return 0;
}

static void *take_pages(size_t size, size_t alignment) {
  size_t bytes = atomic_load_explicit(&s_bytes, memory_order_acquire);
  size_t before = atomic_load(&s_taken);
  size_t start;
  do {
    uintptr_t address = (uintptr_t)s_base + before;
    start = before + (size_t)(-address & (alignment - 1));
    if (start > bytes || size > bytes - start) return NULL;
  } while (!atomic_compare_exchange_weak(&s_taken, &before, start + size));
  if (zn_sys_mprotect(s_base + start, size, PROT_READ | PROT_WRITE) == 0) return s_base + start;
  /* Back, unless somebody has taken what follows: then these addresses are lost. */
  size_t end = start + size;
  (void)atomic_compare_exchange_strong(&s_taken, &end, before);
  return NULL;
}

static int purge_pages(void *address, size_t size) {
  return zn_sys_madvise(address, size, MADV_DONTNEED);
}

bool zn_unsafe_owns(const void *address) {
  size_t bytes = atomic_load_explicit(&s_bytes, memory_order_acquire);
  return (uintptr_t)address - (uintptr_t)s_base < bytes;
}

/* --- threads --- */

/* A destructor of somebody else may free after this: without a cache. */
static void end_thread(void *value) {
  struct zn_heap_place *place = value;
  int cache = place->cache;
  place->cache = ZN_HEAP_NO_CACHE;
  zn_heap_cache_close(cache);
}

static void make_key(void) { s_has_key = pthread_key_create(&s_key, end_thread) == 0; }

static const struct zn_heap_place *choose_place(void) {
  unsigned turn = atomic_fetch_add_explicit(&s_next, 1, memory_order_relaxed);
  (void)pthread_once(&s_once, make_key);
  t_place.cache = ZN_HEAP_NO_CACHE;
  t_place.arena = s_arenas[turn % (unsigned)s_arena_count];
  int cache;
  if (!s_has_key || zn_heap_cache_open(&cache) < 0) return &t_place;
  if (pthread_setspecific(s_key, &t_place) == 0) {
    t_place.cache = cache;
  } else {
    zn_heap_cache_close(cache);
  }
  return &t_place;
}

static const struct zn_heap_place *own_place(void) {
  return t_place.arena != 0 ? &t_place : choose_place();
}

/* --- memory --- */

int zn_unsafe_open(void) {
  static const struct zn_heap_pages pages = {take_pages, purge_pages};
  void *base;
  size_t bytes;
  if (atomic_load(&s_bytes) != 0) return 0;
  int result = reserve_range(&base, &bytes);
  if (result < 0) return result;
  s_base = base;
  atomic_store(&s_taken, 0);
  atomic_store_explicit(&s_bytes, bytes, memory_order_release);
  for (s_arena_count = 0; s_arena_count < ZN_UNSAFE_ARENAS; s_arena_count++) {
    result = zn_heap_arena_open(&pages, &s_arenas[s_arena_count]);
    if (result < 0) break;
  }
  if (s_arena_count > 0) return 0;
  atomic_store(&s_bytes, 0);
  (void)zn_sys_munmap(base, bytes);
  return result;
}

static size_t size_of(int64_t size) {
  return size < ZN_UNSAFE_SIZE_MIN ? ZN_UNSAFE_SIZE_MIN : (size_t)size;
}

void *zn_unsafe_allocate(int64_t size) {
  return zn_heap_place_allocate(own_place(), size_of(size));
}

void *zn_unsafe_reallocate(void *address, int64_t size) {
  return zn_heap_place_reallocate(own_place(), address, size_of(size));
}

void zn_unsafe_free(void *address) { zn_heap_place_free(own_place(), address); }

int64_t zn_unsafe_bytes(const void *address) { return (int64_t)zn_heap_block_bytes(address); }

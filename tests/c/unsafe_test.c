/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory for Unsafe: all of it in one range, nothing else in there. What a process can have once
 * only is tested in children.
 */
#include "znio/unsafe.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "heap.h"
#include "support/check.h"
#include "support/child.h"
#include "support/tsan_forks.h"

/* WRAP zn_sys_mmap */
/* WRAP zn_sys_munmap */
/* WRAP zn_sys_mprotect */
/* WRAP zn_sys_madvise */

#define MIB ((int64_t)1 << 20)

int __real_zn_sys_mmap(int fd, int64_t offset, size_t size, int protection, int flags, void **out);
int __wrap_zn_sys_mmap(int fd, int64_t offset, size_t size, int protection, int flags, void **out);
int __real_zn_sys_munmap(void *address, size_t size);
int __wrap_zn_sys_munmap(void *address, size_t size);
int __real_zn_sys_mprotect(void *address, size_t size, int protection);
int __wrap_zn_sys_mprotect(void *address, size_t size, int protection);
int __real_zn_sys_madvise(void *address, size_t size, int advice);
int __wrap_zn_sys_madvise(void *address, size_t size, int advice);

static size_t s_space = SIZE_MAX; /* what one mmap can have */
static size_t s_reserved;         /* mapped and not unmapped */
static _Atomic bool s_no_pages;   /* mprotect fails */
static _Atomic int64_t s_purged;

int __wrap_zn_sys_mmap(int fd, int64_t offset, size_t size, int protection, int flags, void **out) {
  if (size > s_space) return -ENOMEM;
  int result = __real_zn_sys_mmap(fd, offset, size, protection, flags, out);
  if (result == 0) s_reserved += size;
  return result;
}

int __wrap_zn_sys_munmap(void *address, size_t size) {
  s_reserved -= size;
  return __real_zn_sys_munmap(address, size);
}

int __wrap_zn_sys_mprotect(void *address, size_t size, int protection) {
  return s_no_pages ? -ENOMEM : __real_zn_sys_mprotect(address, size, protection);
}

int __wrap_zn_sys_madvise(void *address, size_t size, int advice) {
  if (advice == MADV_DONTNEED && zn_unsafe_owns(address)) s_purged += (int64_t)size;
  return __real_zn_sys_madvise(address, size, advice);
}

/* --- the range --- */

static void nothing_is_owned_before(void) {
  int local = 0;
  CHECK(!zn_unsafe_owns(NULL));
  CHECK(!zn_unsafe_owns(&local));
  CHECK(!zn_unsafe_owns((void *)UINTPTR_MAX));
}

static void without_addresses(void) {
  s_space = (size_t)(256 * MIB) - 1;
  CHECK_EQUAL(zn_unsafe_open(), -ENOMEM);
  CHECK_EQUAL(s_reserved, 0);
  nothing_is_owned_before();
  s_space = SIZE_MAX;
  CHECK_EQUAL(zn_unsafe_open(), 0);
  CHECK(zn_unsafe_owns(zn_unsafe_allocate(1)));
}

static void without_pages(void) {
  s_no_pages = true;
  CHECK_EQUAL(zn_unsafe_open(), -ENOMEM);
  CHECK_EQUAL(s_reserved, 0);
  nothing_is_owned_before();
  s_no_pages = false;
  CHECK_EQUAL(zn_unsafe_open(), 0);
  CHECK_EQUAL(zn_unsafe_open(), 0);
  CHECK(zn_unsafe_owns(zn_unsafe_allocate(1)));
}

/* Allocates blocks of size until there are no more. returns: how many. */
static int exhaust(void **blocks, int capacity, int64_t size) {
  int count = 0;
  while (count < capacity && (blocks[count] = zn_unsafe_allocate(size)) != NULL) {
    CHECK(zn_unsafe_owns(blocks[count]));
    memset(blocks[count], count, (size_t)size);
    count++;
  }
  return count;
}

/* A quarter of 1 GiB: as full as it gets, several times, and each block is itself. */
static void a_small_range(void) {
  enum { MANY = 300 };
  void *blocks[MANY];
  s_space = (size_t)(1024 * MIB);
  CHECK_EQUAL(zn_unsafe_open(), 0);
  CHECK_EQUAL(s_reserved, 256 * MIB);
  for (int round = 0; round < 3; round++) {
    int count = exhaust(blocks, MANY, MIB);
    CHECK(count > 150 && count <= 256);
    CHECK(zn_unsafe_reallocate(blocks[0], 200 * MIB) == NULL);
    for (int i = 0; i < count; i++) {
      unsigned char *bytes = blocks[i];
      CHECK(bytes[0] == (unsigned char)i && bytes[MIB - 1] == (unsigned char)i);
      zn_unsafe_free(bytes);
    }
  }
}

static void pages_run_out_and_come_back(void) {
  enum { MANY = 1000 };
  static void *blocks[MANY];
  CHECK_EQUAL(zn_unsafe_open(), 0);
  char *kept = zn_unsafe_allocate(100);
  memset(kept, 7, 100);
  s_no_pages = true;
  int count = exhaust(blocks, MANY, MIB);
  CHECK(count < MANY);
  CHECK(zn_unsafe_reallocate(kept, 64 * MIB) == NULL);
  CHECK(kept[0] == 7 && kept[99] == 7);
  s_no_pages = false;
  void *block = zn_unsafe_allocate(64 * MIB);
  CHECK(zn_unsafe_owns(block));
  memset(block, 1, (size_t)(64 * MIB));
  zn_unsafe_free(block);
  for (int i = 0; i < count; i++) zn_unsafe_free(blocks[i]);
}

static void test_a_range_that_cannot_be(void **state) {
  child_assert(nothing_is_owned_before);
  child_assert(without_addresses);
  child_assert(without_pages);
}

static void test_what_runs_out_is_told(void **state) {
  child_assert(a_small_range);
  child_assert(pages_run_out_and_come_back);
}

/* --- whose is it? --- */

static void test_others_memory_is_not_owned(void **state) {
  static char s_static[64];
  void *foreign[500];
  for (int i = 0; i < 500; i++) {
    size_t size = (size_t)1 << (i % 22);
    void *own = zn_unsafe_allocate((int64_t)size);
    assert_true(zn_unsafe_owns(own));
    assert_true(zn_unsafe_owns((char *)own + size - 1));
    zn_unsafe_free(own);
    /* What jemalloc has just got back from us must not be given to others. */
    foreign[i] = i % 2 == 0 ? malloc(size) : zn_heap_allocate(size, 16);
    assert_false(zn_unsafe_owns(foreign[i]));
  }
  for (int i = 0; i < 500; i++) {
    if (i % 2 == 0) {
      free(foreign[i]);
    } else {
      zn_heap_free(foreign[i], (size_t)1 << (i % 22), 16);
    }
  }
  assert_false(zn_unsafe_owns(NULL));
  assert_false(zn_unsafe_owns(s_static));
  assert_false(zn_unsafe_owns(&foreign));
  assert_false(zn_unsafe_owns((void *)UINTPTR_MAX));
}

static void test_sizes(void **state) {
  static const int64_t too_large[] = {(int64_t)1 << 41, (int64_t)1 << 46, (int64_t)1 << 62,
                                      INT64_MAX};
  for (int64_t size = 1; size <= 64 * MIB; size += size / 3 + 1) {
    unsigned char *block = zn_unsafe_allocate(size);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % 16, 0);
    assert_true(zn_unsafe_bytes(block) >= size);
    block[0] = block[size - 1] = 1;
    zn_unsafe_free(block);
  }
  for (size_t i = 0; i < sizeof too_large / sizeof *too_large; i++) {
    assert_null(zn_unsafe_allocate(too_large[i]));
  }
}

/* Up and down over the border between what is cached and what is not. */
static void test_reallocate(void **state) {
  static const int64_t sizes[] = {1, 16, 5000, 65536, 65537, 3 * MIB, 70000, 65536, 100, 8, 1};
  unsigned char *block = zn_unsafe_allocate(1);
  block[0] = 0;
  int64_t before = 1;
  for (int round = 0; round < 200; round++) {
    int64_t size = sizes[(size_t)round % (sizeof sizes / sizeof *sizes)];
    block = zn_unsafe_reallocate(block, size);
    assert_true(zn_unsafe_owns(block));
    for (int64_t i = 0; i < (size < before ? size : before); i += 97) {
      assert_int_equal(block[i], i % 251);
    }
    for (int64_t i = 0; i < size; i++) block[i] = (unsigned char)(i % 251);
    before = size;
  }
  zn_unsafe_free(block);
}

static void test_free_pages_go_back(void **state) {
  int64_t before = s_purged;
  void *block = zn_unsafe_allocate(64 * MIB);
  memset(block, 1, (size_t)(64 * MIB));
  zn_unsafe_free(block);
  zn_heap_purge();
  assert_true(s_purged - before >= 64 * MIB);
}

/* --- threads --- */

enum { THREADS = 4, LIVE = 2000, ROUNDS = 60000, GONE = 5000 };

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static void *s_given[LIVE]; /* allocated by one thread, freed by another */

static void *swap(void *value, unsigned place) {
  pthread_mutex_lock(&s_mutex);
  void *before = s_given[place];
  s_given[place] = value;
  pthread_mutex_unlock(&s_mutex);
  return before;
}

struct block {
  int64_t size;
  struct block *self;
  unsigned char bytes[];
};

static struct block *make(int64_t size) {
  struct block *block = zn_unsafe_allocate(size + (int64_t)sizeof *block);
  if (block == NULL) return NULL;
  block->size = size;
  block->self = block;
  memset(block->bytes, (int)size, (size_t)size);
  return block;
}

static bool end(struct block *block) {
  if (block == NULL) return true;
  int64_t size = block->size;
  bool whole = block->self == block && zn_unsafe_owns(block);
  if (size > 0) {
    whole = whole && block->bytes[0] == (unsigned char)size &&
            block->bytes[size - 1] == (unsigned char)size;
  }
  zn_unsafe_free(block);
  return whole;
}

/* While znio's own memory is used by the same threads. */
static void *churn(void *seed) {
  unsigned state = *(unsigned *)seed;
  intptr_t wrong = 0;
  for (int i = 0; i < ROUNDS; i++) {
    state = state * 1103515245u + 12345u;
    unsigned random = state >> 8;
    void *other = zn_heap_allocate(1 + random % 3000, 16);
    struct block *made = make(random % 100 == 0 ? random % 300000 : random % 3000);
    wrong += made == NULL || zn_unsafe_owns(other);
    zn_heap_free(other, 1 + random % 3000, 16);
    wrong += !end(swap(made, random % LIVE));
  }
  return (void *)wrong;
}

static void test_threads_free_what_others_allocated(void **state) {
  pthread_t threads[THREADS];
  unsigned seeds[THREADS];
  for (unsigned i = 0; i < THREADS; i++) {
    seeds[i] = i;
    assert_int_equal(pthread_create(&threads[i], NULL, churn, &seeds[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) {
    void *wrong;
    assert_int_equal(pthread_join(threads[i], &wrong), 0);
    assert_null(wrong);
  }
  for (unsigned i = 0; i < LIVE; i++) assert_true(end(swap(NULL, i)));
}

static void *once(void *unused) {
  void *block = zn_unsafe_allocate(100);
  zn_unsafe_free(block);
  return block;
}

/* jemalloc has 4094 caches for them: threads that have ended must have given theirs back. */
static void test_threads_leave_no_cache_behind(void **state) {
  int cache;
  for (int i = 0; i < GONE; i++) {
    pthread_t thread;
    void *block;
    assert_int_equal(pthread_create(&thread, NULL, once, NULL), 0);
    assert_int_equal(pthread_join(thread, &block), 0);
    assert_true(zn_unsafe_owns(block));
  }
  assert_int_equal(zn_heap_cache_open(&cache), 0);
  zn_heap_cache_close(cache);
}

/* No caches are left: it works without. */
static void without_caches(void) {
  int cache;
  CHECK_EQUAL(zn_unsafe_open(), 0);
  while (zn_heap_cache_open(&cache) == 0) continue;
  for (int i = 0; i < 1000; i++) {
    void *block = zn_unsafe_allocate(1 + i * 100);
    CHECK(zn_unsafe_owns(block));
    zn_unsafe_free(block);
  }
}

static void test_more_threads_than_caches(void **state) { child_assert(without_caches); }

static atomic_bool s_stop;

static void *churn_on(void *unused) {
  for (unsigned i = 0; !s_stop; i++) zn_unsafe_free(zn_unsafe_allocate(1 + i % 100000));
  return NULL;
}

static void forks(void) {
  pthread_t thread;
  CHECK_EQUAL(zn_unsafe_open(), 0);
  struct block *kept = make(1000);
  CHECK_EQUAL(pthread_create(&thread, NULL, churn_on, NULL), 0);
  for (int i = 0; i < 50; i++) {
    pid_t child = fork();
    if (child == 0) {
      CHECK(end(kept));
      for (int j = 0; j < 1000; j++) CHECK(end(make((int64_t)j * 70)));
      _exit(0);
    }
    int status;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
  }
  s_stop = true;
  CHECK_EQUAL(pthread_join(thread, NULL), 0);
  CHECK(end(kept));
}

static void test_a_child_goes_on(void **state) { child_assert(forks); }

static int open_range(void **state) { return zn_unsafe_open(); }

int main(void) {
  const struct CMUnitTest alone[] = {
      cmocka_unit_test(test_a_range_that_cannot_be),
      cmocka_unit_test(test_what_runs_out_is_told),
      cmocka_unit_test(test_more_threads_than_caches),
      cmocka_unit_test(test_a_child_goes_on),
  };
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_others_memory_is_not_owned),
      cmocka_unit_test(test_sizes),
      cmocka_unit_test(test_reallocate),
      cmocka_unit_test(test_free_pages_go_back),
      cmocka_unit_test(test_threads_free_what_others_allocated),
      cmocka_unit_test(test_threads_leave_no_cache_behind),
  };
  int failed = cmocka_run_group_tests_name("alone", alone, NULL, NULL);
  return failed + cmocka_run_group_tests_name("tests", tests, open_range, NULL);
}

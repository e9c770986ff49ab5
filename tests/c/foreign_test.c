/* SPDX-License-Identifier: Apache-2.0 */
/* Foreign memory: each address that was born is found once, with its size, by any thread. */
#include "znio/foreign.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "support/check.h"

/* WRAP zn_heap_allocate_zeroed */

void *__real_zn_heap_allocate_zeroed(size_t size, size_t alignment);
void *__wrap_zn_heap_allocate_zeroed(size_t size, size_t alignment);

static _Atomic int s_memory_is_gone;

void *__wrap_zn_heap_allocate_zeroed(size_t size, size_t alignment) {
  return s_memory_is_gone ? NULL : __real_zn_heap_allocate_zeroed(size, alignment);
}

enum { MANY = 200000, THREADS = 4, LIVE = 3000, ROUNDS = 100000 };

static uint64_t address_of(int i) { return 0x7f0000000000u + (uint64_t)i * 16; }

static void test_sizes_come_back(void **state) {
  for (int i = 0; i < MANY; i++) assert_int_equal(zn_foreign_born(address_of(i), i, 0), 0);
  for (int i = 0; i < MANY; i += 2) assert_int_equal(zn_foreign_died(address_of(i), NULL), i);
  for (int i = 0; i < MANY; i += 2) assert_int_equal(zn_foreign_died(address_of(i), NULL), -ENOENT);
  for (int i = 0; i < MANY; i += 2) assert_int_equal(zn_foreign_born(address_of(i), i + 7, 0), 0);
  for (int i = 0; i < MANY; i++) {
    assert_int_equal(zn_foreign_died(address_of(i), NULL), i % 2 == 0 ? i + 7 : i);
  }
  for (int i = 0; i < MANY; i++) assert_int_equal(zn_foreign_died(address_of(i), NULL), -ENOENT);
}

static void test_page_addresses_spread(void **state) {
  for (uint64_t i = 1; i < 50000; i++) assert_int_equal(zn_foreign_born(i << 21, 1 << 21, 0), 0);
  for (uint64_t i = 1; i < 50000; i++) assert_int_equal(zn_foreign_died(i << 21, NULL), 1 << 21);
}

static void test_what_cannot_be(void **state) {
  assert_int_equal(zn_foreign_born(0, 1, 0), -EINVAL);
  assert_int_equal(zn_foreign_born(16, -1, 0), -EINVAL);
  assert_int_equal(zn_foreign_born(16, (int64_t)1 << 47, 0), -EINVAL);
  assert_int_equal(zn_foreign_died(16, NULL), -ENOENT);
  assert_int_equal(zn_foreign_born(16, ((int64_t)1 << 47) - 1, 0), 0);
  assert_int_equal(zn_foreign_died(16, NULL), ((int64_t)1 << 47) - 1);
  assert_int_equal(zn_foreign_born(UINT64_MAX, 0, 0), 0);
  assert_int_equal(zn_foreign_died(UINT64_MAX, NULL), 0);
}

/* More than all tests before have made room for. */
static void test_without_memory_some_are_not_known(void **state) {
  int known = 0;
  s_memory_is_gone = 1;
  for (int i = 0; i < 20 * MANY; i++) {
    int result = zn_foreign_born(address_of(i), i, 0);
    assert_true(result == 0 || result == -ENOMEM);
    known += result == 0;
  }
  s_memory_is_gone = 0;
  assert_in_range(known, MANY / 2, 20 * MANY - 1);
  for (int i = 0; i < 20 * MANY; i++) {
    int64_t size = zn_foreign_died(address_of(i), NULL);
    assert_true(size == i || size == -ENOENT);
    known -= size == i;
  }
  assert_int_equal(known, 0);
}

static int64_t sum_of_site(uint32_t site, int *items) {
  struct zn_foreign_entry entries[100];
  uint64_t cursor = 0;
  int64_t bytes = 0;
  int64_t count;
  *items = 0;
  while ((count = zn_foreign_next(&cursor, entries, 100)) > 0) {
    for (int64_t i = 0; i < count; i++) {
      if (entries[i].site != site) continue;
      assert_int_equal(entries[i].size, 7 + (int64_t)(entries[i].address - address_of(0)) / 16);
      bytes += entries[i].size;
      *items += 1;
    }
  }
  assert_int_equal(count, 0);
  return bytes;
}

static void test_a_walk_sees_what_lives_once(void **state) {
  int items;
  uint32_t site;
  struct zn_foreign_entry entry;
  uint64_t cursor = 0;
  assert_int_equal(zn_foreign_next(&cursor, &entry, 0), -EINVAL);
  for (int i = 0; i < 5000; i++) {
    assert_int_equal(zn_foreign_born(address_of(i), 7 + i, (uint32_t)(60000 + i % 2)), 0);
  }
  assert_int_equal(sum_of_site(60000, &items), (7 + 2499) * 2500);
  assert_int_equal(items, 2500);
  for (int i = 0; i < 5000; i++) {
    assert_int_equal(zn_foreign_died(address_of(i), &site), 7 + i);
    assert_int_equal(site, 60000 + i % 2);
  }
  assert_int_equal(sum_of_site(60001, &items), 0);
  assert_int_equal(items, 0);
  assert_int_equal(zn_foreign_born(16, 1, 65536), -EINVAL);
}

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static void *s_given[LIVE]; /* allocated by one thread, freed by another */

static void *swap(void *value, int place) {
  pthread_mutex_lock(&s_mutex);
  void *before = s_given[place];
  s_given[place] = value;
  pthread_mutex_unlock(&s_mutex);
  return before;
}

static int64_t size_for(int i) { return 1 + i % 300; }

static bool end(void *block) {
  if (block == NULL) return true;
  int64_t size = *(int64_t *)block;
  bool found = zn_foreign_died((uint64_t)(uintptr_t)block, NULL) == size;
  free(block); /* and the allocator gives it to somebody else at once */
  return found;
}

static void *churn(void *seed) {
  unsigned state = *(unsigned *)seed;
  intptr_t wrong = 0;
  for (int i = 0; i < ROUNDS; i++) {
    int64_t size = size_for(i);
    int64_t *block = malloc((size_t)size + sizeof *block);
    if (block == NULL) return (void *)(intptr_t)1;
    *block = size;
    wrong += zn_foreign_born((uint64_t)(uintptr_t)block, size, 0) != 0;
    state = state * 1103515245u + 12345u;
    wrong += !end(swap(block, (int)((state >> 8) % LIVE)));
  }
  return (void *)wrong;
}

static void test_threads_find_what_others_made(void **state) {
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
  for (int i = 0; i < LIVE; i++) assert_true(end(swap(NULL, i)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_threads_find_what_others_made),
      cmocka_unit_test(test_sizes_come_back),
      cmocka_unit_test(test_page_addresses_spread),
      cmocka_unit_test(test_what_cannot_be),
      cmocka_unit_test(test_a_walk_sees_what_lives_once),
      cmocka_unit_test(test_without_memory_some_are_not_known),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

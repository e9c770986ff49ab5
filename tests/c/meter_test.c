/* SPDX-License-Identifier: Apache-2.0 */
/* Meters: nothing that a thread counted is lost, whether it lives, has ended, or counts late. */
#include "znio/meter.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "support/check.h"

/* WRAP zn_heap_allocate_zeroed */

void *__real_zn_heap_allocate_zeroed(size_t size, size_t alignment);
void *__wrap_zn_heap_allocate_zeroed(size_t size, size_t alignment);

static _Atomic int s_memory_is_gone;

void *__wrap_zn_heap_allocate_zeroed(size_t size, size_t alignment) {
  return s_memory_is_gone ? NULL : __real_zn_heap_allocate_zeroed(size, alignment);
}

static int64_t calls(int row) {
  int64_t sums[ZN_METER_COLUMNS];
  assert_int_equal(zn_meter_read(row, sums), 0);
  return sums[ZN_METER_CALLS];
}

enum { THREADS = 8, ROUNDS = 20000 };

static void *count_many(void *row) {
  for (int i = 0; i < ROUNDS; i++) zn_meter_count(*(int *)row, ZN_METER_BYTES, i);
  return NULL;
}

static void count_in_threads(int row) {
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_create(&threads[i], NULL, count_many, &row), 0);
  }
  int64_t before = 0;
  for (int i = 0; i < 100; i++) {
    int64_t now = calls(row);
    assert_true(now >= before); /* a meter that is folded meanwhile counts once */
    before = now;
  }
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  int64_t sums[ZN_METER_COLUMNS];
  assert_int_equal(zn_meter_read(row, sums), 0);
  assert_int_equal(sums[ZN_METER_CALLS], THREADS * ROUNDS);
  assert_int_equal(sums[ZN_METER_BYTES], THREADS * ((int64_t)ROUNDS * (ROUNDS - 1) / 2));
  assert_int_equal(sums[ZN_METER_FAILED], 0);
}

static void test_threads_that_have_ended_are_counted(void **state) { count_in_threads(0); }

static void test_without_memory_threads_share_one(void **state) {
  s_memory_is_gone = 1;
  count_in_threads(1);
  s_memory_is_gone = 0;
}

static void test_a_live_thread_is_counted(void **state) {
  zn_meter_add(zn_meter_own(), 2, ZN_METER_CALLS, 3);
  assert_int_equal(calls(2), 3);
}

static void count_late(void *value) { zn_meter_add(zn_meter_own(), 3, ZN_METER_CALLS, 1); }

static void *leave_it_to_the_key(void *key) {
  zn_meter_add(zn_meter_own(), 3, ZN_METER_CALLS, 1);
  assert_int_equal(pthread_setspecific(*(pthread_key_t *)key, key), 0);
  return NULL;
}

/* The destructor of a key that is younger than ours runs after ours. */
static void test_a_destructor_may_count(void **state) {
  pthread_key_t key;
  pthread_t thread;
  zn_meter_add(zn_meter_own(), 3, ZN_METER_CALLS, 1);
  assert_int_equal(pthread_key_create(&key, count_late), 0);
  assert_int_equal(pthread_create(&thread, NULL, leave_it_to_the_key, &key), 0);
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_int_equal(calls(3), 3);
  assert_int_equal(pthread_key_delete(key), 0);
}

static void test_there_are_so_many_rows(void **state) {
  int64_t sums[ZN_METER_COLUMNS];
  assert_int_equal(zn_meter_read(-1, sums), -EINVAL);
  assert_int_equal(zn_meter_read(ZN_METER_ROWS, sums), -EINVAL);
  assert_int_equal(zn_meter_read(ZN_METER_ROWS - 1, sums), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_threads_that_have_ended_are_counted),
      cmocka_unit_test(test_without_memory_threads_share_one),
      cmocka_unit_test(test_a_live_thread_is_counted),
      cmocka_unit_test(test_a_destructor_may_count),
      cmocka_unit_test(test_there_are_so_many_rows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

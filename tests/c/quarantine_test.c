/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quarantine: a block is not reused before its batch ends, whatever else happens; nothing is lost
 * if its list cannot grow.
 */
/* WRAP zn_heap_allocate */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "magazine.h"
#include "record.h"
#include "support/blocks.h"
#include "support/check.h"
#include "znio/znio.h"

static _Thread_local int t_allocations_left = -1; /* negative: all succeed */

static bool refuses(void) {
  if (t_allocations_left < 0) return false;
  return t_allocations_left-- == 0 ? (t_allocations_left = 0, true) : false;
}

/* NOLINTBEGIN(bugprone-reserved-identifier): the names that ld --wrap wants */
void *__real_zn_heap_allocate(size_t size, size_t alignment);
void *__wrap_zn_heap_allocate(size_t size, size_t alignment);
void *__wrap_zn_heap_allocate(size_t size, size_t alignment) {
  return refuses() ? NULL : __real_zn_heap_allocate(size, alignment);
}
/* NOLINTEND(bugprone-reserved-identifier) */

static void test_a_full_quarantine_takes_nothing(void **state) {
  struct zn_magazine *magazine = magazine_open(1);
  uint64_t handles[200];
  for (int i = 0; i < 200; i++) handles[i] = magazine_allocate(magazine, 64);
  t_allocations_left = 0;
  int failed = 0;
  for (int i = 0; i < 200; i++) {
    int result = zn_magazine_retire(magazine, handles[i], ZN_CAUSE_CLOSED);
    if (result == -ENOMEM) failed++;
  }
  t_allocations_left = -1;
  assert_int_equal(failed, 200 - ZN_RETIRED_COUNT_MAX); /* these are still alive */
  for (int i = ZN_RETIRED_COUNT_MAX; i < 200; i++) {
    assert_in_range(zn_magazine_retire(magazine, handles[i], ZN_CAUSE_CLOSED), 0, 2);
  }
  zn_magazine_close(magazine);
}

static int by_value(const void *a, const void *b) {
  uint64_t x = *(const uint64_t *)a;
  uint64_t y = *(const uint64_t *)b;
  return x < y ? -1 : x > y;
}

/* How many of count fresh blocks have a record of the sorted list; frees them. */
static int reused(struct zn_magazine *magazine, const uint64_t *sorted, int count) {
  int found = 0;
  uint64_t *fresh = malloc((size_t)count * sizeof *fresh);
  for (int i = 0; i < count; i++) {
    fresh[i] = magazine_allocate(magazine, 64);
    uint64_t number = zn_record_number(zn_record_of(fresh[i]));
    found += bsearch(&number, sorted, (size_t)count, sizeof number, by_value) != NULL;
  }
  for (int i = 0; i < count; i++) {
    assert_int_equal(zn_magazine_free(magazine, fresh[i], ZN_CAUSE_CLOSED), 0);
  }
  free(fresh);
  return found;
}

static void test_quarantine_holds_blocks_until_the_end(void **state) {
  enum { COUNT = 20000 };
  struct zn_magazine *magazine = magazine_open(1);
  uint64_t *numbers = malloc(COUNT * sizeof *numbers);
  for (int i = 0; i < COUNT; i++) numbers[i] = magazine_allocate(magazine, 64);
  for (int i = 0; i < COUNT; i++) {
    char *block = zn_region_address(numbers[i]);
    *block = 42;
    assert_in_range(zn_magazine_retire(magazine, numbers[i], ZN_CAUSE_CLOSED), 0, 2);
    assert_int_equal(*block, 42); /* the pages stay */
    assert_int_equal(zn_magazine_retire(magazine, numbers[i], ZN_CAUSE_CLOSED), -EALREADY);
    numbers[i] = zn_record_number(zn_record_of(numbers[i]));
  }
  qsort(numbers, COUNT, sizeof *numbers, by_value);
  assert_in_range(zn_magazine_publish(magazine), 0, 2);
  assert_int_equal(reused(magazine, numbers, COUNT), 0);
  assert_int_equal(zn_quarantine_add(1, numbers), -EINVAL); /* it is there already */
  int64_t batch, other;
  bool full;
  assert_int_equal(zn_quarantine_begin(&batch, &full), COUNT);
  assert_int_equal(zn_quarantine_begin(&other, &full), -EBUSY);
  assert_int_equal(reused(magazine, numbers, COUNT), 0);
  assert_int_equal(zn_quarantine_end(batch + 1), -EINVAL);
  assert_int_equal(zn_quarantine_defer(batch), 0);
  assert_int_equal(zn_quarantine_end(batch), -EINVAL);
  assert_int_equal(reused(magazine, numbers, COUNT), 0);
  assert_int_equal(zn_quarantine_begin(&batch, &full), COUNT);
  zn_magazine_trim(magazine, 0);
  zn_region_trim();
  assert_int_equal(zn_quarantine_end(batch), 0);
  /* From the depot, without jemalloc; but for the last batch, which is filled up. */
  assert_in_range(reused(magazine, numbers, COUNT), COUNT - ZN_MAGAZINE_CLASS_ITEMS_MAX, COUNT);
  assert_int_equal(zn_quarantine_begin(&batch, &full), 0);
  free(numbers);
  zn_magazine_close(magazine);
}

static int retire_one(int64_t size) {
  uint64_t handle;
  assert_int_equal(zn_region_open(size, 0, 0, 0, 0, &handle), 0);
  return zn_region_retire(handle, ZN_CAUSE_CLOSED);
}

static void test_quarantine_tells_when_it_is_time(void **state) {
  assert_int_equal(zn_quarantine_set_caps(0, 1), -EINVAL);
  assert_int_equal(zn_quarantine_set_caps(160, 16 << 20), 0);
  for (int i = 1; i <= 20; i++) assert_int_equal(retire_one(100), i / 10);
  assert_int_equal(retire_one(3 << 20), 2);
  int64_t batch;
  bool full;
  assert_int_equal(zn_quarantine_begin(&batch, &full), 21);
  assert_false(full);
  /* Bytes alone: not of a few blocks, as long as there is room. */
  for (int i = 1; i < 8; i++) assert_int_equal(retire_one(2 << 20), 0);
  assert_int_equal(retire_one(1), 2);
  assert_int_equal(zn_quarantine_end(batch), 0);
  assert_int_equal(zn_quarantine_begin(&batch, &full), 8);
  assert_false(full);
  assert_int_equal(zn_quarantine_end(batch), 0);
  assert_int_equal(retire_one(17 << 20), 2);
  assert_int_equal(zn_quarantine_begin(&batch, &full), 1);
  assert_true(full);
  assert_int_equal(zn_quarantine_end(batch), 0);
  assert_int_equal(zn_quarantine_set_caps(ZN_QUARANTINE_ITEMS_MAX, ZN_QUARANTINE_BYTES_MAX), 0);
}

/* After a try in vain more must come together before the next. */
static void test_quarantine_has_patience(void **state) {
  assert_int_equal(zn_quarantine_set_caps(160, 1 << 30), 0);
  static const int due_at[] = {10, 40, 160};
  int64_t batch;
  bool full;
  int count = 0;
  for (int i = 0; i < 3; i++) {
    while (++count < due_at[i]) assert_int_equal(retire_one(100), 0);
    assert_int_equal(retire_one(100), 1);
    assert_int_equal(zn_quarantine_begin(&batch, &full), count);
    assert_int_equal(full, i == 2);
    assert_int_equal(zn_quarantine_defer(batch), 0);
  }
  assert_int_equal(retire_one(100), 1); /* there is no more than a cap */
  assert_int_equal(zn_quarantine_begin(&batch, &full), count + 1);
  assert_int_equal(zn_quarantine_end(batch), 0);
  for (int i = 1; i <= 10; i++) assert_int_equal(retire_one(100), i / 10); /* as at first */
  assert_int_equal(zn_quarantine_begin(&batch, &full), 10);
  assert_int_equal(zn_quarantine_end(batch), 0);
  assert_int_equal(zn_quarantine_set_caps(ZN_QUARANTINE_ITEMS_MAX, ZN_QUARANTINE_BYTES_MAX), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_a_full_quarantine_takes_nothing, blocks_before,
                                      blocks_after),
      cmocka_unit_test_setup_teardown(test_quarantine_holds_blocks_until_the_end, blocks_before,
                                      blocks_after),
      cmocka_unit_test_setup_teardown(test_quarantine_tells_when_it_is_time, blocks_before,
                                      blocks_after),
      cmocka_unit_test_setup_teardown(test_quarantine_has_patience, blocks_before, blocks_after),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

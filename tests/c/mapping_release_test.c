/* SPDX-License-Identifier: Apache-2.0 */
/* Many mappings that are closed and released. */
/* WRAP zn_sys_munmap */
#include <errno.h>
#include <unistd.h>

#include "support/check.h"
#include "support/ends.h"
#include "support/maps.h"
#include "sys.h"
#include "znio/ledger.h"

static int s_fail_unmap;
static size_t s_fail_unmap_above; /* bytes */
static int s_unmaps;

int __real_zn_sys_munmap(void *, size_t);
int __wrap_zn_sys_munmap(void *, size_t);
int __wrap_zn_sys_munmap(void *address, size_t size) {
  s_unmaps++;
  if (s_fail_unmap_above != 0 && size > s_fail_unmap_above) return -ENOMEM;
  return s_fail_unmap != 0 ? s_fail_unmap : __real_zn_sys_munmap(address, size);
}

#define MANY 1000

static void open_many(int file, struct zn_mapping *mappings[]) {
  for (int i = 0; i < MANY; i++) mappings[i] = open_mapping(file, 0, page_bytes, i % 3, 0);
}

static void close_many(struct zn_mapping *mappings[]) {
  for (int i = 0; i < MANY; i++) assert_int_equal(zn_mapping_close(mappings[i]), 0);
}

/* In an order that is not that of the addresses. */
static void release_many(struct zn_mapping *mappings[]) {
  struct zn_mapping *mixed[MANY];
  int results[MANY];
  for (int i = 0; i < MANY; i++) mixed[i] = mappings[i * 7 % MANY];
  zn_mapping_release_all(mixed, results, MANY);
  for (int i = 0; i < MANY; i++) assert_int_equal(results[i], 0);
}

/* Closed mappings that lie side by side cost the kernel one mapping, not one each. */
static void test_many_closed(void **state) {
  int file = file_make(page_bytes, 1);
  struct zn_mapping *mappings[MANY];
  int before = maps_with("");
  open_many(file, mappings);
  assert_int_equal(maps_of(file), MANY);
  close_many(mappings);
  assert_true(maps_with("") - before < 50);
  for (int i = 0; i < MANY; i++) {
    assert_int_equal(zn_mapping_release(mappings[i * 7 % MANY]), 0);
  }
  close(file);
}

static void test_neighbours_leave_together(void **state) {
  int file = file_make(page_bytes, 1);
  struct zn_mapping *mappings[MANY];
  open_many(file, mappings);
  close_many(mappings);
  s_unmaps = 0;
  release_many(mappings);
  assert_true(s_unmaps < MANY / 2);
  assert_int_equal(maps_of(file), 0);
  close(file);
}

/* The kernel refuses what it would have to split. */
static void test_neighbours_leave_alone(void **state) {
  int file = file_make(page_bytes, 1);
  struct zn_mapping *mappings[MANY];
  open_many(file, mappings);
  close_many(mappings);
  s_fail_unmap_above = (size_t)page_bytes;
  release_many(mappings);
  s_fail_unmap_above = 0;
  close(file);
}

static void test_results_of_many(void **state) {
  int file = file_make(page_bytes, 1);
  struct zn_mapping *mappings[3] = {open_mapping(file, 0, page_bytes, ZN_MAPPING_READ_WRITE, 0),
                                    NULL, open_mapping(file, 0, 1, ZN_MAPPING_READ_ONLY, 0)};
  int results[3];
  s_fail_unmap = -ENOMEM;
  zn_mapping_release_all(mappings, results, 3);
  s_fail_unmap = 0;
  assert_int_equal(results[0], -ENOMEM);
  assert_int_equal(results[1], 0);
  assert_int_equal(results[2], -ENOMEM);
  *(char *)zn_mapping_address(mappings[0]) = 1; /* as before */
  zn_mapping_release_all(mappings, results, 3);
  for (int i = 0; i < 3; i++) assert_int_equal(results[i], 0);
  zn_mapping_release_all(mappings, results, 0);
  close(file);
}

/* The descriptor of what takes a file's place is looked at once a tick. */
static void test_system_calls_of_a_close(void **state) {
  int file = file_make(page_bytes, 1);
  for (int turn = 0; turn < 2; turn++) {
    if (turn == 1) zn_ledger_advance(1);
    for (int i = 0; i < 3; i++) {
      struct zn_mapping *mapping = open_mapping(file, 0, page_bytes, ZN_MAPPING_READ_ONLY, 0);
      int64_t before = zn_ledger_system_calls();
      assert_int_equal(zn_mapping_close(mapping), 0);
      int64_t calls = zn_ledger_system_calls() - before;
      if (turn > 0 || i > 0) assert_int_equal(calls, turn == 1 && i == 0 ? 2 : 1);
      assert_int_equal(zn_mapping_release(mapping), 0);
    }
  }
  close(file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, maps_before, maps_after)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_many_closed),
      TEST(test_neighbours_leave_together),
      TEST(test_neighbours_leave_alone),
      TEST(test_results_of_many),
      TEST(test_system_calls_of_a_close),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

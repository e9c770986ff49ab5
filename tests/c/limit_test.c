/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits: live bytes never pass them, whatever magazines do, and what fits is never refused. The
 * memory of the machine and of control groups is read from trees of files that the test makes.
 */
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "container.h"
#include "support/blocks.h"
#include "support/check.h"
#include "znio/znio.h"

static int unlimited(void **state) {
  assert_int_equal(zn_limit_set(ZN_LIMIT_NONE, ZN_LIMIT_NONE), 0);
  return blocks_after(state);
}

static void test_the_last_byte_fits_and_no_more(void **state) {
  assert_int_equal(zn_limit_set(1000000, ZN_LIMIT_NONE), 0);
  struct zn_magazine *other = magazine_open(2); /* what it keeps does not count */
  uint64_t kept[200];
  for (int i = 0; i < 200; i++) kept[i] = magazine_allocate(other, 4000);
  for (int i = 0; i < 200; i++) {
    assert_int_equal(zn_magazine_free(other, kept[i], ZN_CAUSE_CLOSED), 0);
  }
  struct zn_magazine *magazine = magazine_open(1);
  uint64_t handles[1000];
  uint64_t handle;
  void *out;
  for (int i = 0; i < 1000; i++) handles[i] = magazine_allocate(magazine, 1000);
  assert_int_equal(zn_magazine_allocate(magazine, 1, 0, &handle), ZN_ELIMIT);
  assert_int_equal(zn_region_open(1, 0, 0, 0, 0, &handle), ZN_ELIMIT);
  assert_int_equal(zn_region_open(ZN_REGION_SIZE_MAX, 0, 0, 0, 0, &handle), ZN_ELIMIT);
  assert_int_equal(zn_region_allocate(1, 0, &out), ZN_ELIMIT);
  assert_int_equal(zn_ledger_born(ZN_KIND_PIN, 0, 1, 0, 0, &handle), ZN_ELIMIT);
  assert_int_equal(zn_ledger_born(ZN_KIND_MAPPING, 0, 1, 0, 0, &handle), 0);
  assert_int_equal(zn_ledger_died(handle, ZN_CAUSE_CLOSED, 0), 0);
  struct zn_limit_state limit;
  zn_limit_read(&limit);
  assert_int_equal(limit.memory_live, 1000000);
  assert_int_equal(limit.strict, 1);
  assert_int_equal(zn_magazine_free(magazine, handles[0], ZN_CAUSE_CLOSED), 0);
  assert_int_equal(zn_ledger_born(ZN_KIND_PIN, 0, 1000, 0, 0, &handle), 0);
  assert_int_equal(zn_magazine_allocate(magazine, 1, 0, &handles[0]), ZN_ELIMIT);
  assert_int_equal(zn_ledger_died(handle, ZN_CAUSE_CLOSED, 0), 0);
  assert_int_equal(zn_magazine_allocate(magazine, 1000, 0, &handles[0]), 0);
  /* A retired block is dead: its memory waits, its bytes count no more. */
  assert_int_equal(zn_magazine_retire(magazine, handles[0], ZN_CAUSE_CLOSED), 0);
  assert_int_equal(zn_region_open(1000, 0, 0, 0, 0, &handles[0]), 0);
  for (int i = 0; i < 1000; i++) {
    assert_int_equal(zn_magazine_free(magazine, handles[i], ZN_CAUSE_CLOSED), 0);
  }
  zn_magazine_close(magazine);
  zn_magazine_close(other);
}

static void test_beyond_the_limit_is_counted(void **state) {
  assert_int_equal(zn_limit_set(1000, ZN_LIMIT_NONE), 0);
  uint64_t all;
  uint64_t beyond;
  uint64_t none;
  assert_int_equal(zn_region_open(1000, 0, 0, 0, 0, &all), 0);
  assert_int_equal(zn_region_open(500, 0, ZN_REGION_BEYOND_LIMIT, 0, 0, &beyond), 0);
  struct zn_limit_state limit;
  zn_limit_read(&limit);
  assert_int_equal(limit.memory_live, 1500);
  assert_int_equal(zn_region_close(all, ZN_CAUSE_CLOSED), 0);
  assert_int_equal(zn_region_open(501, 0, 0, 0, 0, &none), ZN_ELIMIT);
  assert_int_equal(zn_region_close(beyond, ZN_CAUSE_CLOSED), 0);
  assert_int_equal(zn_region_open(1000, 0, 0, 0, 0, &all), 0);
  assert_int_equal(zn_region_close(all, ZN_CAUSE_CLOSED), 0);
}

static void test_far_from_the_limit_nobody_asks(void **state) {
  assert_int_equal(zn_limit_set((int64_t)1 << 30, ZN_LIMIT_NONE), 0);
  struct zn_limit_state limit;
  zn_limit_read(&limit);
  assert_int_equal(limit.strict, 0);
  uint64_t handle;
  assert_int_equal(zn_region_open((int64_t)1 << 30, 0, 0, 0, 0, &handle), 0);
  struct zn_magazine *magazine = magazine_open(1);
  uint64_t small;
  assert_int_equal(zn_magazine_allocate(magazine, 16, 0, &small), ZN_ELIMIT);
  zn_limit_read(&limit);
  assert_int_equal(limit.strict, 1);
  assert_int_equal(zn_region_close(handle, ZN_CAUSE_CLOSED), 0);
  zn_limit_read(&limit);
  assert_int_equal(limit.strict, 0);
  assert_int_equal(zn_limit_set(0, 0), 0);
  assert_int_equal(zn_magazine_allocate(magazine, 1, 0, &small), ZN_ELIMIT);
  assert_int_equal(zn_magazine_allocate(magazine, 0, 0, &small), 0);
  assert_int_equal(zn_magazine_free(magazine, small, ZN_CAUSE_CLOSED), 0);
  zn_magazine_close(magazine);
  assert_int_equal(zn_limit_set(-1, 0), -EINVAL);
  assert_int_equal(zn_limit_set(0, -1), -EINVAL);
}

static void test_mappings_have_a_limit_of_their_own(void **state) {
  uint64_t first, second;
  assert_int_equal(zn_limit_set(ZN_LIMIT_NONE, 100), 0);
  assert_int_equal(zn_ledger_born(ZN_KIND_MAPPING, 0, 60, 0, 0, &first), 0);
  assert_int_equal(zn_ledger_born(ZN_KIND_MAPPING, 0, 41, 0, 0, &second), ZN_ELIMIT);
  assert_int_equal(zn_ledger_born(ZN_KIND_MAPPING, 0, 40, 0, 0, &second), 0);
  struct zn_limit_state limit;
  zn_limit_read(&limit);
  assert_int_equal(limit.mapped_live, 100);
  assert_int_equal(zn_ledger_died(first, ZN_CAUSE_CLOSED, 0), 0);
  assert_int_equal(zn_ledger_died(second, ZN_CAUSE_CLOSED, 0), 0);
  zn_limit_read(&limit);
  assert_int_equal(limit.mapped_live, 0);
}

/* --- many threads --- */

enum { THREADS = 6, ROUNDS = 30000, HELD = 32 };
static int64_t s_max;
static _Atomic int64_t s_held; /* never more than what is really live */
static atomic_int s_over;
static atomic_int s_refused;
static atomic_int s_done;
static atomic_int s_failures;

static void *press(void *argument) {
  uint32_t thread = (uint32_t)(uintptr_t)argument;
  uint32_t random = thread * 2654435761U;
  struct zn_magazine *magazine = magazine_open(thread);
  struct {
    uint64_t handle;
    int64_t size;
  } held[HELD] = {{0}};
  for (int i = 0; i < ROUNDS + HELD; i++) {
    random = random * 1664525U + 1013904223U;
    int place = i < ROUNDS ? (int)(random >> 16) % HELD : i - ROUNDS;
    if (held[place].handle != 0) {
      atomic_fetch_sub(&s_held, held[place].size);
      int result = zn_magazine_free(magazine, held[place].handle, ZN_CAUSE_CLOSED);
      if (result != 0) atomic_fetch_add(&s_failures, 1);
      held[place].handle = 0;
    }
    if (i >= ROUNDS) continue;
    /* Waves, so that the limit is met and left again and again. */
    int64_t size = (int64_t)(random >> 8) % ((i / 2000) % 2 == 0 ? 60000 : 500);
    int result = zn_magazine_allocate(magazine, size, 0, &held[place].handle);
    if (result == ZN_ELIMIT) {
      atomic_fetch_add(&s_refused, 1);
    } else if (result != 0) {
      atomic_fetch_add(&s_failures, 1);
    } else {
      held[place].size = size;
      if (atomic_fetch_add(&s_held, size) + size > s_max) atomic_fetch_add(&s_over, 1);
      atomic_fetch_add(&s_done, 1);
    }
  }
  zn_magazine_close(magazine);
  return NULL;
}

static void test_threads_never_pass_the_limit(void **state) {
  s_max = 2 << 20;
  assert_int_equal(zn_limit_set(s_max, ZN_LIMIT_NONE), 0);
  pthread_t threads[THREADS];
  for (uintptr_t i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_create(&threads[i], NULL, press, (void *)(i + 1)), 0);
  }
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  assert_int_equal(atomic_load(&s_failures), 0);
  assert_int_equal(atomic_load(&s_over), 0);
  assert_int_equal(atomic_load(&s_held), 0);
  assert_true(atomic_load(&s_refused) > 0); /* or the test has tested nothing */
  assert_true(atomic_load(&s_done) > 0);
}

/* --- the machine --- */

static char s_root[] = "/tmp/znio-limit-XXXXXX";

static void put(const char *path, const char *text) {
  char full[PATH_MAX];
  snprintf(full, sizeof full, "%s%s", s_root, path);
  for (char *slash = full + strlen(s_root) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
    *slash = '\0';
    (void)mkdir(full, 0700);
    *slash = '/';
  }
  FILE *file = fopen(full, "w");
  assert_non_null(file);
  assert_true(fputs(text, file) >= 0);
  assert_int_equal(fclose(file), 0);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at) {
  return remove(path);
}

static int root_make(void **state) {
  snprintf(s_root, sizeof s_root, "/tmp/znio-limit-XXXXXX");
  return mkdtemp(s_root) == NULL;
}

static int root_remove(void **state) { return nftw(s_root, remove_one, 16, FTW_DEPTH | FTW_PHYS); }

static void expect(int64_t physical, int64_t container, int64_t used, int version) {
  struct zn_limit_machine machine;
  assert_int_equal(zn_container_read(s_root, &machine), 0);
  assert_int_equal(machine.physical_bytes, physical);
  assert_int_equal(machine.container_bytes, container);
  assert_int_equal(machine.container_used, used);
  assert_int_equal(machine.container_version, version);
}

static void test_version_2_takes_the_lowest_on_the_way_up(void **state) {
  put("/proc/meminfo", "MemTotal:       24625548 kB\nMemFree:  1 kB\n");
  put("/proc/self/cgroup", "0::/a.slice/b.scope\n");
  put("/proc/self/mountinfo",
      "22 1 0:20 / /proc rw - proc proc rw\n"
      "30 23 0:26 / /sys/fs/c\\040group rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  put("/sys/fs/c group/a.slice/memory.max", "1073741824\n");
  put("/sys/fs/c group/a.slice/memory.current", "77\n");
  put("/sys/fs/c group/a.slice/b.scope/memory.max", "max\n");
  expect((int64_t)24625548 * 1024, 1073741824, 77, 2);
  put("/sys/fs/c group/a.slice/b.scope/memory.max", "4096\n");
  put("/sys/fs/c group/a.slice/b.scope/memory.current", "88\n");
  expect((int64_t)24625548 * 1024, 4096, 88, 2);
}

static void test_version_1_in_a_container(void **state) {
  put("/proc/self/cgroup", "9:cpu:/x\n4:hugetlb,memory:/docker/1234\n0::/\n");
  put("/proc/self/mountinfo",
      "31 23 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
      "33 23 0:31 /x /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
      "35 31 0:32 /docker/1234 /sys/fs/cgroup/memory ro - cgroup cgroup rw,hugetlb,memory\n");
  put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  expect(ZN_LIMIT_NONE, ZN_LIMIT_NONE, 0, 1);
  put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912\n");
  put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "5\n");
  expect(ZN_LIMIT_NONE, 536870912, 5, 1);
}

static void test_a_path_outside_its_namespace(void **state) {
  put("/proc/self/cgroup", "0::/../../other\n");
  put("/proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  put("/sys/fs/cgroup/memory.max", "123456\n");
  expect(ZN_LIMIT_NONE, 123456, 0, 2);
}

static void test_what_cannot_be_read_is_no_limit(void **state) {
  expect(ZN_LIMIT_NONE, ZN_LIMIT_NONE, 0, 0);
  put("/proc/meminfo", "nothing\n");
  put("/proc/self/cgroup", "nonsense\n\n:::\n0:\n0::/\n");
  put("/proc/self/mountinfo",
      "x\n - \n1 2 - cgroup2\na - cgroup2 x y\n1 2 3 / /m rw - cgroup2 c rw\n");
  put("/m/memory.max", "99999999999999999999999\n");
  expect(ZN_LIMIT_NONE, ZN_LIMIT_NONE, 0, 2);
}

static void test_this_machine_can_be_read(void **state) {
  struct zn_limit_machine machine;
  assert_int_equal(zn_limit_read_machine(&machine), 0);
  assert_in_range(machine.physical_bytes, 16 << 20, (int64_t)1 << 50);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, blocks_before, unlimited)
#define TREE(name) cmocka_unit_test_setup_teardown(name, root_make, root_remove)
  const struct CMUnitTest tests[] = {
      TEST(test_the_last_byte_fits_and_no_more),
      TEST(test_beyond_the_limit_is_counted),
      TEST(test_far_from_the_limit_nobody_asks),
      TEST(test_mappings_have_a_limit_of_their_own),
      TEST(test_threads_never_pass_the_limit),
      TREE(test_version_2_takes_the_lowest_on_the_way_up),
      TREE(test_version_1_in_a_container),
      TREE(test_a_path_outside_its_namespace),
      TREE(test_what_cannot_be_read_is_no_limit),
      TEST(test_this_machine_can_be_read),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

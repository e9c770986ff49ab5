/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Blocks, magazines and quarantine. What must hold: a block is one owner's at a time, aligned as
 * said, ends once, is not reused while it is in quarantine; the counts are exact; nothing stays
 * behind when memory runs out (zn_heap_allocate is put in front of jemalloc, and fails the n-th
 * call).
 */
/* WRAP zn_heap_allocate */
/* WRAP zn_heap_allocate_zeroed */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "heap.h"
#include "magazine.h"
#include "record.h"
#include "region_class.h"
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

void *__real_zn_heap_allocate_zeroed(size_t size, size_t alignment);
void *__wrap_zn_heap_allocate_zeroed(size_t size, size_t alignment);
void *__wrap_zn_heap_allocate_zeroed(size_t size, size_t alignment) {
  return refuses() ? NULL : __real_zn_heap_allocate_zeroed(size, alignment);
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* --- size classes --- */

static void test_each_size_has_the_smallest_class(void **state) {
  assert_int_equal(zn_region_class(-1), -EINVAL);
  assert_int_equal(zn_region_class(ZN_REGION_CLASS_BYTES_MAX + 1), -EINVAL);
  assert_int_equal(zn_region_class(ZN_REGION_CLASS_BYTES_MAX), ZN_REGION_CLASSES - 1);
  assert_int_equal(zn_region_class_bytes(-1), -EINVAL);
  assert_int_equal(zn_region_class_bytes(ZN_REGION_CLASSES), -EINVAL);
  for (int64_t size = 0; size <= ZN_REGION_CLASS_BYTES_MAX; size++) {
    int region_class = zn_region_class(size);
    assert_true(zn_region_class_bytes(region_class) >= size);
    if (region_class > 0) assert_true(zn_region_class_bytes(region_class - 1) < size);
  }
}

static void test_a_class_wastes_nothing_in_jemalloc(void **state) {
  for (int i = 0; i < ZN_REGION_CLASSES; i++) {
    int64_t bytes = zn_region_class_bytes(i);
    assert_int_equal(zn_heap_real_size((size_t)bytes, (size_t)zn_class_alignment(i)), bytes);
  }
}

static void test_each_block_is_aligned_by_its_class(void **state) {
  struct zn_magazine *magazine = magazine_open(1);
  for (int i = 0; i < ZN_REGION_CLASSES; i++) {
    uint64_t handles[8];
    int64_t bytes = zn_region_class_bytes(i);
    int64_t alignment = bytes & -bytes;
    if (alignment > 4096) alignment = 4096;
    for (int k = 0; k < 8; k++) {
      handles[k] = magazine_allocate(magazine, bytes);
      char *block = zn_region_address(handles[k]);
      assert_int_equal((uintptr_t)block % (uintptr_t)alignment, 0);
      memset(block, k, (size_t)bytes);
    }
    for (int k = 0; k < 8; k++) {
      char *block = zn_region_address(handles[k]);
      assert_int_equal(block[0], k);
      assert_int_equal(block[bytes - 1], k);
      assert_int_equal(zn_magazine_free(magazine, handles[k], ZN_CAUSE_CLOSED), 0);
    }
  }
  zn_magazine_close(magazine);
}

/* A size rounded up to an alignment has a class that is aligned so (region.h). */
static void test_rounding_up_a_size_gives_its_alignment(void **state) {
  for (int64_t alignment = 16; alignment <= 4096; alignment *= 2) {
    for (int64_t size = alignment; size <= ZN_REGION_CLASS_BYTES_MAX; size += alignment) {
      assert_int_equal(zn_region_class_bytes(zn_region_class(size)) % alignment, 0);
    }
  }
}

/* --- blocks past the magazines --- */

static void test_open_gives_every_shape(void **state) {
  static const int64_t sizes[] = {0, 1, 4095, 65536, (3 << 20) + 1, (int64_t)5 << 30};
  static const int64_t alignments[] = {0, 1, 64, 4096, 2 << 20};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    for (size_t k = 0; k < sizeof alignments / sizeof *alignments; k++) {
      uint64_t handle;
      assert_int_equal(zn_region_open(sizes[i], alignments[k], ZN_REGION_ZEROED, 7, 0, &handle), 0);
      char *block = zn_region_address(handle);
      assert_non_null(block);
      if (alignments[k] > 0) assert_int_equal((uintptr_t)block % (uintptr_t)alignments[k], 0);
      if (sizes[i] > 0) assert_int_equal(block[0] | block[sizes[i] - 1], 0);
      if (sizes[i] > 0) block[0] = block[sizes[i] - 1] = 1;
      assert_int_equal(zn_region_close(handle, ZN_CAUSE_CLOSED), 0);
      assert_null(zn_region_address(handle));
      assert_int_equal(zn_region_close(handle, ZN_CAUSE_CLOSED), -EALREADY);
    }
  }
}

static void test_bad_shapes_are_refused(void **state) {
  static const struct {
    int64_t size, alignment;
    unsigned flags;
    int result;
  } cases[] = {{-1, 0, 0, -EINVAL},
               {INT64_MIN, 0, 0, -EINVAL},
               {INT64_MAX, 0, 0, -EINVAL},
               {ZN_REGION_SIZE_MAX + 1, 0, 0, -EINVAL},
               {ZN_REGION_SIZE_MAX, 0, 0, -ENOMEM},
               {8, 3, 0, -EINVAL},
               {8, -16, 0, -EINVAL},
               {8, ZN_REGION_ALIGNMENT_MAX * 2, 0, -EINVAL},
               {8, 0, 4, -EINVAL}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint64_t handle = 1;
    assert_int_equal(
        zn_region_open(cases[i].size, cases[i].alignment, cases[i].flags, 0, 0, &handle),
        cases[i].result);
    assert_int_equal(handle, 0);
  }
  void *out;
  assert_int_equal(zn_region_allocate(0, 0, &out), -EINVAL);
  assert_int_equal(zn_region_allocate(ZN_REGION_SIZE_MAX, 0, &out), -ENOMEM);
  uint64_t handle;
  struct zn_magazine *magazine = magazine_open(1);
  assert_int_equal(zn_magazine_allocate(magazine, -1, 0, &handle), -EINVAL);
  assert_int_equal(zn_magazine_allocate(magazine, ZN_REGION_CLASS_BYTES_MAX + 1, 0, &handle),
                   -EINVAL);
  assert_int_equal(zn_magazine_refill(magazine, ZN_REGION_CLASSES), -EINVAL);
  assert_int_equal(zn_magazine_flush(magazine, -1), -EINVAL);
  zn_magazine_close(magazine);
}

static void test_what_is_no_handle_is_refused(void **state) {
  struct zn_magazine *magazine = magazine_open(1);
  uint64_t handle = magazine_allocate(magazine, 64);
  uint64_t block = (uint64_t)(uintptr_t)zn_region_address(handle);
  const uint64_t bad[] = {0,
                          1,
                          64,
                          block,
                          handle + 1,
                          handle + 8,
                          handle | (uint64_t)1 << 63,
                          UINT64_MAX,
                          (uint64_t)(uintptr_t)&handle};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    assert_int_equal(zn_magazine_free(magazine, bad[i], ZN_CAUSE_CLOSED), -EINVAL);
    assert_int_equal(zn_magazine_retire(magazine, bad[i], ZN_CAUSE_CLOSED), -EINVAL);
    assert_int_equal(zn_region_close(bad[i], ZN_CAUSE_CLOSED), -EINVAL);
    assert_int_equal(zn_ledger_died(bad[i], ZN_CAUSE_CLOSED, 0), -EINVAL);
    assert_null(zn_region_address(bad[i]));
  }
  assert_int_equal(zn_region_close(handle, 3), -EINVAL);
  assert_int_equal(zn_ledger_died(handle, ZN_CAUSE_CLOSED, 0), -EINVAL); /* a block */
  assert_int_equal(zn_region_close(handle, ZN_CAUSE_CLOSED), 0);
  zn_magazine_close(magazine);
}

static void test_a_stale_handle_never_ends_the_next_life(void **state) {
  struct zn_magazine *magazine = magazine_open(1);
  uint64_t stale = magazine_allocate(magazine, 64);
  assert_int_equal(zn_magazine_free(magazine, stale, ZN_CAUSE_CLOSED), 0);
  for (int i = 0; i < 1000; i++) {
    uint64_t handle = magazine_allocate(magazine, 64);
    assert_ptr_equal(zn_record_of(handle), zn_record_of(stale)); /* last in, first out */
    assert_int_equal(zn_magazine_free(magazine, stale, ZN_CAUSE_CLOSED), -EALREADY);
    assert_int_equal(zn_region_retire(stale, ZN_CAUSE_CLOSED), -EALREADY);
    assert_null(zn_region_address(stale));
    assert_non_null(zn_region_address(handle));
    assert_int_equal(zn_magazine_free(magazine, handle, ZN_CAUSE_CLOSED), 0);
  }
  zn_magazine_close(magazine);
  zn_region_trim(); /* the memory is jemalloc's now, the record is still known */
  assert_int_equal(zn_region_close(stale, ZN_CAUSE_CLOSED), -EALREADY);
}

/* --- refill and flush --- */

static void test_refill_and_flush_pass_records(void **state) {
  uint64_t records[100];
  for (int i = 0; i < ZN_REGION_CLASSES; i += 7) {
    int count = zn_region_refill(i, 100, records);
    assert_in_range(count, 1, 100);
    for (int k = 0; k < count; k++) {
      struct zn_record *record = zn_record_find(records[k]);
      assert_non_null(record);
      assert_int_equal(zn_word_state(zn_record_word(record)), ZN_STATE_FREE);
      memset((void *)(uintptr_t)record->address, 1, (size_t)zn_region_class_bytes(i));
    }
    int other = i == 0 ? 1 : 0;
    assert_int_equal(zn_region_flush(other, count, records), -EINVAL);
    assert_int_equal(zn_region_flush(i, count, records), 0);
  }
  assert_int_equal(zn_region_refill(-1, 1, records), -EINVAL);
  assert_int_equal(zn_region_refill(ZN_REGION_CLASSES, 1, records), -EINVAL);
  assert_int_equal(zn_region_refill(0, 0, records), -EINVAL);
  assert_int_equal(zn_region_refill(0, 65537, records), -EINVAL);
  assert_int_equal(zn_region_flush(0, -1, records), -EINVAL);
  records[0] = 12345;
  assert_int_equal(zn_region_flush(0, 1, records), -EINVAL);
}

static void test_a_magazine_stays_within_its_bytes(void **state) {
  struct zn_magazine *magazine = magazine_open(1);
  enum { COUNT = 64 };
  uint64_t handles[COUNT];
  for (int i = 0; i < ZN_REGION_CLASSES; i++) {
    for (int k = 0; k < COUNT; k++) {
      handles[k] = magazine_allocate(magazine, zn_region_class_bytes(i));
    }
    for (int k = 0; k < COUNT; k++) {
      assert_int_equal(zn_magazine_free(magazine, handles[k], ZN_CAUSE_CLOSED), 0);
      struct zn_ledger_idle idle;
      zn_ledger_read_idle(&idle);
      assert_in_range(idle.magazine_bytes, 0, ZN_MAGAZINE_BYTES_MAX);
      assert_in_range(idle.depot_bytes, 0, 2 * ZN_QUARANTINE_BYTES_MAX);
    }
  }
  int64_t sum = 0;
  for (int i = 0; i < ZN_REGION_CLASSES; i++) {
    sum += magazine->stacks[i].count * magazine->stacks[i].class_bytes;
    assert_true(magazine->stacks[i].count <= magazine->stacks[i].capacity);
  }
  assert_int_equal(sum, magazine->cached);
  zn_magazine_trim(magazine, 1000);
  assert_true(magazine->cached <= 1000);
  assert_true(zn_magazine_refill(magazine, 0) > 0);
  zn_magazine_trim(magazine, -INT64_MAX);
  assert_int_equal(magazine->cached, 0);
  for (int i = 0; i < ZN_REGION_CLASSES; i++) assert_int_equal(magazine->stacks[i].count, 0);
  zn_magazine_close(magazine);
}

static void test_decay_gives_back_what_nobody_needs(void **state) {
  struct zn_magazine *magazine = magazine_open(1);
  uint64_t handles[1000];
  for (int i = 0; i < 1000; i++) handles[i] = magazine_allocate(magazine, 1024);
  for (int i = 0; i < 1000; i++) {
    assert_int_equal(zn_magazine_free(magazine, handles[i], ZN_CAUSE_CLOSED), 0);
  }
  struct zn_ledger_idle idle;
  zn_ledger_read_idle(&idle);
  assert_in_range(idle.depot_items, 800, 1000);
  zn_region_decay(); /* the least since the start was none: all stays */
  int64_t items = idle.depot_items;
  zn_ledger_read_idle(&idle);
  assert_int_equal(idle.depot_items, items);
  zn_region_decay();
  zn_ledger_read_idle(&idle);
  assert_int_equal(idle.depot_items, 0);
  zn_magazine_close(magazine);
}

/* --- what generated code does: by the constants alone --- */

static int64_t s_constants[ZN_REGION_CONSTANTS];
#define CONSTANT(name) s_constants[ZN_REGION_##name]

static int64_t load_long(uint64_t address) {
  return __atomic_load_n((int64_t *)(uintptr_t)address, __ATOMIC_RELAXED);
}
static void store_long(uint64_t address, int64_t value) {
  __atomic_store_n((int64_t *)(uintptr_t)address, value, __ATOMIC_RELEASE);
}
static int32_t load_int(uint64_t address) {
  return __atomic_load_n((int32_t *)(uintptr_t)address, __ATOMIC_RELAXED);
}
static void store_int(uint64_t address, int32_t value) {
  __atomic_store_n((int32_t *)(uintptr_t)address, value, __ATOMIC_RELEASE);
}
static void add_long(uint64_t address, int64_t value) {
  store_long(address, load_long(address) + value);
}

static uint64_t generated_allocate(uint64_t magazine, int64_t size) {
  uint64_t stack = magazine + (uint64_t)(CONSTANT(MAGAZINE_STACKS) +
                                         zn_region_class(size) * CONSTANT(STACK_BYTES));
  int32_t count = load_int(stack + (uint64_t)CONSTANT(STACK_COUNT));
  if (count == 0) {
    count = zn_magazine_refill((struct zn_magazine *)(uintptr_t)magazine, zn_region_class(size));
    assert_true(count > 0);
  }
  add_long(magazine + (uint64_t)CONSTANT(MAGAZINE_BORN_ITEMS), 1);
  add_long(magazine + (uint64_t)CONSTANT(MAGAZINE_BORN_BYTES), size);
  assert_int_equal(load_int((uint64_t)CONSTANT(STRICT_ADDRESS)), 0);
  uint64_t slots = (uint64_t)load_long(stack + (uint64_t)CONSTANT(STACK_SLOTS));
  uint64_t record = (uint64_t)load_long(slots + 8 * (uint64_t)(count - 1));
  store_int(stack + (uint64_t)CONSTANT(STACK_COUNT), count - 1);
  add_long(magazine + (uint64_t)CONSTANT(MAGAZINE_CACHED),
           -load_long(stack + (uint64_t)CONSTANT(STACK_CLASS_BYTES)));
  int64_t birth = load_int((uint64_t)CONSTANT(TICK_ADDRESS)) | (int64_t)9
                                                                   << CONSTANT(BIRTH_THREAD_SHIFT);
  store_long(record + (uint64_t)CONSTANT(RECORD_BIRTH), birth);
  store_int(record + (uint64_t)CONSTANT(RECORD_SITE), 0);
  int64_t generation =
      load_long(record + (uint64_t)CONSTANT(RECORD_WORD)) >> CONSTANT(WORD_GENERATION_SHIFT) &
      CONSTANT(WORD_GENERATION_MASK);
  store_long(record + (uint64_t)CONSTANT(RECORD_WORD),
             size << CONSTANT(WORD_SIZE_SHIFT) | generation << CONSTANT(WORD_GENERATION_SHIFT) |
                 ZN_STATE_LIVE);
  return record | (uint64_t)generation << CONSTANT(HANDLE_RECORD_BITS);
}

static void test_the_constants_suffice(void **state) {
  assert_int_equal(zn_region_constants(s_constants, ZN_REGION_CONSTANTS), ZN_REGION_CONSTANTS);
  for (int i = 0; i < ZN_REGION_CONSTANTS; i++) assert_non_null(zn_region_constant_name(i));
  assert_string_equal(zn_region_constant_name(ZN_REGION_RECORD_WORD), "RECORD_WORD");
  assert_null(zn_region_constant_name(ZN_REGION_CONSTANTS));
  assert_int_equal(CONSTANT(CLASSES_COUNT), ZN_REGION_CLASSES);
  struct zn_magazine *magazine = magazine_open(9);
  uint64_t handles[300];
  for (int i = 0; i < 300; i++) {
    handles[i] = generated_allocate((uint64_t)(uintptr_t)magazine, 100);
    uint64_t record = handles[i] & (((uint64_t)1 << CONSTANT(HANDLE_RECORD_BITS)) - 1);
    assert_ptr_equal(zn_region_address(handles[i]),
                     (void *)(uintptr_t)load_long(record + (uint64_t)CONSTANT(RECORD_ADDRESS)));
  }
  struct zn_ledger_totals totals;
  zn_ledger_read(&totals);
  assert_int_equal(totals.regions - blocks_at_start.regions, 300);
  assert_int_equal(totals.region_bytes - blocks_at_start.region_bytes, 30000);
  for (int i = 0; i < 300; i++) {
    assert_int_equal(zn_magazine_free(magazine, handles[i], ZN_CAUSE_CLOSED), 0);
  }
  zn_magazine_close(magazine);
}

/* --- memory runs out --- */

static void test_nothing_stays_when_memory_runs_out(void **state) {
  uint64_t handle;
  struct zn_magazine *magazine = magazine_open(1);
  for (int left = 0; left < 3; left++) {
    t_allocations_left = left;
    int result = zn_magazine_allocate(magazine, 300, 0, &handle);
    t_allocations_left = -1;
    assert_int_equal(result, left == 0 ? -ENOMEM : 0);
    if (result == 0) assert_int_equal(zn_magazine_free(magazine, handle, ZN_CAUSE_CLOSED), 0);
    zn_magazine_trim(magazine, 0);
    zn_region_trim();
  }
  t_allocations_left = 0;
  struct zn_magazine *none;
  void *out;
  assert_int_equal(zn_magazine_open(1, &none), -ENOMEM);
  assert_null(none);
  assert_int_equal(zn_region_open(100, 0, 0, 0, 0, &handle), -ENOMEM);
  assert_int_equal(zn_region_open(100, 0, ZN_REGION_ZEROED, 0, 0, &handle), -ENOMEM);
  assert_int_equal(zn_region_allocate(100, 0, &out), -ENOMEM);
  t_allocations_left = -1;
  zn_magazine_close(magazine);
}

/* --- figures --- */

static void test_figures_of_jemalloc(void **state) {
  struct zn_region_statistics small, large;
  assert_int_equal(zn_region_read_statistics(&small), 0);
  uint64_t handle;
  assert_int_equal(zn_region_open(64 << 20, 0, 0, 0, 0, &handle), 0);
  memset(zn_region_address(handle), 1, 64 << 20);
  assert_int_equal(zn_region_read_statistics(&large), 0);
  assert_true(large.allocated - small.allocated >= 64 << 20);
  assert_true(large.active >= large.allocated);
  assert_true(large.resident >= large.active);
  assert_int_equal(zn_region_close(handle, ZN_CAUSE_CLOSED), 0);
  zn_region_trim();
  zn_region_thread_flush();
  assert_int_equal(zn_region_read_statistics(&small), 0);
  assert_true(large.resident - small.resident >= 60 << 20);
}

/* Nobody allocates or frees meanwhile: jemalloc alone would keep it. */
static void test_idle_memory_goes_back_to_the_kernel(void **state) {
  enum { BLOCKS = 32 };
  uint64_t handles[BLOCKS];
  for (int i = 0; i < BLOCKS; i++) {
    assert_int_equal(zn_region_open(1 << 20, 0, 0, 0, 0, &handles[i]), 0);
    memset(zn_region_address(handles[i]), 1, 1 << 20);
  }
  for (int i = 0; i < BLOCKS; i++) {
    assert_int_equal(zn_region_close(handles[i], ZN_CAUSE_CLOSED), 0);
  }
  struct zn_region_statistics before, now;
  assert_int_equal(zn_region_read_statistics(&before), 0);
  const struct timespec pause = {.tv_nsec = 100000000L};
  int64_t given = 0;
  for (int i = 0; i < 400 && given < 24 << 20; i++) {
    zn_region_decay();
    nanosleep(&pause, NULL);
    assert_int_equal(zn_region_read_statistics(&now), 0);
    given = before.resident - now.resident;
  }
  assert_true(given >= 24 << 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_each_size_has_the_smallest_class, blocks_before,
                                      blocks_after),
      cmocka_unit_test_setup_teardown(test_a_class_wastes_nothing_in_jemalloc, blocks_before,
                                      blocks_after),
      cmocka_unit_test_setup_teardown(test_each_block_is_aligned_by_its_class, blocks_before,
                                      blocks_after),
      cmocka_unit_test_setup_teardown(test_rounding_up_a_size_gives_its_alignment, blocks_before,
                                      blocks_after),
      cmocka_unit_test_setup_teardown(test_open_gives_every_shape, blocks_before, blocks_after),
      cmocka_unit_test_setup_teardown(test_bad_shapes_are_refused, blocks_before, blocks_after),
      cmocka_unit_test_setup_teardown(test_what_is_no_handle_is_refused, blocks_before,
                                      blocks_after),
      cmocka_unit_test_setup_teardown(test_a_stale_handle_never_ends_the_next_life, blocks_before,
                                      blocks_after),
      cmocka_unit_test_setup_teardown(test_refill_and_flush_pass_records, blocks_before,
                                      blocks_after),
      cmocka_unit_test_setup_teardown(test_a_magazine_stays_within_its_bytes, blocks_before,
                                      blocks_after),
      cmocka_unit_test_setup_teardown(test_decay_gives_back_what_nobody_needs, blocks_before,
                                      blocks_after),
      cmocka_unit_test_setup_teardown(test_the_constants_suffice, blocks_before, blocks_after),
      cmocka_unit_test_setup_teardown(test_nothing_stays_when_memory_runs_out, blocks_before,
                                      blocks_after),
      cmocka_unit_test_setup_teardown(test_figures_of_jemalloc, blocks_before, blocks_after),
      cmocka_unit_test_setup_teardown(test_idle_memory_goes_back_to_the_kernel, blocks_before,
                                      blocks_after),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing that was written to memory before is seen in memory that is asked for with zeros: blocks
 * come back by each way there is, of the same size and of others, and some of the dirty ones must
 * be among the new, or the test would see nothing.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "support/blocks.h"
#include "support/check.h"
#include "znio/znio.h"

#define COUNT 32
#define DIRT 0xa5

static const int64_t s_sizes[] = {1, 16, 100, 4096, 5000, 32768, 65536, 300000, 1 << 20, 3 << 20};
enum { SIZES = sizeof s_sizes / sizeof *s_sizes };

static uint64_t s_dirty[COUNT]; /* where the dirt was */

static uint64_t open_zeroed(int64_t size) {
  uint64_t handle;
  assert_int_equal(zn_region_open(size, 0, ZN_REGION_ZEROED, 1, 0, &handle), 0);
  const unsigned char *bytes = zn_region_address(handle);
  for (int64_t i = 0; i < size; i++) {
    if (bytes[i] != 0) fail_msg("byte %ld of %ld is %d", (long)i, (long)size, bytes[i]);
  }
  return handle;
}

static void soil(uint64_t handle, int64_t size, int i) {
  memset(zn_region_address(handle), DIRT, (size_t)size);
  s_dirty[i] = (uint64_t)(uintptr_t)zn_region_address(handle);
}

/* returns: how many of the new blocks lie where the dirt was. */
static int take_all_zeroed(int64_t size) {
  uint64_t handles[COUNT];
  int again = 0;
  for (int i = 0; i < COUNT; i++) {
    handles[i] = open_zeroed(size);
    for (int d = 0; d < COUNT; d++) {
      again += s_dirty[d] == (uint64_t)(uintptr_t)zn_region_address(handles[i]);
    }
  }
  for (int i = 0; i < COUNT; i++) {
    assert_int_equal(zn_region_close(handles[i], ZN_CAUSE_CLOSED), 0);
  }
  return again;
}

/* The same size, then half of it and twice as much, which jemalloc cuts out of the same pages. */
static int take_sizes_zeroed(int64_t size) {
  int again = take_all_zeroed(size);
  again += take_all_zeroed((size + 1) / 2);
  return again + take_all_zeroed(size * 2);
}

static void blocks_that_were_closed(void **state) {
  int again = 0;
  for (int s = 0; s < SIZES; s++) {
    uint64_t handles[COUNT];
    for (int i = 0; i < COUNT; i++) {
      assert_int_equal(zn_region_open(s_sizes[s], 0, 0, 1, 0, &handles[i]), 0);
      soil(handles[i], s_sizes[s], i);
    }
    for (int i = 0; i < COUNT; i++) {
      assert_int_equal(zn_region_close(handles[i], ZN_CAUSE_CLOSED), 0);
    }
    again += take_sizes_zeroed(s_sizes[s]);
  }
  assert_true(again > 0);
}

/* Magazine, depot and jemalloc: each hands the dirt on. */
static void blocks_of_a_magazine(void **state) {
  int again = 0;
  for (int s = 0; s_sizes[s] <= ZN_REGION_CLASS_BYTES_MAX; s++) {
    struct zn_magazine *magazine = magazine_open(1);
    uint64_t handles[COUNT];
    for (int i = 0; i < COUNT; i++) {
      handles[i] = magazine_allocate(magazine, s_sizes[s]);
      soil(handles[i], s_sizes[s], i);
    }
    for (int i = 0; i < COUNT; i++) {
      assert_int_equal(zn_magazine_free(magazine, handles[i], ZN_CAUSE_CLOSED), 0);
    }
    again += take_sizes_zeroed(s_sizes[s]);
    zn_magazine_close(magazine);
    again += take_sizes_zeroed(s_sizes[s]);
    zn_region_trim();
    again += take_sizes_zeroed(s_sizes[s]);
  }
  assert_true(again > 0);
}

static void blocks_of_the_quarantine(void **state) {
  int again = 0;
  for (int s = 0; s < SIZES; s++) {
    uint64_t handles[COUNT];
    int64_t batch;
    bool full;
    for (int i = 0; i < COUNT; i++) {
      assert_int_equal(zn_region_open(s_sizes[s], 0, 0, 1, 0, &handles[i]), 0);
      soil(handles[i], s_sizes[s], i);
    }
    for (int i = 0; i < COUNT; i++) {
      assert_true(zn_region_retire(handles[i], ZN_CAUSE_CLOSED) >= 0);
    }
    assert_int_equal(zn_quarantine_begin(&batch, &full), COUNT);
    assert_int_equal(take_all_zeroed(s_sizes[s]), 0); /* not before the batch has ended */
    assert_int_equal(zn_quarantine_end(batch), 0);
    again += take_sizes_zeroed(s_sizes[s]);
  }
  assert_true(again > 0);
}

static void blocks_without_a_record(void **state) {
  int again = 0;
  for (int s = 0; s < SIZES; s++) {
    void *blocks[COUNT];
    for (int i = 0; i < COUNT; i++) {
      assert_int_equal(zn_region_allocate(s_sizes[s], 0, &blocks[i]), 0);
      memset(blocks[i], DIRT, (size_t)s_sizes[s]);
      s_dirty[i] = (uint64_t)(uintptr_t)blocks[i];
    }
    for (int i = 0; i < COUNT; i++) zn_region_free(blocks[i], s_sizes[s], 0);
    again += take_sizes_zeroed(s_sizes[s]);
  }
  assert_true(again > 0);
}

/* What the kernel gives: anonymous mappings and shared memory. */
static void pages_of_the_kernel(void **state) {
  const int64_t size = 1 << 20;
  for (int i = 0; i < COUNT; i++) {
    struct zn_mapping *mapping;
    int fd;
    assert_int_equal(zn_mapping_open(-1, 0, size, ZN_MAPPING_READ_WRITE, NULL, &mapping), 0);
    assert_int_equal(zn_memfd_create(size, &fd), 0);
    void *shared = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(shared != MAP_FAILED);
    unsigned char *pages[] = {zn_mapping_address(mapping), shared};
    for (int p = 0; p < 2; p++) {
      for (int64_t at = 0; at < size; at++) {
        if (pages[p][at] != 0) fail_msg("byte %ld is %d", (long)at, pages[p][at]);
      }
      memset(pages[p], DIRT, (size_t)size);
    }
    munmap(shared, (size_t)size);
    assert_int_equal(zn_mapping_release(mapping), 0);
    assert_int_equal(zn_memfd_close(fd), 0);
  }
}

#define CLEAN(test) cmocka_unit_test_setup_teardown(test, blocks_before, blocks_after)

int main(void) {
  const struct CMUnitTest tests[] = {
      CLEAN(blocks_that_were_closed), CLEAN(blocks_of_a_magazine), CLEAN(blocks_of_the_quarantine),
      CLEAN(blocks_without_a_record), CLEAN(pages_of_the_kernel),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

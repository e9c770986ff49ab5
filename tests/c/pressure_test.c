/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits of the system that the process has reached for real: no more mappings, no more
 * descriptors. A JVM does not live long there, so this is C. Ends still end, what can do without
 * goes on, and when there is room again nothing is missing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/balance.h"
#include "support/check.h"
#include "support/ends.h"
#include "support/maps.h"
#include "znio/znio.h"

#define FEW 40
#define SIZE 200000

/* Under a sanitizer the process has mappings, and a need of new ones, that are not ours. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

static void **s_fill;
static int s_filled;

/* Shared anonymous memory is never merged with its neighbour. */
static void take_all_mappings(int most) {
  for (s_filled = 0; s_filled < most; s_filled++) {
    void *page = mmap(NULL, (size_t)page_bytes, PROT_NONE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) break;
    s_fill[s_filled] = page;
  }
}

static void give_mappings_back(void) {
  while (s_filled > 0) munmap(s_fill[--s_filled], (size_t)page_bytes);
}

static int mappings_max(void) {
  char text[32] = "";
  FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
  if (file == NULL) return 0;
  if (fgets(text, sizeof text, file) == NULL) text[0] = '\0';
  fclose(file);
  return atoi(text);
}

/* Nothing is asserted while there is no room: a failure would be reported through memory. */
static void test_close_without_a_mapping_left(void **state) {
  int most = mappings_max();
  if (SANITIZED || most <= 0 || most > 300000) skip();
  int file = file_make(4 * page_bytes, 1);
  struct zn_mapping *mappings[FEW];
  int closed[FEW];
  /* Pairs of one file's neighbouring pages, which the kernel may merge, and single pages. */
  for (int i = 0; i < FEW; i++) {
    mappings[i] = open_mapping(file, i % 3 * page_bytes, page_bytes, ZN_MAPPING_READ_WRITE, 0);
  }
  s_fill = calloc((size_t)most + 1, sizeof *s_fill);
  assert_non_null(s_fill);
  take_all_mappings(most + 1);
  int filled = s_filled;
  struct zn_mapping_options none = {0};
  struct zn_mapping *refused;
  int opened = zn_mapping_open(file, 0, page_bytes, ZN_MAPPING_READ_WRITE, &none, &refused);
  for (int i = 0; i < FEW; i++) closed[i] = zn_mapping_close(mappings[i * 7 % FEW]);
  give_mappings_back();
  free((void *)s_fill);
  assert_true(filled > 1000 && filled <= most);
  assert_int_equal(opened, -ENOMEM);
  for (int i = 0; i < FEW; i++) assert_int_equal(closed[i], 0);
  assert_int_equal(maps_of(file), 0);
  for (int i = 0; i < FEW; i++) assert_int_equal(zn_mapping_release(mappings[i]), 0);
  close(file);
}

static int64_t to_file(const struct pair *pair, int file, int path, struct zn_receipt *receipt) {
  struct zn_end source = end_of(pair->kind, pair->reader);
  struct zn_end target = end_file(file, 0);
  struct zn_transfer_options options = {.path = path};
  return zn_transfer(&source, &target, SIZE, &options, receipt);
}

/* Splice needs a pipe, and a pipe two descriptors: reads and writes do without. */
static void test_transfer_without_a_descriptor_left(void **state) {
  static uint8_t bytes[SIZE];
  fill_pattern(bytes, SIZE, 7);
  struct pair pair = pair_open(PAIR_UNIX);
  int file = file_make(1, 1);
  zn_pipe_trim();
  struct rlimit before;
  assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
  struct rlimit none = {.rlim_cur = 3, .rlim_max = before.rlim_max};
  struct feeder feeder;
  feeder_start(&feeder, pair.writer, bytes, SIZE);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
  struct zn_receipt receipt = {0};
  int64_t forced = to_file(&pair, file, ZN_PATH_SPLICE, &receipt);
  receipt = (struct zn_receipt){0};
  int64_t moved = to_file(&pair, file, ZN_PATH_AUTO, &receipt);
  assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
  assert_int_equal(forced, -EMFILE);
  assert_int_equal(moved, SIZE);
  assert_int_equal(receipt.path, ZN_PATH_READ_WRITE);
  assert_int_equal(receipt.declined_path, ZN_PATH_SPLICE);
  assert_int_equal(receipt.declined_reason, -EMFILE);
  assert_file_holds(file, 0, bytes, SIZE);
  feeder_join(&feeder);
  close(pair.reader);
  close(file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_close_without_a_mapping_left, maps_before, maps_after),
      cmocka_unit_test_setup_teardown(test_transfer_without_a_descriptor_left, balance_setup,
                                      balance_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

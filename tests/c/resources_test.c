/* SPDX-License-Identifier: Apache-2.0 */
/* WRAP zn_heap_allocate */
/* WRAP zn_record_take */
/*
 * Pins, memfds and mappings are in the ledger from before they exist until they end, count in the
 * right limit, and leave no trace when they cannot be made.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "record.h"
#include "support/balance.h"
#include "support/check.h"
#include "support/ends.h"
#include "znio/znio.h"

/* Faults: how many allocations, and records, are still to be had; -1: no end of them. */
static int s_heap_left = -1;
static int s_records_left = -1;

static bool is_spent(int *left) {
  if (*left > 0) (*left)--;
  return *left == 0;
}

void *__real_zn_heap_allocate(size_t size, size_t alignment);
void *__wrap_zn_heap_allocate(size_t size, size_t alignment);
void *__wrap_zn_heap_allocate(size_t size, size_t alignment) {
  return is_spent(&s_heap_left) ? NULL : __real_zn_heap_allocate(size, alignment);
}

int __real_zn_record_take(int count, struct zn_record **records);
int __wrap_zn_record_take(int count, struct zn_record **records);
int __wrap_zn_record_take(int count, struct zn_record **records) {
  return is_spent(&s_records_left) ? 0 : __real_zn_record_take(count, records);
}

static struct zn_ledger_kind kind_of(int kind) {
  struct zn_ledger_kind totals;
  assert_int_equal(zn_ledger_read_kind(kind, &totals), 0);
  return totals;
}

static struct zn_limit_state limit_now(void) {
  struct zn_limit_state limit;
  zn_limit_read(&limit);
  return limit;
}

static int setup(void **state) {
  assert_int_equal(zn_limit_set(ZN_LIMIT_NONE, ZN_LIMIT_NONE), 0);
  return balance_setup(state);
}

static int teardown(void **state) {
  s_heap_left = -1;
  s_records_left = -1;
  assert_int_equal(zn_limit_set(ZN_LIMIT_NONE, ZN_LIMIT_NONE), 0);
  assert_int_equal(limit_now().memory_live, 0);
  assert_int_equal(limit_now().memory_taken, 0);
  assert_int_equal(limit_now().mapped_live, 0);
  return balance_teardown(state);
}

/* The live entry that handle names. */
static struct zn_ledger_entry entry_of(uint64_t handle) {
  struct zn_ledger_entry entry;
  uint64_t cursor = 0;
  while (zn_ledger_next(&cursor, 1U << ZN_STATE_LIVE, &entry, 1) == 1) {
    if (entry.handle == handle) return entry;
  }
  fail_msg("handle %llx is not live", (unsigned long long)handle);
  return entry;
}

/* --- pins --- */

static const int s_lending[] = {ZN_PATH_MSG_ZEROCOPY, ZN_PATH_URING_SEND_ZC};

/* A socket whose peer does not read, and memory for it. */
struct stalled {
  struct pair pair;
  uint8_t *bytes;
  struct zn_receipt receipt;
};

#define STALLED_BYTES (32 * MIB)

static struct stalled stalled_open(bool blocking) {
  struct stalled stalled = {.pair = pair_open(PAIR_TCP4), .bytes = malloc(STALLED_BYTES)};
  if (!blocking) set_nonblocking(stalled.pair.writer);
  fill_pattern(stalled.bytes, STALLED_BYTES, 5);
  return stalled;
}

static int64_t stalled_send(struct stalled *stalled, int path, uint32_t flags, int64_t count) {
  struct zn_transfer_options options = {.path = path, .flags = flags};
  struct zn_end source = end_memory(stalled->bytes);
  struct zn_end target = end_of(ZN_END_TCP, stalled->pair.writer);
  return zn_transfer(&source, &target, count, &options, &stalled->receipt);
}

/* Lets the peer read all, and ends the pin. */
static void stalled_close(struct stalled *stalled, int64_t moved) {
  struct collector collector;
  collector_start(&collector, stalled->pair.reader);
  settle(&stalled->receipt);
  end_stream(&stalled->pair, &collector, stalled->bytes, moved);
  free(stalled->bytes);
}

static void test_a_pin_is_what_was_sent(void **state) {
  for (int i = 0; i < 2; i++) {
    struct zn_ledger_kind start = kind_of(ZN_KIND_PIN);
    struct stalled stalled = stalled_open(false);
    int64_t moved = stalled_send(&stalled, s_lending[i], 0, STALLED_BYTES);
    assert_in_range(moved, 1, STALLED_BYTES - 1);
    assert_non_null(stalled.receipt.pin);
    uint64_t record = zn_pin_record(stalled.receipt.pin);
    assert_int_equal(zn_ledger_set_birth(record, 77, 5), 0);
    struct zn_ledger_entry entry = entry_of(record);
    assert_int_equal(entry.kind, ZN_KIND_PIN);
    assert_int_equal(entry.address, (uintptr_t)stalled.bytes);
    assert_int_equal(entry.size, moved);
    assert_int_equal(entry.thread, 77);
    assert_int_equal(entry.site, 5);
    assert_int_equal(entry.birth, zn_ledger_tick());
    struct zn_ledger_totals totals;
    zn_ledger_read(&totals);
    assert_int_equal(totals.pin_bytes, moved);
    assert_int_equal(limit_now().memory_live, moved);
    assert_int_equal(limit_now().memory_taken, moved);
    struct zn_receipt first = stalled.receipt; /* a full socket takes nothing: nothing is lent */
    assert_int_equal(stalled_send(&stalled, s_lending[i], 0, STALLED_BYTES), -EAGAIN);
    stalled.receipt = first;
    stalled_close(&stalled, moved);
    struct zn_ledger_kind end = kind_of(ZN_KIND_PIN);
    assert_int_equal(end.born_bytes - start.born_bytes, moved);
    assert_int_equal(end.died_bytes - start.died_bytes, moved);
    assert_int_equal(end.died_items - start.died_items, 1);
    assert_int_equal(end.leaked - start.leaked, 0);
    assert_int_equal(zn_ledger_set_birth(record, 1, 1), -EALREADY);
  }
}

static void test_no_more_is_lent_than_the_limit_allows(void **state) {
  for (int i = 0; i < 2; i++) {
    assert_int_equal(zn_limit_set(MIB, ZN_LIMIT_NONE), 0);
    struct stalled stalled = stalled_open(false);
    int64_t moved = stalled_send(&stalled, s_lending[i], 0, STALLED_BYTES);
    assert_in_range(moved, 1, MIB);
    assert_true(stalled.receipt.error == ZN_ELIMIT || stalled.receipt.error == -EAGAIN);
    if (moved == MIB) assert_int_equal(stalled.receipt.error, ZN_ELIMIT);
    assert_int_equal(limit_now().memory_live, stalled.receipt.pin == NULL ? 0 : moved);
    stalled_close(&stalled, moved);
  }
}

static void test_what_is_full_lends_nothing(void **state) {
  for (int i = 0; i < 2; i++) {
    struct zn_ledger_kind start = kind_of(ZN_KIND_PIN);
    uint64_t block;
    assert_int_equal(zn_limit_set(MIB, ZN_LIMIT_NONE), 0);
    assert_int_equal(zn_region_open(MIB, 0, 0, 0, 0, &block), 0);
    struct stalled stalled = stalled_open(false);
    assert_int_equal(stalled_send(&stalled, s_lending[i], 0, 1000), ZN_ELIMIT);
    assert_null(stalled.receipt.pin);
    assert_int_equal(kind_of(ZN_KIND_PIN).born_items, start.born_items);
    /* What counts as a block is not counted twice. */
    int64_t moved = stalled_send(&stalled, s_lending[i], ZN_TRANSFER_COUNTED, STALLED_BYTES);
    assert_in_range(moved, 1, STALLED_BYTES - 1);
    assert_int_equal(entry_of(zn_pin_record(stalled.receipt.pin)).size, moved);
    assert_int_equal(limit_now().memory_live, MIB);
    stalled_close(&stalled, moved);
    assert_int_equal(zn_region_close(block, ZN_CAUSE_CLOSED), 0);
    assert_int_equal(kind_of(ZN_KIND_PIN).died_items, start.died_items + 1);
  }
}

/* Blocking: the memory is the caller's again after each part. */
static void test_a_blocking_call_goes_on_in_parts(void **state) {
  int64_t size = 3 * MIB;
  for (int i = 0; i < 2; i++) {
    assert_int_equal(zn_limit_set(MIB, ZN_LIMIT_NONE), 0);
    struct stalled stalled = stalled_open(true);
    struct collector collector;
    collector_start(&collector, stalled.pair.reader);
    uint8_t *bytes = stalled.bytes;
    int64_t done = 0;
    while (done < size) {
      stalled.bytes = bytes + done;
      int64_t moved = stalled_send(&stalled, s_lending[i], 0, size - done);
      assert_in_range(moved, 1, MIB);
      done += moved;
      if (done < size) assert_int_equal(stalled.receipt.error, ZN_ELIMIT);
      settle(&stalled.receipt);
      assert_int_equal(limit_now().memory_live, 0);
    }
    end_stream(&stalled.pair, &collector, bytes, size);
    free(bytes);
  }
}

static void test_an_abandoned_pin_is_a_leak(void **state) {
  struct zn_ledger_kind start = kind_of(ZN_KIND_PIN);
  struct stalled stalled = stalled_open(false);
  int64_t moved = stalled_send(&stalled, ZN_PATH_MSG_ZEROCOPY, 0, STALLED_BYTES);
  assert_non_null(stalled.receipt.pin);
  zn_pin_release(stalled.receipt.pin);
  stalled.receipt.pin = NULL;
  assert_int_equal(kind_of(ZN_KIND_PIN).leaked - start.leaked, 1);
  stalled_close(&stalled, moved);
}

static void test_no_memory_for_a_pin(void **state) {
  struct zn_ledger_kind start = kind_of(ZN_KIND_PIN);
  struct stalled stalled = stalled_open(false);
  for (int i = 0; i < 2; i++) {
    s_heap_left = 1;
    assert_int_equal(stalled_send(&stalled, s_lending[i], 0, 1000), -ENOMEM);
    s_heap_left = -1;
    s_records_left = 1;
    assert_int_equal(stalled_send(&stalled, s_lending[i], 0, 1000), -ENOMEM);
    s_records_left = -1;
    assert_int_equal(limit_now().memory_taken, 0);
  }
  assert_int_equal(kind_of(ZN_KIND_PIN).born_items, start.born_items);
  stalled_close(&stalled, 0);
}

/* --- memfds --- */

static void test_a_memfd_is_in_the_ledger(void **state) {
  enum { COUNT = 200 };
  struct zn_ledger_kind start = kind_of(ZN_KIND_MEMFD);
  int fds[COUNT];
  for (int i = 0; i < COUNT; i++) {
    assert_int_equal(zn_memfd_create(1000 + i, &fds[i]), 0);
    assert_int_equal(zn_ledger_set_birth(zn_memfd_record(fds[i]), 9, (uint32_t)i), 0);
  }
  for (int i = 0; i < COUNT; i++) {
    struct zn_ledger_entry entry = entry_of(zn_memfd_record(fds[i]));
    assert_int_equal(entry.kind, ZN_KIND_MEMFD);
    assert_int_equal(entry.size, 1000 + i);
    assert_int_equal(entry.site, i);
  }
  struct zn_ledger_totals totals;
  zn_ledger_read(&totals);
  assert_int_equal(totals.memfds, balance.totals.memfds + COUNT);
  assert_int_equal(totals.memfd_bytes, balance.totals.memfd_bytes + 1000L * COUNT + 199 * 100L);
  assert_int_equal(zn_memfd_end(fds[0], 3), -EINVAL);
  for (int i = 0; i < COUNT; i++) {
    int cause = i % 2 == 0 ? ZN_CAUSE_LEAKED : ZN_CAUSE_CLOSED;
    assert_int_equal(zn_memfd_end(fds[i], cause), 0);
    assert_int_equal(zn_memfd_end(fds[i], cause), -EBADF);
    assert_int_equal(fcntl(fds[i], F_GETFD), -1);
  }
  struct zn_ledger_kind end = kind_of(ZN_KIND_MEMFD);
  assert_int_equal(end.died_items - start.died_items, COUNT);
  assert_int_equal(end.leaked - start.leaked, COUNT / 2);
  assert_int_equal(zn_memfd_record(fds[0]), 0);
  assert_int_equal(zn_memfd_create(ZN_REGION_SIZE_MAX + 1, &fds[0]), -EFBIG);
}

static void test_a_foreign_descriptor_is_no_memfd(void **state) {
  int file = file_make(1, 1);
  assert_int_equal(zn_memfd_close(file), -EBADF);
  assert_true(fcntl(file, F_GETFD) >= 0);
  close(file);
}

static void test_a_received_memfd_counts_for_itself(void **state) {
  struct pair pair = pair_open(PAIR_UNIX);
  int sent, received;
  int64_t size;
  assert_int_equal(zn_memfd_create(5000, &sent), 0);
  assert_int_equal(zn_memfd_send(pair.writer, sent, 5000), 0);
  assert_int_equal(zn_memfd_receive(pair.reader, &received, &size), 0);
  assert_int_equal(entry_of(zn_memfd_record(received)).size, 5000);
  assert_true(zn_memfd_record(received) != zn_memfd_record(sent));
  assert_int_equal(zn_memfd_send(pair.writer, sent, 5000), 0);
  assert_int_equal(zn_memfd_close(received), 0);
  s_records_left = 1;
  assert_int_equal(zn_memfd_receive(pair.reader, &received, &size), -ENOMEM);
  assert_int_equal(zn_memfd_close(sent), 0);
  pair_close(&pair);
}

static void test_no_memory_for_a_memfd(void **state) {
  struct zn_ledger_kind start = kind_of(ZN_KIND_MEMFD);
  int fd;
  s_heap_left = 1;
  assert_int_equal(zn_memfd_create(100, &fd), -ENOMEM);
  assert_int_equal(fd, -1);
  s_heap_left = -1;
  s_records_left = 1;
  assert_int_equal(zn_memfd_create(100, &fd), -ENOMEM);
  assert_int_equal(fd, -1);
  assert_int_equal(kind_of(ZN_KIND_MEMFD).born_items, start.born_items);
}

/* --- mappings --- */

static void test_a_mapping_is_in_the_ledger_until_it_is_closed(void **state) {
  struct zn_ledger_kind start = kind_of(ZN_KIND_MAPPING);
  struct zn_mapping_options options = {.thread = 12, .site = 34};
  struct zn_mapping *mapping, *lost;
  assert_int_equal(zn_mapping_open(-1, 0, 10000, ZN_MAPPING_READ_WRITE, &options, &mapping), 0);
  assert_int_equal(zn_mapping_open(-1, 0, 7000, ZN_MAPPING_READ_WRITE, NULL, &lost), 0);
  uint64_t record = zn_mapping_record(mapping);
  struct zn_ledger_entry entry = entry_of(record);
  assert_int_equal(entry.address, (uintptr_t)zn_mapping_address(mapping));
  assert_int_equal(entry.size, 10000);
  assert_int_equal(entry.thread, 12);
  assert_int_equal(entry.site, 34);
  assert_int_equal(limit_now().mapped_live, 17000);
  assert_int_equal(zn_mapping_close(mapping), 0);
  assert_int_equal(limit_now().mapped_live, 7000); /* its addresses are kept, its pages are not */
  assert_int_equal(zn_ledger_set_birth(record, 0, 0), -EALREADY);
  zn_mapping_set_cause(mapping, ZN_CAUSE_LEAKED); /* it was closed: no leak */
  zn_mapping_set_cause(lost, ZN_CAUSE_LEAKED);
  assert_int_equal(zn_mapping_release(mapping), 0);
  assert_int_equal(zn_mapping_release(lost), 0);
  assert_int_equal(zn_ledger_forget(record), -EALREADY);
  struct zn_ledger_kind end = kind_of(ZN_KIND_MAPPING);
  assert_int_equal(end.died_items - start.died_items, 2);
  assert_int_equal(end.leaked - start.leaked, 1);
}

static void test_the_limit_of_mappings_counts_all_of_them(void **state) {
  struct zn_mapping *mapping, *more;
  void *plain;
  assert_int_equal(zn_limit_set(ZN_LIMIT_NONE, 10000), 0);
  assert_int_equal(zn_mapping_open(-1, 0, 6000, ZN_MAPPING_READ_WRITE, NULL, &mapping), 0);
  assert_int_equal(zn_mapping_open(-1, 0, 4001, ZN_MAPPING_READ_WRITE, NULL, &more), ZN_ELIMIT);
  assert_null(more);
  assert_int_equal(zn_mapping_map(-1, 0, 4001, ZN_MAPPING_READ_WRITE, &plain), ZN_ELIMIT);
  assert_int_equal(zn_mapping_map(-1, 0, 4000, ZN_MAPPING_READ_WRITE, &plain), 0);
  assert_int_equal(zn_mapping_open(-1, 0, 1, ZN_MAPPING_READ_WRITE, NULL, &more), ZN_ELIMIT);
  assert_int_equal(zn_mapping_unmap(plain, 4000), 0);
  assert_int_equal(zn_mapping_close(mapping), 0);
  assert_int_equal(zn_mapping_map(-1, 0, 10000, ZN_MAPPING_READ_WRITE, &plain), 0);
  assert_int_equal(zn_mapping_unmap(plain, 10000), 0);
  assert_int_equal(zn_mapping_release(mapping), 0);
}

static void test_a_mapping_that_cannot_be_made_leaves_no_trace(void **state) {
  struct zn_ledger_kind start = kind_of(ZN_KIND_MAPPING);
  struct zn_mapping *mapping;
  void *plain;
  int file = file_make(100, 1);
  int flags = O_WRONLY | O_CLOEXEC;
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  int write_only = open(path, flags);
  assert_true(write_only >= 0);
  assert_int_equal(zn_mapping_open(write_only, 0, 100, ZN_MAPPING_READ_ONLY, NULL, &mapping),
                   -EACCES);
  assert_int_equal(zn_mapping_map(write_only, 0, 100, ZN_MAPPING_READ_ONLY, &plain), -EACCES);
  int64_t large = ZN_REGION_SIZE_MAX + 1;
  assert_int_equal(zn_mapping_open(file, 0, large, ZN_MAPPING_READ_ONLY, NULL, &mapping), -ENOMEM);
  s_records_left = 1;
  assert_int_equal(zn_mapping_open(file, 0, 100, ZN_MAPPING_READ_ONLY, NULL, &mapping), -ENOMEM);
  assert_int_equal(limit_now().mapped_live, 0);
  assert_int_equal(kind_of(ZN_KIND_MAPPING).born_items, start.born_items);
  assert_int_equal(kind_of(ZN_KIND_MAPPING).born_bytes, start.born_bytes);
  close(write_only);
  close(file);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  struct zn_mapping *warm; /* the first mapping opens the overlay's descriptor, which stays */
  if (zn_mapping_open(-1, 0, 1, ZN_MAPPING_READ_WRITE, NULL, &warm) != 0) return 1;
  if (zn_mapping_release(warm) != 0) return 1;
  const struct CMUnitTest tests[] = {
      TEST(test_a_pin_is_what_was_sent),
      TEST(test_no_more_is_lent_than_the_limit_allows),
      TEST(test_what_is_full_lends_nothing),
      TEST(test_a_blocking_call_goes_on_in_parts),
      TEST(test_an_abandoned_pin_is_a_leak),
      TEST(test_no_memory_for_a_pin),
      TEST(test_a_memfd_is_in_the_ledger),
      TEST(test_a_foreign_descriptor_is_no_memfd),
      TEST(test_a_received_memfd_counts_for_itself),
      TEST(test_no_memory_for_a_memfd),
      TEST(test_a_mapping_is_in_the_ledger_until_it_is_closed),
      TEST(test_the_limit_of_mappings_counts_all_of_them),
      TEST(test_a_mapping_that_cannot_be_made_leaves_no_trace),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

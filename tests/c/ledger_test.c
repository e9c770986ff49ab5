/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger: counts are exact whatever threads do, a walk over the live table shows whole entries
 * and misses nothing that lives all the time, sites and lifetimes add up.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"
#include "support/blocks.h"
#include "support/check.h"
#include "znio/znio.h"

#define LIVE (1U << ZN_STATE_LIVE)

static struct zn_ledger_kind kind_of(int kind) {
  struct zn_ledger_kind totals;
  assert_int_equal(zn_ledger_read_kind(kind, &totals), 0);
  return totals;
}

static void test_lifetimes_are_counted_by_their_logarithm(void **state) {
  static const struct {
    uint32_t ticks;
    int age;
  } cases[] = {{0, 0}, {1, 1}, {2, 2}, {3, 2}, {4, 3}, {1023, 10}, {1024, 11}, {UINT32_MAX, 32}};
  struct zn_magazine *magazine = magazine_open(1);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct zn_ledger_kind start = kind_of(ZN_KIND_REGION);
    uint64_t handle = magazine_allocate(magazine, 1000);
    uint32_t tick = zn_ledger_tick();
    zn_ledger_advance(cases[i].ticks);
    assert_int_equal(zn_ledger_tick(), (uint32_t)(tick + cases[i].ticks));
    assert_int_equal(zn_magazine_free(magazine, handle, (int)i % 3), 0);
    struct zn_ledger_kind end = kind_of(ZN_KIND_REGION);
    for (int age = 0; age < ZN_LEDGER_AGES; age++) {
      assert_int_equal(end.ages[age] - start.ages[age], age == cases[i].age);
    }
    assert_int_equal(end.died_items - start.died_items, 1);
    assert_int_equal(end.died_bytes - start.died_bytes, 1000);
    assert_int_equal(end.cleaned - start.cleaned, i % 3 == ZN_CAUSE_CLEANED);
    assert_int_equal(end.leaked - start.leaked, i % 3 == ZN_CAUSE_LEAKED);
  }
  zn_magazine_close(magazine);
  assert_int_equal(zn_ledger_read_kind(-1, &(struct zn_ledger_kind){0}), -EINVAL);
  assert_int_equal(zn_ledger_read_kind(ZN_KINDS, &(struct zn_ledger_kind){0}), -EINVAL);
}

static int find_all(unsigned states, uint64_t handle, struct zn_ledger_entry *found) {
  struct zn_ledger_entry entries[7];
  uint64_t cursor = 0;
  int times = 0;
  int64_t count;
  while ((count = zn_ledger_next(&cursor, states, entries, 7)) > 0) {
    for (int64_t i = 0; i < count; i++) {
      if (zn_record_of(entries[i].handle) != zn_record_of(handle)) continue;
      *found = entries[i];
      times++;
    }
  }
  assert_int_equal(count, 0);
  return times;
}

static void test_other_kinds_have_records_too(void **state) {
  for (int kind = ZN_KIND_MAPPING; kind < ZN_KINDS; kind++) {
    struct zn_ledger_kind start = kind_of(kind);
    uint64_t handle;
    struct zn_ledger_entry entry = {0};
    assert_int_equal(zn_ledger_born(kind, 0, (int64_t)5 << 40, 77, 3, &handle), 0);
    assert_int_equal(zn_ledger_set_address(handle, 4096), 0);
    assert_int_equal(find_all(LIVE, handle, &entry), 1);
    assert_int_equal(entry.handle, handle);
    assert_int_equal(entry.address, 4096);
    assert_int_equal(entry.size, (int64_t)5 << 40);
    assert_int_equal(entry.thread, 77);
    assert_int_equal(entry.site, 3);
    assert_int_equal(entry.kind, kind);
    assert_int_equal(entry.birth, zn_ledger_tick());
    assert_int_equal(kind_of(kind).born_items - start.born_items, 1);
    assert_int_equal(zn_region_close(handle, ZN_CAUSE_CLOSED), -EINVAL);
    bool keep = kind == ZN_KIND_MAPPING;
    assert_int_equal(zn_ledger_died(handle, ZN_CAUSE_LEAKED, keep), 0);
    assert_int_equal(zn_ledger_died(handle, ZN_CAUSE_LEAKED, keep), -EALREADY);
    assert_int_equal(zn_ledger_set_address(handle, 1), -EALREADY);
    assert_int_equal(find_all(LIVE, handle, &entry), 0);
    assert_int_equal(find_all(1U << ZN_STATE_CLOSED, handle, &entry), keep);
    assert_int_equal(zn_ledger_forget(handle), keep ? 0 : -EALREADY);
    assert_int_equal(zn_ledger_forget(handle), -EALREADY);
    struct zn_ledger_kind end = kind_of(kind);
    assert_int_equal(end.died_bytes - start.died_bytes, (int64_t)5 << 40);
    assert_int_equal(end.leaked - start.leaked, 1);
  }
  uint64_t handle;
  assert_int_equal(zn_ledger_born(ZN_KIND_REGION, 0, 1, 0, 0, &handle), -EINVAL);
  assert_int_equal(zn_ledger_born(ZN_KINDS, 0, 1, 0, 0, &handle), -EINVAL);
  assert_int_equal(zn_ledger_born(ZN_KIND_PIN, 0, -1, 0, 0, &handle), -EINVAL);
}

static void test_a_million_live_blocks_are_seen_once_each(void **state) {
  enum { COUNT = 1000000 };
  struct zn_magazine *magazine = magazine_open(5);
  uint64_t *handles = malloc(COUNT * sizeof *handles);
  for (int i = 0; i < COUNT; i++) handles[i] = magazine_allocate(magazine, i % 64);
  struct zn_ledger_entry *entries = malloc(4096 * sizeof *entries);
  uint64_t cursor = 0;
  int64_t items = 0, bytes = 0, count;
  while ((count = zn_ledger_next(&cursor, LIVE, entries, 4096)) > 0) {
    for (int64_t i = 0; i < count; i++) {
      assert_int_equal(entries[i].thread, 5);
      bytes += entries[i].size;
    }
    items += count;
  }
  struct zn_ledger_totals totals;
  zn_ledger_read(&totals);
  assert_int_equal(items, COUNT);
  assert_int_equal(items, totals.regions);
  assert_int_equal(bytes, totals.region_bytes);
  assert_int_equal(zn_ledger_next(&cursor, LIVE, entries, 0), -EINVAL);
  for (int i = 0; i < COUNT; i++) {
    assert_int_equal(zn_magazine_free(magazine, handles[i], ZN_CAUSE_CLOSED), 0);
  }
  free(entries);
  free(handles);
  zn_magazine_close(magazine);
}

/* --- many threads --- */

enum { THREADS = 4, ROUNDS = 60000, SLOTS = 256, STAYING = 1000 };

static _Atomic uint64_t s_exchange[SLOTS]; /* blocks pass from thread to thread here */
static atomic_int s_running;
static atomic_int s_failures;

static void end_block(struct zn_magazine *magazine, uint64_t handle, uint32_t random) {
  int result = 0;
  switch (random % 16) {
    case 0:
      result = zn_region_close(handle, ZN_CAUSE_CLEANED);
      break;
    case 1:
      result = zn_region_retire(handle, ZN_CAUSE_LEAKED);
      break;
    case 2:
    case 3:
    case 4:
      result = zn_magazine_retire(magazine, handle, ZN_CAUSE_CLOSED);
      break;
    default:
      result = zn_magazine_free(magazine, handle, ZN_CAUSE_CLOSED);
  }
  if (result < 0 || zn_magazine_free(magazine, handle, ZN_CAUSE_CLOSED) != -EALREADY) {
    atomic_fetch_add(&s_failures, 1);
  }
  int64_t batch;
  bool full;
  if (random % 1024 == 0 && zn_quarantine_begin(&batch, &full) > 0) {
    result = random % 2048 == 0 ? zn_quarantine_defer(batch) : zn_quarantine_end(batch);
    if (result != 0) atomic_fetch_add(&s_failures, 1);
  }
}

/* Each block holds its own handle at both ends: a block of two owners would hold another's. */
static void stamp(uint64_t handle, int64_t size) {
  char *block = zn_region_address(handle);
  memcpy(block, &handle, sizeof handle);
  memcpy(block + size - sizeof handle, &handle, sizeof handle);
}

static bool is_stamped(uint64_t handle, int64_t size) {
  char *block = zn_region_address(handle);
  return block != NULL && memcmp(block, &handle, sizeof handle) == 0 &&
         memcmp(block + size - sizeof handle, &handle, sizeof handle) == 0;
}

static void *churn(void *argument) {
  uint32_t thread = (uint32_t)(uintptr_t)argument;
  uint32_t random = thread * 2654435761U;
  struct zn_magazine *magazine = magazine_open(thread);
  for (int i = 0; i < ROUNDS; i++) {
    random = random * 1664525U + 1013904223U;
    if (i % 20000 == 19999) { /* threads die, their counts stay */
      zn_magazine_close(magazine);
      magazine = magazine_open(thread);
    }
    int64_t size = 16 + (int64_t)(random >> 8) % (random % 128 == 0 ? 2 << 20 : 4096);
    uint64_t handle = 0;
    uint32_t site = (uint32_t)size; /* what the walk checks */
    int result = size > ZN_REGION_CLASS_BYTES_MAX
                     ? zn_region_open(size, 0, 0, thread, site, &handle)
                     : zn_magazine_allocate(magazine, size, site, &handle);
    if (result != 0) {
      atomic_fetch_add(&s_failures, 1);
      continue;
    }
    stamp(handle, size);
    handle = atomic_exchange(&s_exchange[random % SLOTS], handle);
    if (handle == 0) continue;
    struct zn_ledger_entry entry;
    bool live = zn_record_copy(zn_record_of(handle), LIVE, &entry);
    if (!live || entry.handle != handle || !is_stamped(handle, entry.size)) {
      atomic_fetch_add(&s_failures, 1);
    }
    end_block(magazine, handle, random >> 4);
  }
  zn_magazine_close(magazine);
  atomic_fetch_sub(&s_running, 1);
  return NULL;
}

/* Walks while the others work. */
static void walk(const uint64_t *staying) {
  struct zn_ledger_entry entries[512];
  uint64_t cursor = 0;
  int seen = 0;
  int64_t count;
  while ((count = zn_ledger_next(&cursor, LIVE, entries, 512)) > 0) {
    for (int64_t i = 0; i < count; i++) {
      assert_true(entries[i].address != 0);
      if (entries[i].thread == 1000) seen++;
      if (entries[i].thread != 1000) assert_int_equal(entries[i].site, entries[i].size);
    }
  }
  assert_int_equal(seen, STAYING);
  struct zn_ledger_kind totals = kind_of(ZN_KIND_REGION);
  assert_true(totals.born_items - totals.died_items >= STAYING);
  assert_true(totals.born_bytes - totals.died_bytes >= (int64_t)STAYING * 100);
}

static void test_counts_are_exact_after_threads(void **state) {
  struct zn_magazine *magazine = magazine_open(1000);
  uint64_t staying[STAYING];
  for (int i = 0; i < STAYING; i++) staying[i] = magazine_allocate(magazine, 100);
  struct zn_ledger_kind start = kind_of(ZN_KIND_REGION);
  pthread_t threads[THREADS];
  atomic_store(&s_running, THREADS);
  for (uintptr_t i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_create(&threads[i], NULL, churn, (void *)(i + 1)), 0);
  }
  while (atomic_load(&s_running) > 0) {
    walk(staying);
    zn_ledger_advance(1);
    zn_region_decay();
  }
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  assert_int_equal(atomic_load(&s_failures), 0);
  int64_t left = 0;
  for (int i = 0; i < SLOTS; i++) left += atomic_load(&s_exchange[i]) != 0;
  struct zn_ledger_kind end = kind_of(ZN_KIND_REGION);
  assert_int_equal(end.born_items - start.born_items, (int64_t)THREADS * ROUNDS);
  assert_int_equal(end.died_items - start.died_items, (int64_t)THREADS * ROUNDS - left);
  for (int i = 0; i < SLOTS; i++) {
    uint64_t handle = atomic_exchange(&s_exchange[i], 0);
    if (handle != 0) assert_int_equal(zn_region_close(handle, ZN_CAUSE_CLOSED), 0);
  }
  for (int i = 0; i < STAYING; i++) {
    assert_int_equal(zn_magazine_free(magazine, staying[i], ZN_CAUSE_CLOSED), 0);
  }
  zn_magazine_close(magazine);
}

/* --- two ends of one life --- */

enum { RACES = 20000 };
static _Atomic uint64_t s_contested;
static atomic_int s_arrived;
static atomic_int s_wins;

/* Lets both threads go within some nanoseconds, where a barrier of the kernel would take thousands.
 */
static void meet(int round) {
  atomic_fetch_add(&s_arrived, 1);
  for (int i = 1; atomic_load(&s_arrived) < 2 * round; i++) {
    if (i % 10000 == 0) sched_yield();
  }
}

static void *race(void *argument) {
  struct zn_magazine *magazine = magazine_open(2);
  for (int i = 0; i < RACES; i++) {
    meet(2 * i + 1);
    int result = zn_magazine_free(magazine, atomic_load(&s_contested), ZN_CAUSE_CLOSED);
    if (result == 0) atomic_fetch_add(&s_wins, 1);
    meet(2 * i + 2);
  }
  zn_magazine_close(magazine);
  return NULL;
}

static void test_one_of_two_frees_wins(void **state) {
  struct zn_magazine *magazine = magazine_open(1);
  pthread_t thread;
  int wrong = 0;
  assert_int_equal(pthread_create(&thread, NULL, race, NULL), 0);
  for (int i = 0; i < RACES; i++) {
    uint64_t handle = magazine_allocate(magazine, 48);
    atomic_store(&s_contested, handle);
    atomic_store(&s_wins, 0);
    meet(2 * i + 1);
    int result = zn_magazine_free(magazine, handle, ZN_CAUSE_CLOSED);
    meet(2 * i + 2);
    if (result != 0 && result != -EALREADY) wrong++;
    if (atomic_load(&s_wins) + (result == 0) != 1) wrong++;
  }
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_int_equal(wrong, 0);
  zn_magazine_close(magazine);
}

/* --- an entry is whole --- */

static atomic_bool s_stop;

/* One record, two lives in turn: nothing of one may show in the other. */
static void *alternate(void *argument) {
  struct zn_magazine *magazine = argument;
  for (uint32_t i = 0; !atomic_load(&s_stop); i++) {
    uint64_t handle;
    uint32_t size = 33 + i % 16; /* one class */
    if (zn_magazine_allocate(magazine, size, size, &handle) != 0) break;
    atomic_store(&s_contested, handle);
    if (zn_magazine_free(magazine, handle, ZN_CAUSE_CLOSED) != 0) break;
  }
  return NULL;
}

static void test_an_entry_is_never_of_two_lives(void **state) {
  struct zn_magazine *magazine = magazine_open(1);
  pthread_t thread;
  int torn = 0, live = 0;
  atomic_store(&s_contested, 0);
  assert_int_equal(pthread_create(&thread, NULL, alternate, magazine), 0);
  while (atomic_load(&s_contested) == 0) sched_yield();
  struct zn_record *record = zn_record_of(atomic_load(&s_contested));
  for (int i = 0; i < 2000000 || live == 0; i++) { /* the thread may not run at once */
    struct zn_ledger_entry entry;
    if (!zn_record_copy(record, LIVE, &entry)) continue;
    live++;
    torn += entry.site != entry.size;
  }
  atomic_store(&s_stop, true);
  assert_int_equal(pthread_join(thread, NULL), 0);
  zn_magazine_close(magazine);
  assert_int_equal(torn, 0);
  assert_true(live > 0);
}

/* --- sites --- */

static void test_sites_are_kept_once(void **state) {
  char text[64];
  int first = zn_site_intern("a.b.C.d(C.java:5)", 17);
  assert_true(first > 0);
  assert_int_equal(zn_site_intern("a.b.C.d(C.java:5)\nmore", 17), first);
  int second = zn_site_intern("a.b.C.d(C.java:6)", 17);
  assert_true(second > 0 && second != first);
  assert_int_equal(zn_site_text((uint32_t)first, text, sizeof text), 17);
  assert_memory_equal(text, "a.b.C.d(C.java:5)", 17);
  memset(text, 'x', sizeof text);
  assert_int_equal(zn_site_text((uint32_t)second, text, 3), 17);
  assert_memory_equal(text, "a.bx", 4);
  assert_int_equal(zn_site_text(0, text, 3), -EINVAL);
  assert_int_equal(zn_site_text(ZN_SITES_MAX, text, 3), -EINVAL);
  assert_int_equal(zn_site_intern("", 0), -EINVAL);
  assert_int_equal(zn_site_intern("a", ZN_SITE_TEXT_MAX + 1), -EINVAL);
}

static void test_the_largest_sites_come_first(void **state) {
  struct zn_magazine *magazine = magazine_open(1);
  uint64_t handles[20];
  uint32_t sites[20];
  for (int i = 0; i < 20; i++) {
    char text[32];
    int length = snprintf(text, sizeof text, "place %d", i);
    sites[i] = (uint32_t)zn_site_intern(text, length);
    int64_t size = 100 * ((int64_t)i * 7 % 20 + 1); /* each size once */
    assert_int_equal(zn_magazine_allocate(magazine, size, sites[i], &handles[i]), 0);
  }
  struct zn_site_total totals[5];
  assert_int_equal(zn_site_largest(1U << ZN_KIND_REGION, totals, 5), 5);
  for (int i = 0; i < 5; i++) {
    assert_int_equal(totals[i].bytes, 100 * ((int64_t)20 - i));
    assert_int_equal(totals[i].items, 1);
  }
  assert_int_equal(totals[0].site, sites[17]); /* 7 * 17 = 119 */
  assert_int_equal(zn_site_largest(1U << ZN_KIND_MEMFD, totals, 5), 0);
  assert_int_equal(zn_site_largest(1U, totals, 0), -EINVAL);
  for (int i = 0; i < 20; i++) {
    assert_int_equal(zn_magazine_free(magazine, handles[i], ZN_CAUSE_CLOSED), 0);
  }
  zn_magazine_close(magazine);
}

/* Last: it fills the table. */
static void test_there_is_an_end_of_sites(void **state) {
  char text[32];
  int result = 1;
  for (int i = 0; i <= ZN_SITES_MAX && result > 0; i++) {
    result = zn_site_intern(text, snprintf(text, sizeof text, "many %d", i));
  }
  assert_int_equal(result, -ENOSPC);
  assert_true(zn_site_intern("many 0", 6) > 0);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, blocks_before, blocks_after)
  const struct CMUnitTest tests[] = {
      TEST(test_lifetimes_are_counted_by_their_logarithm),
      TEST(test_other_kinds_have_records_too),
      TEST(test_a_million_live_blocks_are_seen_once_each),
      TEST(test_counts_are_exact_after_threads),
      TEST(test_one_of_two_frees_wins),
      TEST(test_an_entry_is_never_of_two_lives),
      TEST(test_sites_are_kept_once),
      TEST(test_the_largest_sites_come_first),
      TEST(test_there_is_an_end_of_sites),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

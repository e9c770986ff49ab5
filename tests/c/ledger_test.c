/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger: what is counted, a walk over the live table shows whole entries
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

/* --- a million --- */

enum { MANY = 1000000, MANY_THREAD = 77, CHURNERS = 2, LAPS = 300, LAPS_WITH_PROGRESS = 3 };

static atomic_bool s_enough;
static _Atomic int64_t s_progress[CHURNERS];

/* Needs every lock of births and deaths, again and again. */
static void *churn(void *argument) {
  _Atomic int64_t *progress = argument;
  while (!atomic_load(&s_enough)) {
    struct zn_magazine *magazine = magazine_open(1);
    uint64_t block = magazine_allocate(magazine, 5000), region, mapping;
    assert_int_equal(zn_region_open(100, 0, 0, 1, 0, &region), 0);
    assert_int_equal(zn_ledger_born(ZN_KIND_MAPPING, 1, 1, 1, 0, &mapping), 0);
    assert_int_equal(zn_ledger_died(mapping, ZN_CAUSE_CLOSED, 0), 0);
    assert_int_equal(zn_region_close(region, ZN_CAUSE_CLOSED), 0);
    assert_int_equal(zn_magazine_free(magazine, block, ZN_CAUSE_CLOSED), 0);
    zn_magazine_close(magazine);
    atomic_fetch_add(progress, 1);
  }
  return NULL;
}

/* Block i has site i: each is seen once. */
static void assert_all_seen(const struct zn_ledger_entry *entries, int64_t count, char *seen) {
  memset(seen, 0, MANY);
  int64_t found = 0;
  for (int64_t i = 0; i < count; i++) {
    if (entries[i].thread != MANY_THREAD) continue;
    assert_in_range(entries[i].site, 0, MANY - 1);
    assert_int_equal(entries[i].size, 1 + entries[i].site % 16);
    assert_int_equal(seen[entries[i].site]++, 0);
    found++;
  }
  assert_int_equal(found, MANY);
}

/* Walks in one call, until the others have got on during some of the calls. */
static void walk_among_churners(void) {
  struct zn_ledger_entry *entries = malloc((MANY + 10000) * sizeof *entries);
  char *seen = malloc(MANY);
  int with_progress = 0;
  for (int lap = 0; lap < LAPS && with_progress < LAPS_WITH_PROGRESS; lap++) {
    int64_t before[CHURNERS];
    bool progress = true;
    for (int i = 0; i < CHURNERS; i++) before[i] = atomic_load(&s_progress[i]);
    uint64_t cursor = 0;
    int64_t count = zn_ledger_next(&cursor, LIVE, entries, MANY + 10000);
    for (int i = 0; i < CHURNERS; i++) {
      progress = progress && atomic_load(&s_progress[i]) > before[i] + 10;
    }
    assert_all_seen(entries, count, seen);
    with_progress += progress;
  }
  assert_int_equal(with_progress, LAPS_WITH_PROGRESS);
  free(seen);
  free(entries);
}

static void test_a_million_live_blocks(void **state) {
  struct zn_ledger_idle before, after;
  zn_ledger_read_idle(&before);
  struct zn_magazine *magazine = magazine_open(MANY_THREAD);
  uint64_t *handles = malloc(MANY * sizeof *handles);
  for (uint32_t i = 0; i < MANY; i++) {
    assert_int_equal(zn_magazine_allocate(magazine, 1 + i % 16, i, &handles[i]), 0);
  }
  pthread_t threads[CHURNERS];
  for (int i = 0; i < CHURNERS; i++) {
    assert_int_equal(pthread_create(&threads[i], NULL, churn, &s_progress[i]), 0);
  }
  walk_among_churners();
  atomic_store(&s_enough, true);
  for (int i = 0; i < CHURNERS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  zn_ledger_read_idle(&after);
  assert_in_range(after.records - before.records, 0, MANY + 10000); /* 32 bytes each, and no more */
  for (int i = 0; i < MANY; i++) {
    assert_int_equal(zn_magazine_free(magazine, handles[i], ZN_CAUSE_CLOSED), 0);
  }
  free(handles);
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
      TEST(test_a_million_live_blocks),
      TEST(test_one_of_two_frees_wins),
      TEST(test_an_entry_is_never_of_two_lives),
      TEST(test_sites_are_kept_once),
      TEST(test_the_largest_sites_come_first),
      TEST(test_there_is_an_end_of_sites),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

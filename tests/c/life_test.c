/* SPDX-License-Identifier: Apache-2.0 */
/* Life: every sampled birth and death is in the sums, and what is asked for is what was kept. */
#include "znio/life.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "support/check.h"
#include "znio/timeline.h"

/* WRAP zn_sys_monotonic_us */

int64_t __wrap_zn_sys_monotonic_us(void);

static _Atomic int64_t s_clock_us = 1000000;

int64_t __wrap_zn_sys_monotonic_us(void) { return s_clock_us; }

enum { SITE = 7, OTHER_SITE = 8, THREADS = 4, ROUNDS = 50000, MANY = 1000000 };

static void born_at(uint64_t address, enum zn_life_kind kind, int64_t bytes, uint32_t site) {
  struct zn_life life = {.address = address, .bytes = bytes, .site = site, .kind = (uint8_t)kind};
  memcpy(life.thread, "mother", sizeof "mother");
  zn_life_born(&life);
}

static void die(uint64_t address, enum zn_life_kind kind, int64_t bytes, enum zn_life_end end) {
  struct zn_life life;
  zn_life_take(address, kind, bytes, SITE, &life);
  zn_life_died(&life, end, "undertaker");
}

static struct zn_life_totals read_totals(enum zn_life_kind kind) {
  struct zn_life_totals totals;
  assert_int_equal(zn_life_read(kind, &totals), 0);
  return totals;
}

static int64_t lives_now(void) {
  struct zn_life lives[100];
  uint64_t cursor = 0;
  int64_t sum = 0;
  for (int64_t count; (count = zn_life_next(&cursor, lives, 100)) > 0;) sum += count;
  return sum;
}

static void test_before_the_beginning_nothing_is_recorded(void **state) {
  born_at(16, ZN_LIFE_MEMORY, 100, SITE);
  die(16, ZN_LIFE_MEMORY, 100, ZN_LIFE_EXPLICIT);
  struct zn_life_totals totals = read_totals(ZN_LIFE_MEMORY);
  assert_int_equal(totals.born_items, 0);
  assert_int_equal(totals.ended[ZN_LIFE_EXPLICIT], 0);
  zn_timeline_begin();
  assert_int_equal(zn_life_begin(), 0);
  assert_int_equal(zn_life_begin(), 0);
}

static void test_a_life_is_told_whole(void **state) {
  struct zn_life lives[2 * ZN_LIFE_KEPT];
  int64_t born_us = zn_timeline_now();
  born_at(16, ZN_LIFE_MAPPED, 100, SITE);
  s_clock_us += 1000;
  zn_timeline_pause_begin();
  s_clock_us += 50;
  zn_timeline_pause_end();
  s_clock_us += 7;
  assert_int_equal(zn_life_select(lives), 1);
  assert_int_equal(lives[0].end, ZN_LIFE_LIVES);
  assert_int_equal(lives[0].died_us, -1);
  assert_int_equal(lives[0].last_pause_us, -1);
  die(16, ZN_LIFE_MAPPED, 100, ZN_LIFE_CLEANED);
  assert_int_equal(zn_life_select(lives), 1);
  assert_int_equal(lives[0].kind, ZN_LIFE_MAPPED);
  assert_int_equal(lives[0].bytes, 100);
  assert_int_equal(lives[0].site, SITE);
  assert_int_equal(lives[0].end, ZN_LIFE_CLEANED);
  assert_int_equal(lives[0].born_us, born_us);
  assert_int_equal(lives[0].died_us, born_us + 1057);
  assert_int_equal(lives[0].last_pause_us, born_us + 1050);
  assert_string_equal(lives[0].thread, "mother");
  assert_string_equal(lives[0].died_thread, "undertaker");
  struct zn_life_totals totals = read_totals(ZN_LIFE_MAPPED);
  assert_int_equal(totals.born_items, 1);
  assert_int_equal(totals.born_bytes, 100);
  assert_int_equal(totals.ended[ZN_LIFE_CLEANED], 1);
  assert_int_equal(totals.ended[ZN_LIFE_EXPLICIT], 0);
  assert_int_equal(totals.ages[3].items, 1); /* 1057 us */
  assert_int_equal(totals.ages[3].bytes, 100);
  struct zn_life_site site;
  assert_int_equal(zn_life_site(SITE, &site), 0);
  assert_int_equal(site.born_items, 1);
  assert_int_equal(site.born_bytes, 100);
  assert_int_equal(site.longest_us, 1057);
}

static void test_lifetimes_are_counted_by_powers_of_ten(void **state) {
  static const int64_t ages[] = {0, 9, 10, 99, 100, 9999999999, 10000000000, 123456789012};
  static const int buckets[] = {0, 0, 1, 1, 2, 9, 10, 10};
  struct zn_life_totals before = read_totals(ZN_LIFE_MEMORY);
  int64_t expected[ZN_LIFE_AGES] = {0};
  for (size_t i = 0; i < sizeof ages / sizeof ages[0]; i++) {
    born_at(32, ZN_LIFE_MEMORY, 1, OTHER_SITE);
    s_clock_us += ages[i];
    die(32, ZN_LIFE_MEMORY, 1, ZN_LIFE_EXPLICIT);
    expected[buckets[i]]++;
  }
  struct zn_life_totals after = read_totals(ZN_LIFE_MEMORY);
  for (int i = 0; i < ZN_LIFE_AGES; i++) {
    assert_int_equal(after.ages[i].items - before.ages[i].items, expected[i]);
  }
}

static void test_what_could_not_be_freed_lives_on(void **state) {
  struct zn_life life;
  born_at(48, ZN_LIFE_MEMORY, 5, SITE);
  int64_t born_us = zn_timeline_now();
  s_clock_us += 100;
  zn_life_take(48, ZN_LIFE_MEMORY, 5, SITE, &life);
  assert_int_equal(lives_now(), 0);
  struct zn_life_totals before = read_totals(ZN_LIFE_MEMORY);
  zn_life_put_back(&life);
  assert_int_equal(lives_now(), 1);
  struct zn_life_totals after = read_totals(ZN_LIFE_MEMORY);
  assert_memory_equal(&before, &after, sizeof before);
  zn_life_take(48, ZN_LIFE_MEMORY, 5, SITE, &life);
  assert_int_equal(life.born_us, born_us);
  zn_life_died(&life, ZN_LIFE_EXPLICIT, NULL);
  assert_string_equal(life.died_thread, "");
  assert_int_equal(lives_now(), 0);
}

static void test_an_address_may_be_born_again(void **state) {
  struct zn_life first;
  struct zn_life second;
  born_at(64, ZN_LIFE_MEMORY, 5, SITE);
  zn_life_take(64, ZN_LIFE_MEMORY, 5, SITE, &first);
  born_at(64, ZN_LIFE_MAPPED, 6, SITE); /* before the first death is told */
  zn_life_died(&first, ZN_LIFE_EXPLICIT, "a thread with a name that is longer than there is room");
  assert_int_equal(strlen(first.died_thread), ZN_LIFE_NAME_SIZE - 1);
  zn_life_take(64, ZN_LIFE_MAPPED, 6, SITE, &second);
  assert_int_equal(second.bytes, 6);
  assert_true(second.number > first.number);
  zn_life_died(&second, ZN_LIFE_EXPLICIT, NULL);
  assert_int_equal(lives_now(), 0);
}

static void test_a_record_that_was_never_made_is_counted(void **state) {
  struct zn_life_totals before = read_totals(ZN_LIFE_MEMORY);
  die(80, ZN_LIFE_MEMORY, 5, ZN_LIFE_CLEANED);
  struct zn_life_totals after = read_totals(ZN_LIFE_MEMORY);
  assert_int_equal(after.ended[ZN_LIFE_CLEANED], before.ended[ZN_LIFE_CLEANED] + 1);
  assert_memory_equal(after.ages, before.ages, sizeof after.ages);
}

static void test_when_all_records_are_taken_large_ones_get_some(void **state) {
  const int64_t small = ZN_LIFE_RECORDS - ZN_LIFE_RECORDS / 8;
  struct zn_life_totals before = read_totals(ZN_LIFE_MEMORY);
  for (int i = 1; i <= small + 10; i++) born_at((uint64_t)i * 16, ZN_LIFE_MEMORY, 8, SITE);
  assert_int_equal(lives_now(), small);
  struct zn_life_totals full = read_totals(ZN_LIFE_MEMORY);
  assert_int_equal(full.unrecorded - before.unrecorded, 10);
  assert_int_equal(full.born_items - before.born_items, small + 10);
  for (int i = 1; i <= ZN_LIFE_RECORDS / 8 + 5; i++) {
    born_at((uint64_t)1 << 40 | (uint64_t)i << 20, ZN_LIFE_MAPPED, ZN_LIFE_LARGE, SITE);
  }
  assert_int_equal(lives_now(), ZN_LIFE_RECORDS);
  assert_int_equal(read_totals(ZN_LIFE_MAPPED).unrecorded, 5);
  for (int i = 1; i <= small + 10; i++) {
    die((uint64_t)i * 16, ZN_LIFE_MEMORY, 8, ZN_LIFE_EXPLICIT);
  }
  for (int i = 1; i <= ZN_LIFE_RECORDS / 8 + 5; i++) {
    die((uint64_t)1 << 40 | (uint64_t)i << 20, ZN_LIFE_MAPPED, ZN_LIFE_LARGE, ZN_LIFE_EXPLICIT);
  }
  assert_int_equal(lives_now(), 0);
}

/* Sizes and lifetimes are permutations, so that the largest and longest are known. */
static void test_of_a_million_the_largest_and_the_longest_are_kept(void **state) {
  struct zn_life lives[2 * ZN_LIFE_KEPT];
  const int64_t base = (int64_t)1 << 40; /* larger and longer than all before */
  for (int64_t i = 0; i < MANY; i++) {
    int64_t size = i * 7919 % MANY; /* a prime, and no divisor of MANY */
    int64_t age = i * 104729 % MANY;
    born_at(16, ZN_LIFE_MEMORY, base + size, SITE);
    s_clock_us += base + age;
    die(16, ZN_LIFE_MEMORY, base + size, ZN_LIFE_EXPLICIT);
  }
  int64_t count = zn_life_select(lives);
  assert_in_range(count, ZN_LIFE_KEPT, 2 * ZN_LIFE_KEPT);
  int large = 0;
  int old = 0;
  for (int64_t i = 0; i < count; i++) {
    bool is_large = lives[i].bytes >= base + MANY - ZN_LIFE_KEPT;
    bool is_old = lives[i].died_us - lives[i].born_us >= base + MANY - ZN_LIFE_KEPT;
    assert_true(is_large || is_old);
    large += is_large;
    old += is_old;
    if (i > 0) assert_true(lives[i].bytes <= lives[i - 1].bytes);
  }
  assert_int_equal(large, ZN_LIFE_KEPT);
  assert_int_equal(old, ZN_LIFE_KEPT);
}

/* What lives is in the choice, however many have died. */
static void test_the_living_are_chosen_too(void **state) {
  struct zn_life lives[2 * ZN_LIFE_KEPT];
  born_at(16, ZN_LIFE_MEMORY, 1, SITE);
  s_clock_us += (int64_t)1 << 45;
  born_at(32, ZN_LIFE_MEMORY, (int64_t)1 << 45, SITE); /* large, and just born */
  int64_t count = zn_life_select(lives);
  assert_int_equal(lives[0].bytes, (int64_t)1 << 45);
  assert_int_equal(lives[0].end, ZN_LIFE_LIVES);
  assert_int_equal(lives[count - 1].bytes, 1);
  die(16, ZN_LIFE_MEMORY, 1, ZN_LIFE_EXPLICIT);
  die(32, ZN_LIFE_MEMORY, (int64_t)1 << 45, ZN_LIFE_EXPLICIT);
}

static void *live_and_die(void *first) {
  for (int i = 0; i < ROUNDS; i++) {
    uint64_t address = (uint64_t)(uintptr_t)first + (uint64_t)(i % 100) * 16;
    born_at(address, ZN_LIFE_MEMORY, 3, OTHER_SITE);
    die(address, ZN_LIFE_MEMORY, 3, i % 2 == 0 ? ZN_LIFE_EXPLICIT : ZN_LIFE_CLEANED);
  }
  return NULL;
}

static void test_threads_lose_nothing(void **state) {
  pthread_t threads[THREADS];
  struct zn_life_totals before = read_totals(ZN_LIFE_MEMORY);
  for (uintptr_t i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_create(&threads[i], NULL, live_and_die, (void *)((i + 1) << 20)), 0);
  }
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  struct zn_life_totals after = read_totals(ZN_LIFE_MEMORY);
  assert_int_equal(after.born_items - before.born_items, THREADS * ROUNDS);
  assert_int_equal(after.born_bytes - before.born_bytes, THREADS * ROUNDS * 3);
  for (int i = 0; i < ZN_LIFE_ENDS; i++) {
    assert_int_equal(after.ended[i] - before.ended[i], THREADS * ROUNDS / 2);
  }
  assert_int_equal(after.unrecorded, before.unrecorded);
  assert_int_equal(lives_now(), 0);
}

static void test_bad_input_is_refused(void **state) {
  struct zn_life_totals totals;
  struct zn_life_site site;
  uint64_t cursor = 0;
  assert_int_equal(zn_life_read(ZN_LIFE_KINDS, &totals), -EINVAL);
  assert_int_equal(zn_life_site(65536, &site), -EINVAL);
  assert_int_equal(zn_life_next(&cursor, NULL, 0), -EINVAL);
  born_at(16, ZN_LIFE_KINDS, 1, SITE);
  born_at(16, ZN_LIFE_MEMORY, 1, 65536);
  assert_int_equal(lives_now(), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_before_the_beginning_nothing_is_recorded),
      cmocka_unit_test(test_a_life_is_told_whole),
      cmocka_unit_test(test_lifetimes_are_counted_by_powers_of_ten),
      cmocka_unit_test(test_what_could_not_be_freed_lives_on),
      cmocka_unit_test(test_an_address_may_be_born_again),
      cmocka_unit_test(test_a_record_that_was_never_made_is_counted),
      cmocka_unit_test(test_when_all_records_are_taken_large_ones_get_some),
      cmocka_unit_test(test_of_a_million_the_largest_and_the_longest_are_kept),
      cmocka_unit_test(test_the_living_are_chosen_too),
      cmocka_unit_test(test_threads_lose_nothing),
      cmocka_unit_test(test_bad_input_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Timeline: of pauses the newest are kept and all are summed; of points the whole time is told. */
#include "znio/timeline.h"

#include <errno.h>

#include "support/check.h"

/* WRAP zn_sys_monotonic_us */

int64_t __wrap_zn_sys_monotonic_us(void);

static int64_t s_clock_us = 5000000;

int64_t __wrap_zn_sys_monotonic_us(void) { return s_clock_us; }

static void test_before_the_beginning_there_is_no_time(void **state) {
  s_clock_us += 1000;
  assert_int_equal(zn_timeline_now(), 0);
  assert_int_equal(zn_timeline_unix_ms(), 0);
  assert_int_equal(zn_timeline_last_pause(), -1);
}

static void test_only_the_first_call_begins(void **state) {
  zn_timeline_begin();
  int64_t unix_ms = zn_timeline_unix_ms();
  assert_true(unix_ms > 1700000000000); /* 2023 */
  s_clock_us += 250;
  zn_timeline_begin();
  assert_int_equal(zn_timeline_now(), 250);
  assert_int_equal(zn_timeline_unix_ms(), unix_ms);
}

static void pause(int64_t us) {
  zn_timeline_pause_begin();
  s_clock_us += us;
  zn_timeline_pause_end();
}

static void test_an_end_without_a_beginning_is_no_pause(void **state) {
  struct zn_pause pauses[2];
  int64_t count;
  int64_t us;
  zn_timeline_pause_end();
  assert_int_equal(zn_timeline_last_pause(), -1);
  int64_t at = zn_timeline_now();
  pause(70);
  s_clock_us += 5;
  zn_timeline_pause_end();
  assert_int_equal(zn_timeline_last_pause(), at + 70);
  assert_int_equal(zn_timeline_pauses(pauses, 2, &count, &us), 1);
  assert_int_equal(count, 1);
  assert_int_equal(us, 70);
  assert_int_equal(pauses[0].at_us, at);
  assert_int_equal(pauses[0].us, 70);
}

static void test_the_newest_pauses_are_kept_and_all_are_summed(void **state) {
  static struct zn_pause pauses[ZN_TIMELINE_PAUSES];
  int64_t count;
  int64_t us;
  int64_t sum = 70; /* of the test before */
  for (int i = 0; i < ZN_TIMELINE_PAUSES + 10; i++) {
    pause(i);
    sum += i;
  }
  assert_int_equal(zn_timeline_pauses(pauses, ZN_TIMELINE_PAUSES, &count, &us), ZN_TIMELINE_PAUSES);
  assert_int_equal(count, ZN_TIMELINE_PAUSES + 11);
  assert_int_equal(us, sum);
  for (int i = 0; i < ZN_TIMELINE_PAUSES; i++) assert_int_equal(pauses[i].us, i + 10);
  assert_int_equal(zn_timeline_pauses(pauses, 3, &count, &us), 3);
  assert_int_equal(pauses[2].us, ZN_TIMELINE_PAUSES + 9);
  assert_int_equal(zn_timeline_pauses(pauses, -1, &count, &us), -EINVAL);
}

static int64_t add_when_due(int64_t us) {
  int64_t added = 0;
  for (int64_t end = zn_timeline_now() + us; zn_timeline_now() < end; s_clock_us += 100) {
    if (!zn_timeline_is_due()) continue;
    assert_false(zn_timeline_is_due()); /* one is told, and adds it */
    int64_t now = zn_timeline_now();
    zn_timeline_add((int64_t[]){now, 2 * now, 3 * now});
    added++;
  }
  return added;
}

static void test_points_get_fewer_and_tell_the_whole_time(void **state) {
  static struct zn_point points[ZN_TIMELINE_POINTS];
  int64_t first = zn_timeline_now();
  assert_in_range(add_when_due(1000000), 999, 1001); /* a second: each millisecond */
  assert_in_range(add_when_due(100000000), 1, (int64_t)8 * ZN_TIMELINE_POINTS);
  int64_t count = zn_timeline_points(points, ZN_TIMELINE_POINTS);
  assert_in_range(count, ZN_TIMELINE_POINTS / 2, ZN_TIMELINE_POINTS);
  assert_int_equal(points[0].at_us, first);
  assert_true(points[count - 1].at_us > first + 100000000);
  for (int64_t i = 0; i < count; i++) {
    assert_int_equal(points[i].values[0], points[i].at_us);
    assert_int_equal(points[i].values[2], 3 * points[i].at_us);
    if (i > 0) assert_in_range(points[i].at_us - points[i - 1].at_us, 1000, 1000000);
  }
  assert_int_equal(zn_timeline_points(points, -1), -EINVAL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_before_the_beginning_there_is_no_time),
      cmocka_unit_test(test_only_the_first_call_begins),
      cmocka_unit_test(test_an_end_without_a_beginning_is_no_pause),
      cmocka_unit_test(test_the_newest_pauses_are_kept_and_all_are_summed),
      cmocka_unit_test(test_points_get_fewer_and_tell_the_whole_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

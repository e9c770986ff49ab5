/* SPDX-License-Identifier: Apache-2.0 */
#include "znio/timeline.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "sys.h"

#define ZN_TIMELINE_STEP_US 1000 /* between two points, at first; doubled with each thinning */
#define ZN_TIMELINE_NONE ((int64_t)-1)

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER; /* of all below but the atomic ones */
static _Atomic int64_t s_began_us;                          /* 0: not yet */
static _Atomic int64_t s_unix_ms;

static struct zn_pause s_pauses[ZN_TIMELINE_PAUSES]; /* a ring */
static int64_t s_pause_count;
static int64_t s_pause_us;
static int64_t s_paused_at = ZN_TIMELINE_NONE;
static _Atomic int64_t s_last_pause = ZN_TIMELINE_NONE;

static struct zn_point s_points[ZN_TIMELINE_POINTS];
static int64_t s_point_count;
static _Atomic int64_t s_step_us = ZN_TIMELINE_STEP_US;
static _Atomic int64_t s_due_us;

void zn_timeline_begin(void) {
  pthread_mutex_lock(&s_mutex);
  if (atomic_load(&s_began_us) == 0) {
    atomic_store(&s_unix_ms, zn_sys_unix_ms());
    atomic_store(&s_began_us, zn_sys_monotonic_us());
  }
  pthread_mutex_unlock(&s_mutex);
}

int64_t zn_timeline_unix_ms(void) { return atomic_load(&s_unix_ms); }

int64_t zn_timeline_now(void) {
  int64_t began = atomic_load_explicit(&s_began_us, memory_order_relaxed);
  return began == 0 ? 0 : zn_sys_monotonic_us() - began;
}

/* --- pauses --- */

void zn_timeline_pause_begin(void) {
  int64_t now = zn_timeline_now();
  pthread_mutex_lock(&s_mutex);
  s_paused_at = now;
  pthread_mutex_unlock(&s_mutex);
}

void zn_timeline_pause_end(void) {
  int64_t now = zn_timeline_now();
  pthread_mutex_lock(&s_mutex);
  if (s_paused_at != ZN_TIMELINE_NONE) {
    struct zn_pause pause = {.at_us = s_paused_at, .us = now - s_paused_at};
    s_pauses[s_pause_count++ % ZN_TIMELINE_PAUSES] = pause;
    s_pause_us += pause.us;
    s_paused_at = ZN_TIMELINE_NONE;
    atomic_store(&s_last_pause, now);
  }
  pthread_mutex_unlock(&s_mutex);
}

int64_t zn_timeline_last_pause(void) {
  return atomic_load_explicit(&s_last_pause, memory_order_acquire);
}

int64_t zn_timeline_pauses(struct zn_pause *pauses, int64_t capacity, int64_t *count, int64_t *us) {
  if (capacity < 0) return -EINVAL;
  pthread_mutex_lock(&s_mutex);
  *count = s_pause_count;
  *us = s_pause_us;
  int64_t kept = s_pause_count < ZN_TIMELINE_PAUSES ? s_pause_count : ZN_TIMELINE_PAUSES;
  int64_t copied = kept < capacity ? kept : capacity;
  for (int64_t i = 0; i < copied; i++) {
    pauses[i] = s_pauses[(s_pause_count - copied + i) % ZN_TIMELINE_PAUSES];
  }
  pthread_mutex_unlock(&s_mutex);
  return copied;
}

/* --- points --- */

bool zn_timeline_is_due(void) {
  int64_t now = zn_timeline_now();
  int64_t due = atomic_load_explicit(&s_due_us, memory_order_relaxed);
  if (now < due) return false;
  return atomic_compare_exchange_strong(&s_due_us, &due, now + atomic_load(&s_step_us));
}

/* Every second one stays. */
static void thin(void) {
  s_point_count /= 2;
  for (int64_t i = 0; i < s_point_count; i++) s_points[i] = s_points[2 * i];
  atomic_store(&s_step_us, 2 * atomic_load(&s_step_us));
}

void zn_timeline_add(const int64_t *values) {
  struct zn_point point;
  for (int i = 0; i < ZN_TIMELINE_VALUES; i++) point.values[i] = values[i];
  pthread_mutex_lock(&s_mutex);
  point.at_us = zn_timeline_now(); /* under the mutex: points are in order */
  if (s_point_count == ZN_TIMELINE_POINTS) thin();
  s_points[s_point_count++] = point;
  pthread_mutex_unlock(&s_mutex);
}

int64_t zn_timeline_points(struct zn_point *points, int64_t capacity) {
  if (capacity < 0) return -EINVAL;
  pthread_mutex_lock(&s_mutex);
  int64_t copied = s_point_count < capacity ? s_point_count : capacity;
  for (int64_t i = 0; i < copied; i++) points[i] = s_points[i];
  pthread_mutex_unlock(&s_mutex);
  return copied;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "znio/meter.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "heap.h"

#define ZN_METER_ALIGNMENT 128 /* two cache lines: they are fetched in pairs */

struct zn_meter {
  _Atomic int64_t cells[ZN_METER_ROWS][ZN_METER_COLUMNS];
  bool own; /* one thread writes it */
  struct zn_meter *next;
  struct zn_meter **link; /* what points here */
};

/* What threads counted that have ended, or that got no meter of their own. */
static struct zn_meter s_shared;
static struct zn_meter *s_first; /* of threads that live; under the mutex, as the folding */
static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;

static pthread_once_t s_once = PTHREAD_ONCE_INIT;
static pthread_key_t s_key;
static bool s_has_key;

static _Thread_local struct zn_meter *t_meter;

/* The thread may count once more after this, in a destructor of somebody else: then it gets a new
 * meter, and the system calls us again. */
static void end_thread(void *value) {
  struct zn_meter *meter = value;
  t_meter = NULL;
  pthread_mutex_lock(&s_mutex);
  for (int row = 0; row < ZN_METER_ROWS; row++) {
    for (int column = 0; column < ZN_METER_COLUMNS; column++) {
      int64_t sum = atomic_load_explicit(&meter->cells[row][column], memory_order_relaxed);
      if (sum != 0) atomic_fetch_add(&s_shared.cells[row][column], sum);
    }
  }
  *meter->link = meter->next;
  if (meter->next != NULL) meter->next->link = meter->link;
  pthread_mutex_unlock(&s_mutex);
  zn_heap_free(meter, sizeof *meter, ZN_METER_ALIGNMENT);
}

static void make_key(void) { s_has_key = pthread_key_create(&s_key, end_thread) == 0; }

static struct zn_meter *open_meter(void) {
  (void)pthread_once(&s_once, make_key);
  if (!s_has_key) return &s_shared;
  struct zn_meter *meter = zn_heap_allocate_zeroed(sizeof *meter, ZN_METER_ALIGNMENT);
  if (meter == NULL) return &s_shared;
  if (pthread_setspecific(s_key, meter) != 0) {
    zn_heap_free(meter, sizeof *meter, ZN_METER_ALIGNMENT);
    return &s_shared;
  }
  meter->own = true;
  pthread_mutex_lock(&s_mutex);
  meter->next = s_first;
  meter->link = &s_first;
  if (s_first != NULL) s_first->link = &meter->next;
  s_first = meter;
  pthread_mutex_unlock(&s_mutex);
  t_meter = meter;
  return meter;
}

struct zn_meter *zn_meter_own(void) {
  struct zn_meter *meter = t_meter;
  return meter != NULL ? meter : open_meter();
}

void zn_meter_add(struct zn_meter *meter, int row, enum zn_meter_column column, int64_t amount) {
  _Atomic int64_t *cell = &meter->cells[row][column];
  if (meter->own) {
    int64_t sum = atomic_load_explicit(cell, memory_order_relaxed) + amount;
    atomic_store_explicit(cell, sum, memory_order_release);
  } else {
    atomic_fetch_add(cell, amount);
  }
}

static void add_row(struct zn_meter *meter, int row, int64_t *sums) {
  for (int column = ZN_METER_COLUMNS; column-- > 0;) {
    sums[column] += atomic_load_explicit(&meter->cells[row][column], memory_order_acquire);
  }
}

int zn_meter_read(int row, int64_t *sums) {
  if (row < 0 || row >= ZN_METER_ROWS) return -EINVAL;
  memset(sums, 0, ZN_METER_COLUMNS * sizeof *sums);
  pthread_mutex_lock(&s_mutex);
  add_row(&s_shared, row, sums);
  for (struct zn_meter *m = s_first; m != NULL; m = m->next) add_row(m, row, sums);
  pthread_mutex_unlock(&s_mutex);
  return 0;
}

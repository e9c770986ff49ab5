/* SPDX-License-Identifier: Apache-2.0 */
#include "znio/meter.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include "fork.h"
#include "heap.h"
#include "meter_page.h"

#define ZN_METER_ALIGNMENT 128 /* two cache lines: they are fetched in pairs */

/* On the heap, or a slot of the memfd, of which others read the cells. */
struct zn_meter {
  _Alignas(ZN_METER_ALIGNMENT) _Atomic int64_t cells[ZN_METER_ROWS][ZN_METER_COLUMNS];
  bool own;               /* one thread writes it */
  bool in_page;           /* for good */
  struct zn_meter *next;  /* of the heap: among those of threads that live; of the memfd: free */
  struct zn_meter **link; /* of the heap: what points here */
};

/* What threads counted that have ended, or that got no meter of their own. */
static struct zn_meter s_shared;
static struct zn_meter *s_sum = &s_shared; /* all of these under the mutex, as the folding */
static struct zn_meter *s_first;           /* on the heap */
static struct zn_meter *s_free;            /* slots of the memfd whose threads have ended */
static bool s_is_used;                     /* somebody counts: too late to share */
static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;

static pthread_once_t s_once = PTHREAD_ONCE_INIT;
static pthread_key_t s_key;
static bool s_has_key;

static _Thread_local struct zn_meter *t_meter;

static const char *const s_names[] = {"calls",       "bytes", "released",    "unknown",
                                      "short",       "end",   "unavailable", "interrupted",
                                      "unsupported", "failed"};
_Static_assert(sizeof s_names / sizeof s_names[0] == ZN_METER_COLUMNS, "a name each");

const char *zn_meter_column_name(int column) {
  return column >= 0 && column < ZN_METER_COLUMNS ? s_names[column] : NULL;
}

/* --- with the mutex --- */

/* A meter with zeros in it, or NULL. */
static struct zn_meter *take_meter(void) {
  struct zn_meter *meter = s_free;
  if (meter != NULL) {
    s_free = meter->next;
    return meter;
  }
  meter = zn_meter_page_take();
  if (meter != NULL) {
    meter->in_page = true;
    return meter;
  }
  meter = zn_heap_allocate_zeroed(sizeof *meter, ZN_METER_ALIGNMENT);
  if (meter != NULL) zn_meter_page_count_unseen(1);
  return meter;
}

static void give_back(struct zn_meter *meter) {
  if (!meter->in_page) {
    zn_heap_free(meter, sizeof *meter, ZN_METER_ALIGNMENT);
    zn_meter_page_count_unseen(-1);
    return;
  }
  meter->own = false;
  meter->next = s_free;
  s_free = meter;
}

static void link_meter(struct zn_meter *meter) {
  meter->own = true;
  if (meter->in_page) return; /* found by its place: a forked child must not follow its pointers */
  meter->next = s_first;
  meter->link = &s_first;
  if (s_first != NULL) s_first->link = &meter->next;
  s_first = meter;
}

static void unlink_meter(struct zn_meter *meter) {
  if (meter->in_page) return;
  *meter->link = meter->next;
  if (meter->next != NULL) meter->next->link = meter->link;
}

/* Its counts go to the sum. */
static void fold(struct zn_meter *meter) {
  zn_meter_page_begin();
  for (int row = 0; row < ZN_METER_ROWS; row++) {
    for (int column = 0; column < ZN_METER_COLUMNS; column++) {
      int64_t sum = atomic_load_explicit(&meter->cells[row][column], memory_order_relaxed);
      if (sum == 0) continue;
      atomic_fetch_add(&s_sum->cells[row][column], sum);
      atomic_store(&meter->cells[row][column], 0);
    }
  }
  zn_meter_page_end();
}

/* --- a thread's --- */

/* The thread may count once more after this, in a destructor of somebody else: then it gets a new
 * meter, and the system calls us again. */
static void end_thread(void *value) {
  t_meter = NULL;
  pthread_mutex_lock(&s_mutex);
  fold(value);
  unlink_meter(value);
  give_back(value);
  pthread_mutex_unlock(&s_mutex);
}

static void make_key(void) { s_has_key = pthread_key_create(&s_key, end_thread) == 0; }

static struct zn_meter *open_meter(void) {
  (void)pthread_once(&s_once, make_key);
  pthread_mutex_lock(&s_mutex);
  s_is_used = true;
  struct zn_meter *sum = s_sum;
  struct zn_meter *meter = s_has_key ? take_meter() : NULL;
  if (meter != NULL && pthread_setspecific(s_key, meter) != 0) {
    give_back(meter);
    meter = NULL;
  }
  if (meter != NULL) link_meter(meter);
  pthread_mutex_unlock(&s_mutex);
  t_meter = meter;
  return meter != NULL ? meter : sum;
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

void zn_meter_count(int row, enum zn_meter_column column, int64_t amount) {
  struct zn_meter *meter = zn_meter_own();
  zn_meter_add(meter, row, ZN_METER_CALLS, 1);
  zn_meter_add(meter, row, column, amount);
}

static void add_row(struct zn_meter *meter, int row, int64_t *sums) {
  for (int column = ZN_METER_COLUMNS; column-- > 0;) {
    sums[column] += atomic_load_explicit(&meter->cells[row][column], memory_order_acquire);
  }
}

/* With the mutex. */
static void sum_row(int row, int64_t *sums) {
  struct zn_meter *meter;
  memset(sums, 0, ZN_METER_COLUMNS * sizeof *sums);
  add_row(&s_shared, row, sums);
  for (uint32_t i = 0; (meter = zn_meter_page_slot(i)) != NULL; i++) add_row(meter, row, sums);
  for (meter = s_first; meter != NULL; meter = meter->next) add_row(meter, row, sums);
}

int zn_meter_read(int row, int64_t *sums) {
  if (row < 0 || row >= ZN_METER_ROWS) return -EINVAL;
  pthread_mutex_lock(&s_mutex);
  sum_row(row, sums);
  pthread_mutex_unlock(&s_mutex);
  return 0;
}

/* --- shared --- */

int zn_meter_share(const struct zn_meter_row *rows, int count) {
  if (rows == NULL || count < 0 || count > ZN_METER_ROWS) return -EINVAL;
  int result = zn_fork_watch();
  if (result < 0) return result;
  pthread_mutex_lock(&s_mutex);
  if (!zn_meter_page_is_there()) {
    result = s_is_used ? -EBUSY : zn_meter_page_make(rows, count, sizeof(struct zn_meter));
    struct zn_meter *sum = zn_meter_page_take();
    if (sum != NULL) s_sum = sum;
  }
  pthread_mutex_unlock(&s_mutex);
  return result;
}

int zn_meter_set_text(const char *text) {
  size_t size = strlen(text);
  if (size >= ZN_METER_TEXT_MAX) return -ENAMETOOLONG;
  pthread_mutex_lock(&s_mutex);
  zn_meter_page_set_text(text, size);
  pthread_mutex_unlock(&s_mutex);
  return 0;
}

/* --- fork --- */

static int64_t s_at_fork[ZN_METER_ROWS][ZN_METER_COLUMNS]; /* under the mutex: what slots held */

void zn_meter_fork_begin(void) {
  struct zn_meter *meter;
  pthread_mutex_lock(&s_mutex);
  if (!zn_meter_page_is_there()) return;
  memset(s_at_fork, 0, sizeof s_at_fork);
  for (uint32_t i = 0; (meter = zn_meter_page_slot(i)) != NULL; i++) {
    for (int row = 0; row < ZN_METER_ROWS; row++) add_row(meter, row, s_at_fork[row]);
  }
}

/* The memfd is the parent's, which may write it by now: its counts go on in a sum of the child's
 * own. */
static void leave_page(void) {
  s_sum = &s_shared;
  s_free = NULL;
  zn_meter_page_leave();
  for (int row = 0; row < ZN_METER_ROWS; row++) {
    for (int i = 0; i < ZN_METER_COLUMNS; i++) {
      atomic_fetch_add(&s_shared.cells[row][i], s_at_fork[row][i]);
    }
  }
  if (t_meter == NULL || !t_meter->in_page) return;
  t_meter = NULL;
  (void)pthread_setspecific(s_key, NULL);
}

void zn_meter_fork_end(bool child) {
  if (child && zn_meter_page_is_there()) leave_page();
  pthread_mutex_unlock(&s_mutex);
}

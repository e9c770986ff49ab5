/* SPDX-License-Identifier: Apache-2.0 */
#include "fork.h"

#include <pthread.h>
#include <stdatomic.h>

static void begin(void) {
  zn_guard_fork_begin();
  zn_overlay_fork_begin();
  zn_guard_range_fork_begin();
}

static void end(bool child) {
  zn_guard_range_fork_end(child);
  zn_overlay_fork_end();
  zn_guard_fork_end(child);
}

static void end_in_parent(void) { end(false); }

static void end_in_child(void) { end(true); }

int zn_fork_watch(void) {
  static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
  static atomic_bool s_watched; /* cannot be taken back, and must not happen twice */
  if (atomic_load_explicit(&s_watched, memory_order_acquire)) return 0;
  pthread_mutex_lock(&s_lock);
  int result = atomic_load(&s_watched) ? 0 : -pthread_atfork(begin, end_in_parent, end_in_child);
  if (result == 0) atomic_store(&s_watched, true);
  pthread_mutex_unlock(&s_lock);
  return result;
}

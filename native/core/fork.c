/* SPDX-License-Identifier: Apache-2.0 */
#include "fork.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

/* In the order in which a thread may take them. jemalloc's locks come after all of ours: it has
 * registered before us, when it was loaded, and the system calls the youngest first. */
static const struct {
  void (*begin)(void);
  void (*end)(bool child);
} s_parts[] = {
    {zn_guard_fork_begin, zn_guard_fork_end},
    {zn_overlay_fork_begin, zn_overlay_fork_end},
    {zn_guard_range_fork_begin, zn_guard_range_fork_end},
    {zn_limit_fork_begin, zn_limit_fork_end},
    {zn_magazine_fork_begin, zn_magazine_fork_end},
    {zn_depot_fork_begin, zn_depot_fork_end},
    {zn_record_fork_begin, zn_record_fork_end},
    {zn_quarantine_fork_begin, zn_quarantine_fork_end},
    {zn_site_fork_begin, zn_site_fork_end},
    {zn_memfd_table_fork_begin, zn_memfd_table_fork_end},
    {zn_pipe_fork_begin, zn_pipe_fork_end},
    {zn_meter_fork_begin, zn_meter_fork_end},
};
#define PARTS (sizeof s_parts / sizeof *s_parts)

static void begin(void) {
  for (size_t i = 0; i < PARTS; i++) s_parts[i].begin();
}

static void end(bool child) {
  for (size_t i = PARTS; i-- > 0;) s_parts[i].end(child);
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

/* SPDX-License-Identifier: Apache-2.0 */
#include "limit.h"

#include <errno.h>
#include <pthread.h>

#include "fork.h"
#include "shared.h"
#include "sys.h"
#include "znio/limit.h"

/* STRICT ends when this part of the limit is free again. */
#define ZN_LIMIT_SLACK_PART 16

/* A birth that is being taken back makes the sum too large for some nanoseconds: ask again. */
#define ZN_LIMIT_ROUNDS 16

struct zn_shared zn_shared;

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER; /* STRICT, and births while it is set */
static _Atomic int64_t s_memory_max = ZN_LIMIT_NONE;
static _Atomic int64_t s_taken;
static _Atomic int64_t s_mapped_max = ZN_LIMIT_NONE;
static _Atomic int64_t s_mapped;
static bool s_barrier; /* the kernel has membarrier, and we are registered */

static int64_t live_bytes(void) {
  struct zn_ledger_kind regions;
  zn_tally_read(ZN_KIND_REGION, &regions);
  int64_t pinned = atomic_load(&zn_tally_pinned()->born_bytes); /* a death is taken off */
  return regions.born_bytes - regions.died_bytes + pinned;
}

static bool is_strict(void) { return atomic_load(&zn_shared.strict) != 0; }

/* The mutex is held. */
static void enter_strict(void) {
  if (is_strict()) return;
  atomic_store(&zn_shared.strict, 1);
  if (s_barrier) (void)zn_sys_membarrier();
}

/* The mutex is held. Without barriers there is no way to come back to STRICT. */
static void leave_strict(void) {
  int64_t max = atomic_load(&s_memory_max);
  bool free = atomic_load(&s_taken) <= max - max / ZN_LIMIT_SLACK_PART;
  if (free && (s_barrier || max == ZN_LIMIT_NONE)) atomic_store(&zn_shared.strict, 0);
}

void zn_limit_unborn(struct zn_tally *tally, bool own, int64_t bytes) {
  zn_tally_birth(tally, own, -1, -bytes);
}

int zn_limit_birth(struct zn_tally *tally, bool own, int64_t bytes) {
  zn_tally_birth(tally, own, 1, bytes);
  atomic_signal_fence(memory_order_seq_cst); /* the other half of the barrier is in enter_strict */
  if (atomic_load_explicit(&zn_shared.strict, memory_order_relaxed) == 0) return 0;
  zn_limit_unborn(tally, own, bytes);
  return zn_limit_birth_strict(tally, own, bytes);
}

int zn_limit_birth_strict(struct zn_tally *tally, bool own, int64_t bytes) {
  int result = ZN_ELIMIT;
  pthread_mutex_lock(&s_mutex);
  for (int i = 0; i < ZN_LIMIT_ROUNDS && result != 0; i++) {
    if (bytes <= atomic_load(&s_memory_max) - live_bytes()) result = 0;
  }
  if (result == 0) zn_tally_birth(tally, own, 1, bytes);
  pthread_mutex_unlock(&s_mutex);
  return result;
}

static bool take_within(int64_t bytes) {
  int64_t taken = atomic_load(&s_taken);
  do {
    if (bytes > atomic_load(&s_memory_max) - taken) return false;
  } while (!atomic_compare_exchange_weak(&s_taken, &taken, taken + bytes));
  return true;
}

int zn_limit_take(int count, int64_t bytes) {
  if (take_within(count * bytes)) return count;
  pthread_mutex_lock(&s_mutex);
  int64_t taken = atomic_fetch_add(&s_taken, bytes) + bytes;
  if (taken > atomic_load(&s_memory_max)) enter_strict(); /* before the block can be seen */
  pthread_mutex_unlock(&s_mutex);
  return 1;
}

void zn_limit_give(int64_t bytes) {
  atomic_fetch_sub(&s_taken, bytes);
  if (!is_strict()) return;
  pthread_mutex_lock(&s_mutex);
  leave_strict();
  pthread_mutex_unlock(&s_mutex);
}

int zn_limit_map(int64_t bytes) {
  int64_t mapped = atomic_load(&s_mapped);
  do {
    if (bytes > atomic_load(&s_mapped_max) - mapped) return ZN_ELIMIT;
  } while (!atomic_compare_exchange_weak(&s_mapped, &mapped, mapped + bytes));
  return 0;
}

void zn_limit_unmap(int64_t bytes) { atomic_fetch_sub(&s_mapped, bytes); }

int zn_limit_set(int64_t memory_bytes, int64_t mapped_bytes) {
  if (memory_bytes < 0 || mapped_bytes < 0) return -EINVAL;
  pthread_mutex_lock(&s_mutex);
  if (memory_bytes != ZN_LIMIT_NONE && !s_barrier) s_barrier = zn_sys_membarrier_register() == 0;
  enter_strict(); /* nobody may go on by the old limit */
  atomic_store(&s_memory_max, memory_bytes);
  atomic_store(&s_mapped_max, mapped_bytes);
  leave_strict();
  pthread_mutex_unlock(&s_mutex);
  return 0;
}

void zn_limit_read(struct zn_limit_state *state) {
  state->memory_max = atomic_load(&s_memory_max);
  state->memory_live = live_bytes();
  state->memory_taken = atomic_load(&s_taken);
  state->mapped_max = atomic_load(&s_mapped_max);
  state->mapped_live = atomic_load(&s_mapped);
  state->strict = is_strict();
}

void zn_limit_fork_begin(void) { pthread_mutex_lock(&s_mutex); }

void zn_limit_fork_end(bool child) { pthread_mutex_unlock(&s_mutex); }

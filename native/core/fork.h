/* SPDX-License-Identifier: Apache-2.0 */
/* Fork: the child has this thread only, and the locks of mappings and guard as they were. */
#ifndef ZN_CORE_FORK_H
#define ZN_CORE_FORK_H

#include <stdbool.h>

#include "znio/error.h"

/* From now on a fork waits for the locks of mappings and guard, and the child starts with them
 * free. returns: 0 or -ENOMEM. Any thread. */
ZN_MUST_CHECK int zn_fork_watch(void);

/* Each takes its lock before a fork, and gives it back after it, in parent and child. In guard.c,
 * guard_range.c and overlay.c. No two of the locks are held together otherwise, so any order will
 * do. */
void zn_guard_fork_begin(void);
void zn_guard_fork_end(bool child);
void zn_guard_range_fork_begin(void);
void zn_guard_range_fork_end(bool child);
void zn_overlay_fork_begin(void);
void zn_overlay_fork_end(void);

#endif

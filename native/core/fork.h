/* SPDX-License-Identifier: Apache-2.0 */
/* Fork: the child has this thread only, and every lock of memory and mappings free. */
#ifndef ZN_CORE_FORK_H
#define ZN_CORE_FORK_H

#include <stdbool.h>

#include "znio/error.h"

/* From now on a fork waits for the locks of memory and mappings, and the child starts with them
 * free. Called before the first of them can matter. returns: 0 or -ENOMEM. Any thread. */
ZN_MUST_CHECK int zn_fork_watch(void);

/* Each takes the locks of its file before a fork, and gives them back after it, in parent and
 * child. */
void zn_guard_fork_begin(void);
void zn_guard_fork_end(bool child);
void zn_overlay_fork_begin(void);
void zn_overlay_fork_end(bool child);
void zn_guard_range_fork_begin(void);
void zn_guard_range_fork_end(bool child);
void zn_limit_fork_begin(void);
void zn_limit_fork_end(bool child);
void zn_magazine_fork_begin(void);
void zn_magazine_fork_end(bool child);
void zn_depot_fork_begin(void);
void zn_depot_fork_end(bool child);
void zn_record_fork_begin(void);
void zn_record_fork_end(bool child);
void zn_quarantine_fork_begin(void);
void zn_quarantine_fork_end(bool child);
void zn_site_fork_begin(void);
void zn_site_fork_end(bool child);
void zn_memfd_table_fork_begin(void);
void zn_memfd_table_fork_end(bool child);
void zn_pipe_fork_begin(void);
void zn_pipe_fork_end(bool child);
void zn_meter_fork_begin(void);
void zn_meter_fork_end(bool child);

#endif

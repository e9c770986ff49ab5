/* SPDX-License-Identifier: Apache-2.0 */
/* Guard reports: the last pages that were lost, for whoever wants to tell of them. */
#ifndef ZN_CORE_GUARD_REPORT_H
#define ZN_CORE_GUARD_REPORT_H

#include "znio/guard.h"

/* Handler. Adds a report; the oldest one makes room. */
void zn_guard_report(const struct zn_guard_fault *fault);

/* In the child of a fork: a writer in another thread of the parent does not go on here. */
void zn_guard_report_after_fork(void);

#endif

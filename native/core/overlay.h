/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Overlay: what takes the place of a closed mapping. A shared mapping of an empty memfd: every
 * access raises SIGBUS, which HotSpot turns into InternalError, and system calls get EFAULT.
 * (PROT_NONE or no mapping at all would be SIGSEGV, which ends a JVM; anonymous memory would be
 * silent zeros.)
 */
#ifndef ZN_CORE_OVERLAY_H
#define ZN_CORE_OVERLAY_H

#include <stdint.h>

#include "znio/error.h"

/* Makes sure that the memfd is there: one descriptor, kept for the life of the process, so that
 * closing does not fail for want of one. returns: 0 or -errno. Any thread. */
ZN_MUST_CHECK int zn_overlay_ready(void);

/* Puts the overlay in place of whole pages, in one step. returns: 0 or -errno. Any thread. */
ZN_MUST_CHECK int zn_overlay_put(void *base, int64_t bytes);

#endif

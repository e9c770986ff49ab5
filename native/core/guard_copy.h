/* SPDX-License-Identifier: Apache-2.0 */
/* Copies that znio itself makes of a caller's memory. */
#ifndef ZN_CORE_GUARD_COPY_H
#define ZN_CORE_GUARD_COPY_H

#include <stdint.h>

#include "znio/error.h"

/* As zn_guard_copy; a plain memcpy as long as the guard is neither installed nor switched off: then
 * there has been no mapping of ours whose pages could be lost. pre: size >= 0. */
ZN_MUST_CHECK int zn_guard_copy_in(void *target, const void *source, int64_t size, int64_t *copied);

#endif

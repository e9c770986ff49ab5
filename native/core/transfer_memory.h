/* SPDX-License-Identifier: Apache-2.0 */
/* What a transfer asks about memory at one of its ends: it may be a mapping that has lost pages. */
#ifndef ZN_CORE_TRANSFER_MEMORY_H
#define ZN_CORE_TRANSFER_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "znio/transfer.h"

/* Before and after a transfer: zn_guard_check, and fills receipt->lost_... returns: 0 or
 * ZN_EDAMAGED. */
ZN_MUST_CHECK int zn_memory_check(const void *address, int64_t size, struct zn_receipt *receipt);

/* After -EFAULT: why the kernel could not read from, or with writes not write to, the size bytes
 * that were not moved. returns: ZN_ELOST with receipt->lost_... filled; ZN_ECLOSED; -EFAULT it is
 * no mapping of ours, or not mapped for that. */
ZN_MUST_CHECK int zn_memory_explain(void *address, int64_t size, bool writes,
                                    struct zn_receipt *receipt);

#endif

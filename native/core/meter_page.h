/* SPDX-License-Identifier: Apache-2.0 */
/* The memfd that meters are shared in. All of it under the mutex of meter.c. */
#ifndef ZN_CORE_METER_PAGE_H
#define ZN_CORE_METER_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "znio/meter.h"

#define ZN_METER_SLOTS 4096 /* 16 MiB of addresses; pages come as slots are used */

bool zn_meter_page_is_there(void);

/* Makes it, with memory for the first slot, and none used. returns: 0 or -errno, and nothing is
 * left behind. */
ZN_MUST_CHECK int zn_meter_page_make(const struct zn_meter_row *rows, int count, size_t slot_bytes);

/* A slot that nobody has used yet, zeroed; NULL: there is none, no page, or no memory. */
void *zn_meter_page_take(void);

/* The i-th slot that was taken, the first is 0; NULL: there is none, or no page. */
void *zn_meter_page_slot(uint32_t i);

/* Around changes that a reader must not see half of. Without a page: nothing. */
void zn_meter_page_begin(void);
void zn_meter_page_end(void);

void zn_meter_page_count_unseen(int threads);

void zn_meter_page_set_text(const char *text, size_t size);

/* It is the parent's: this process has none. Its memory stays mapped. */
void zn_meter_page_leave(void);

#endif

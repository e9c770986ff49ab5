/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ZN_CORE_QUARANTINE_H
#define ZN_CORE_QUARANTINE_H

#include <stdint.h>

#include "znio/quarantine.h"

/* Blocks that wait, those of an open batch included. */
void zn_quarantine_read(int64_t *items, int64_t *bytes);

#endif

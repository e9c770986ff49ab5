/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of off-heap memory share. */
#ifndef ZN_TESTS_BLOCKS_H
#define ZN_TESTS_BLOCKS_H

#include <stdint.h>

#include "znio/ledger.h"
#include "znio/magazine.h"

/* Set-up and tear-down: a test fails that leaves a block, a magazine or a full quarantine behind.
 */
int blocks_before(void **state);
int blocks_after(void **state);

/* The ledger as blocks_before found it. */
extern struct zn_ledger_totals blocks_at_start;

/* These fail the running test if there is no memory. */
struct zn_magazine *magazine_open(uint32_t thread);
uint64_t magazine_allocate(struct zn_magazine *magazine, int64_t size);

#endif

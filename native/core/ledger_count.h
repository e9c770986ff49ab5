/* SPDX-License-Identifier: Apache-2.0 */
/* How the core tells the ledger what it made and what it gave back. */
#ifndef ZN_CORE_LEDGER_COUNT_H
#define ZN_CORE_LEDGER_COUNT_H

#include <stdint.h>

enum zn_ledger_item {
  ZN_LEDGER_REGION,
  ZN_LEDGER_MAPPING,
  ZN_LEDGER_PIPE,
  ZN_LEDGER_RING,
  ZN_LEDGER_PIN,
  ZN_LEDGER_DESCRIPTOR,
  ZN_LEDGER_ITEMS,
};

/* Adds items (negative: gives back) and their bytes. Any thread. */
void zn_ledger_count(enum zn_ledger_item item, int64_t items, int64_t bytes);

#endif

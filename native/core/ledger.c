/* SPDX-License-Identifier: Apache-2.0 */
#include "znio/ledger.h"

#include <stdatomic.h>

#include "ledger_count.h"
#include "sys.h"

static _Atomic int64_t s_items[ZN_LEDGER_ITEMS];
static _Atomic int64_t s_bytes[ZN_LEDGER_ITEMS];

void zn_ledger_count(enum zn_ledger_item item, int64_t items, int64_t bytes) {
  atomic_fetch_add_explicit(&s_items[item], items, memory_order_relaxed);
  if (bytes != 0) atomic_fetch_add_explicit(&s_bytes[item], bytes, memory_order_relaxed);
}

static int64_t items_of(enum zn_ledger_item item) {
  return atomic_load_explicit(&s_items[item], memory_order_relaxed);
}

static int64_t bytes_of(enum zn_ledger_item item) {
  return atomic_load_explicit(&s_bytes[item], memory_order_relaxed);
}

void zn_ledger_read(struct zn_ledger_totals *totals) {
  totals->regions = items_of(ZN_LEDGER_REGION);
  totals->region_bytes = bytes_of(ZN_LEDGER_REGION);
  totals->mappings = items_of(ZN_LEDGER_MAPPING);
  totals->mapping_bytes = bytes_of(ZN_LEDGER_MAPPING);
  totals->pipes = items_of(ZN_LEDGER_PIPE);
  totals->rings = items_of(ZN_LEDGER_RING);
  totals->pins = items_of(ZN_LEDGER_PIN);
  totals->descriptors = items_of(ZN_LEDGER_DESCRIPTOR);
}

int64_t zn_ledger_system_calls(void) { return zn_sys_count(); }

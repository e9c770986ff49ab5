/* SPDX-License-Identifier: Apache-2.0 */
#include "support/blocks.h"

#include "support/check.h"
#include "znio/limit.h"
#include "znio/quarantine.h"
#include "znio/region.h"

struct zn_ledger_totals blocks_at_start;

int blocks_before(void **state) {
  zn_ledger_read(&blocks_at_start);
  return 0;
}

int blocks_after(void **state) {
  int64_t batch;
  bool full;
  if (zn_quarantine_begin(&batch, &full) > 0) assert_int_equal(zn_quarantine_end(batch), 0);
  struct zn_ledger_totals totals;
  zn_ledger_read(&totals);
  assert_int_equal(totals.regions, blocks_at_start.regions);
  assert_int_equal(totals.region_bytes, blocks_at_start.region_bytes);
  zn_region_trim();
  struct zn_ledger_idle idle;
  zn_ledger_read_idle(&idle);
  assert_int_equal(idle.magazines, 0);
  assert_int_equal(idle.magazine_bytes, 0);
  assert_int_equal(idle.depot_items, 0);
  assert_int_equal(idle.depot_bytes, 0);
  assert_int_equal(idle.quarantine_items, 0);
  struct zn_limit_state limit;
  zn_limit_read(&limit);
  assert_int_equal(limit.memory_taken, 0);
  assert_int_equal(limit.strict, 0);
  return 0;
}

struct zn_magazine *magazine_open(uint32_t thread) {
  struct zn_magazine *magazine;
  assert_int_equal(zn_magazine_open(thread, &magazine), 0);
  return magazine;
}

uint64_t magazine_allocate(struct zn_magazine *magazine, int64_t size) {
  uint64_t handle;
  assert_int_equal(zn_magazine_allocate(magazine, size, 0, &handle), 0);
  assert_true((int64_t)handle > 0);
  return handle;
}

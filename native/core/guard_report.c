/* SPDX-License-Identifier: Apache-2.0 */
#include "guard_report.h"

#include <stdatomic.h>

#define ZN_GUARD_REPORTS 256u

/*
 * One place of the ring. Writers are handlers, one at a time, with signals blocked. number is that
 * of the report in it, counted from 1; 0 while it is being written. A reader waits for nobody: it
 * takes what it read if number was the same before and after.
 */
struct zn_guard_report_slot {
  _Atomic uint64_t number;
  _Atomic uint64_t device;
  _Atomic uint64_t inode;
  _Atomic int64_t file_offset;
  _Atomic int64_t address;
  _Atomic int64_t thread; /* and flags */
};

#define ZN_GUARD_REPORT_CLOSED ((int64_t)1 << 32)
#define ZN_GUARD_REPORT_REPLACED ((int64_t)1 << 33)

static struct zn_guard_report_slot s_slots[ZN_GUARD_REPORTS];
static _Atomic uint64_t s_next; /* reports begun */
static atomic_flag s_writing = ATOMIC_FLAG_INIT;

void zn_guard_report(const struct zn_guard_fault *fault) {
  while (atomic_flag_test_and_set(&s_writing)) continue;
  uint64_t number = atomic_fetch_add(&s_next, 1) + 1;
  struct zn_guard_report_slot *slot = &s_slots[number % ZN_GUARD_REPORTS];
  atomic_store(&slot->number, 0);
  atomic_store(&slot->device, fault->device);
  atomic_store(&slot->inode, fault->inode);
  atomic_store(&slot->file_offset, fault->file_offset);
  atomic_store(&slot->address, fault->address);
  int64_t flags = (fault->closed ? ZN_GUARD_REPORT_CLOSED : 0) |
                  (fault->replaced ? ZN_GUARD_REPORT_REPLACED : 0);
  atomic_store(&slot->thread, fault->thread | flags);
  atomic_store(&slot->number, number);
  atomic_flag_clear(&s_writing);
}

void zn_guard_report_after_fork(void) { atomic_flag_clear(&s_writing); }

/* returns: 1; 0 it is being written; -1 it has made room for a later one. */
static int read_slot(uint64_t number, struct zn_guard_fault *fault) {
  struct zn_guard_report_slot *slot = &s_slots[number % ZN_GUARD_REPORTS];
  uint64_t before = atomic_load(&slot->number);
  int64_t thread = atomic_load(&slot->thread);
  *fault = (struct zn_guard_fault){.device = atomic_load(&slot->device),
                                   .inode = atomic_load(&slot->inode),
                                   .file_offset = atomic_load(&slot->file_offset),
                                   .address = atomic_load(&slot->address),
                                   .thread = (int32_t)thread,
                                   .closed = (thread & ZN_GUARD_REPORT_CLOSED) != 0,
                                   .replaced = (thread & ZN_GUARD_REPORT_REPLACED) != 0};
  uint64_t after = atomic_load(&slot->number);
  if (before == number && after == number) return 1;
  return before > number || after > number ? -1 : 0;
}

int zn_guard_next(uint64_t *cursor, struct zn_guard_fault *fault, int64_t *lost) {
  for (;;) {
    uint64_t begun = atomic_load(&s_next);
    if (*cursor >= begun) return 0;
    if (begun - *cursor > ZN_GUARD_REPORTS) {
      *lost += (int64_t)(begun - ZN_GUARD_REPORTS - *cursor);
      *cursor = begun - ZN_GUARD_REPORTS;
    }
    int result = read_slot(*cursor + 1, fault);
    if (result == 0) return 0;
    *cursor += 1;
    if (result > 0) return 1;
    *lost += 1;
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guard ranges: the address ranges of znio's mappings, in a table that a signal handler can read.
 *
 *   FREE -> OPEN -> CLOSED -> FREE          (OPEN -> FREE: released without a close)
 *
 * The table is a list of blocks of slots. Blocks are added and never freed, and a slot stays where
 * it is, so a reader may look at any slot at any time. Writers hold one mutex, which the handler
 * never takes. A reader finds a slot by its bounds, pins it, and looks at state and bounds again:
 * from then on the slot keeps its meaning until the pin is given back, because a writer that frees
 * it first sets FREE, then waits until nobody has it pinned (both sequentially consistent: either
 * the reader sees FREE, or the writer sees the pin). Nothing else needs a lock: what a slot says
 * besides its bounds is written only while it is FREE and unpinned.
 *
 * A look-up reads the bounds of all slots that were ever in use at one time; a process has at most
 * vm.max_map_count mappings. It happens on faults, in zn_guard_locate and while something is
 * damaged.
 *
 * INV-GUARD-1: memory in a range is never given back to the kernel while its slot is OPEN or
 * CLOSED. INV-GUARD-2: a page is put in place of another only in a pinned slot: never in memory of
 * others. INV-GUARD-3: a page in place of an OPEN range's is on record before the access that needs
 * it can go on.
 */
#ifndef ZN_CORE_GUARD_RANGE_H
#define ZN_CORE_GUARD_RANGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "znio/error.h"

enum zn_guard_state { ZN_GUARD_FREE, ZN_GUARD_OPEN, ZN_GUARD_CLOSED };

struct zn_guard_range {
  _Atomic uintptr_t begin; /* page-aligned; 0 in a slot that means nothing */
  _Atomic uintptr_t end;
  _Atomic uint32_t state; /* enum zn_guard_state */
  _Atomic uint32_t pins;
  atomic_flag rescuing; /* one thread replaces pages at a time */
  bool writable;
  int64_t page_bytes; /* of the file's pages: more than the system's in hugetlbfs */
  uint64_t device;
  uint64_t inode;
  int64_t file_offset; /* of begin */
  _Atomic int64_t damaged_offset;
  _Atomic int64_t damaged_pages;
  _Atomic int64_t stale_pages;
  _Atomic uintptr_t thrown_page; /* the last one that HotSpot dealt with */
  struct zn_guard_range *next_free;
};

/* What zn_guard_range_open writes down. */
struct zn_guard_span {
  void *base; /* page-aligned */
  int64_t bytes;
  int64_t page_bytes;
  uint64_t device;
  uint64_t inode;
  int64_t file_offset;
  bool writable;
};

/* Takes a free slot. NULL: no memory for more. */
struct zn_guard_range *zn_guard_range_take(void);

/* FREE -> OPEN. The slot is the caller's, who took it. */
void zn_guard_range_open(struct zn_guard_range *range, const struct zn_guard_span *span);

/* -> FREE, out of the handler's sight. returns: 0; -EBUSY a fault in it is being dealt with: as
 * before. */
ZN_MUST_CHECK int zn_guard_range_hide(struct zn_guard_range *range);

/* Takes zn_guard_range_hide back: the memory could not be given back. */
void zn_guard_range_show(struct zn_guard_range *range, enum zn_guard_state state);

/* Gives a slot back that is FREE and hidden, or was never opened. */
void zn_guard_range_give(struct zn_guard_range *range);

/* Waits until no handler has the slot pinned, for some milliseconds at most. returns: whether. */
bool zn_guard_range_settle(struct zn_guard_range *range);

/* Handler. Finds the range of an address and pins it. NULL: none. */
struct zn_guard_range *zn_guard_range_pin(uintptr_t address);
void zn_guard_range_unpin(struct zn_guard_range *range);

/* Handler. Puts a page on record that is about to be replaced. returns: whether the range was
 * closed. */
bool zn_guard_range_record(struct zn_guard_range *range, int64_t file_offset);

/* Ranges that are damaged and not yet given back. */
int64_t zn_guard_range_damaged(void);

/* A damaged range that touches [begin, end). returns: the file offset of its first damage, or -1.
 */
int64_t zn_guard_range_damage_in(uintptr_t begin, uintptr_t end);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The layout of a magazine. Generated code reads and writes it: the offsets are
 * zn_region_constants. */
#ifndef ZN_CORE_MAGAZINE_H
#define ZN_CORE_MAGAZINE_H

#include <stdint.h>

#include "tally.h"
#include "znio/magazine.h"
#include "znio/region.h"

#define ZN_MAGAZINE_CLASS_BYTES_MAX ((int64_t)256 << 10)
#define ZN_MAGAZINE_CLASS_ITEMS_MAX 128

/* Retired blocks that a magazine gathers before it hands them over: as many, and as many bytes. */
#define ZN_RETIRED_COUNT_MAX 64
#define ZN_RETIRED_BYTES_MAX ((int64_t)256 << 10)

/* Free blocks of one class: slots[0 .. count) are addresses of records, the last is taken first. */
struct zn_magazine_stack {
  int32_t count;
  int32_t capacity; /* constant, as the next two */
  uint64_t slots;   /* address of the slots, inside the magazine */
  int64_t class_bytes;
};

struct zn_magazine {
  struct zn_tally tally;
  _Atomic int64_t cached; /* bytes of all stacks */
  int64_t retired_bytes;
  int32_t retired_count;
  uint32_t thread;
  struct zn_magazine *next;
  struct zn_magazine **link; /* what points here */
  struct zn_magazine_stack stacks[ZN_REGION_CLASSES];
  uint64_t retired[ZN_RETIRED_COUNT_MAX];
  uint64_t slots[];
};

/* The list of open magazines, for readers of their tallies. */
void zn_magazine_lock_all(void);
void zn_magazine_unlock_all(void);
void zn_magazine_each(void (*visit)(struct zn_tally *, struct zn_ledger_kind *),
                      struct zn_ledger_kind *sum);

/* Open magazines, and the bytes of free blocks they hold. */
void zn_magazine_read(int64_t *count, int64_t *bytes);

#endif

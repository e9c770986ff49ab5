/* SPDX-License-Identifier: Apache-2.0 */
/* How a mapping with an owner is made: mapping_open.c makes what mapping_owner.c works on. */
#ifndef ZN_CORE_MAPPING_OPEN_H
#define ZN_CORE_MAPPING_OPEN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "guard_range.h"
#include "znio/mapping.h"

struct zn_mapping {
  char *address; /* of the byte at file_offset */
  int64_t size;
  char *base; /* whole pages */
  int64_t bytes;
  int64_t file_offset;
  struct zn_guard_range *range;
  uint64_t record; /* in the ledger */
  int32_t cause;   /* of its death, if it is released open */
  int32_t mode;
  bool anonymous;
  bool overlaid;       /* written by the thread that closes */
  atomic_bool closing; /* set for good by the close that works */
};

/* Frees the record, not the pages. */
void zn_mapping_free(struct zn_mapping *mapping);

/* The kernel's number for enum zn_mapping_advice, or -1. */
int zn_mapping_madvice(int advice);

#endif

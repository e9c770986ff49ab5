/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits on off-heap memory, and what memory there is.
 *
 * The limit of memory counts live bytes as they were asked for: of blocks, and of pins, unless what
 * is lent is a block and counts as that (ZN_TRANSFER_COUNTED). It is exact: live bytes never exceed
 * it, and a request is refused only if it does not fit (or if another one is being decided at that
 * moment). Free blocks in magazines, depot and quarantine do not count. The limit of mappings
 * counts the sizes of mappings, with an owner or plain, until they are closed. Memfds count in
 * neither: their pages are the system's, and a mapping of one counts as a mapping.
 */
#ifndef ZNIO_LIMIT_H
#define ZNIO_LIMIT_H

#include <stdint.h>

#include "znio/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ZN_LIMIT_NONE INT64_MAX

/*
 * Sets the limits in bytes (0 or more; ZN_LIMIT_NONE, the default, is none): of blocks and pins
 * together, and of mappings. What lives stays, also above a lower limit; a request that runs at
 * this moment may still be measured by the old one. Any thread. returns: 0; -EINVAL.
 */
ZN_API ZN_MUST_CHECK int zn_limit_set(int64_t memory_bytes, int64_t mapped_bytes);

struct zn_limit_state {
  int64_t memory_max;   /* ZN_LIMIT_NONE: no limit */
  int64_t memory_live;  /* what counts against it */
  int64_t memory_taken; /* blocks taken from jemalloc: live, in magazines and in quarantine */
  int64_t mapped_max;
  int64_t mapped_live;
  int64_t strict; /* 1: so close to the limit that each allocation asks; 0: not */
};

/* Fills state. Any thread. */
ZN_API void zn_limit_read(struct zn_limit_state *state);

struct zn_limit_machine {
  int64_t physical_bytes;    /* memory of the machine; ZN_LIMIT_NONE: not known */
  int64_t container_bytes;   /* the lowest limit of the control groups above us; or ZN_LIMIT_NONE */
  int64_t container_used;    /* what the group with that limit uses now; 0: not known */
  int64_t container_version; /* of the control groups: 1, 2; 0: none found */
};

/* Reads what memory there is, from /proc and /sys/fs/cgroup. What cannot be read is as if there
 * were no limit. returns: 0; -ENOMEM. Any thread. */
ZN_API ZN_MUST_CHECK int zn_limit_read_machine(struct zn_limit_machine *machine);

#ifdef __cplusplus
}
#endif
#endif

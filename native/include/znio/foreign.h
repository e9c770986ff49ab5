/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign memory: which addresses that others allocated or mapped are live, how large, and where
 * they were born. The functions that free memory are told an address only; this is what knows the
 * size.
 *
 * No lock, no clock: some nanoseconds a birth and a death. All functions: any thread; of one
 * address the birth is over before the death begins, which the memory's owner sees to anyway.
 */
#ifndef ZNIO_FOREIGN_H
#define ZNIO_FOREIGN_H

#include <stdint.h>

#include "znio/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ZN_FOREIGN_SIZE_MAX (((int64_t)1 << 47) - 1) /* all addresses of a process */

/*
 * Notes that size bytes (0 to ZN_FOREIGN_SIZE_MAX) at address (not 0) are live; address must not be
 * live already. site: of zn_site_intern, 0: none. To be called before anybody else can know the
 * address. returns: 0; -EINVAL; -ENOMEM: it will not be known.
 */
ZN_API ZN_MUST_CHECK int zn_foreign_born(uint64_t address, int64_t size, uint32_t site);

/* Forgets address, and sets *site (NULL: nobody asks). To be called before it is freed, for it may
 * be born again right after that. returns: its size; -ENOENT: it was born before anybody looked, or
 * is not known. */
ZN_API ZN_MUST_CHECK int64_t zn_foreign_died(uint64_t address, uint32_t *site);

struct zn_foreign_entry {
  uint64_t address;
  int64_t size;
  uint32_t site;
};

/*
 * Copies what is live, from *cursor on (0: the first), at most capacity (> 0), and moves the
 * cursor. Stops nobody: what is born or dies meanwhile may be missed, what lives all the time is
 * seen once. returns: how many; 0 at the end; -EINVAL.
 */
ZN_API ZN_MUST_CHECK int64_t zn_foreign_next(uint64_t *cursor, struct zn_foreign_entry *entries,
                                             int64_t capacity);

#ifdef __cplusplus
}
#endif
#endif

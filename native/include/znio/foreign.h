/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign memory: which addresses that others allocated or mapped are live, and how large. The
 * functions that free memory are told an address only; this is what knows the size.
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

/*
 * Notes that size bytes (0 to 2^48 - 1) at address (not 0) are live; address must not be live
 * already. To be called before anybody else can know the address. returns: 0; -EINVAL; -ENOMEM: it
 * will not be known.
 */
ZN_API ZN_MUST_CHECK int zn_foreign_born(uint64_t address, int64_t size);

/* Forgets address. To be called before it is freed, for it may be born again right after that.
 * returns: its size; -ENOENT: it was born before anybody looked, or is not known. */
ZN_API ZN_MUST_CHECK int64_t zn_foreign_died(uint64_t address);

#ifdef __cplusplus
}
#endif
#endif

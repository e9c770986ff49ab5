/* SPDX-License-Identifier: Apache-2.0 */
/* Which record belongs to which descriptor: callers have the number of the descriptor only. */
#ifndef ZN_CORE_MEMFD_TABLE_H
#define ZN_CORE_MEMFD_TABLE_H

#include <stdint.h>

#include "znio/error.h"

/* Remembers the record of an open descriptor. returns: 0; -ENOMEM. Any thread. */
ZN_MUST_CHECK int zn_memfd_table_put(int fd, uint64_t record);

/* Forgets a descriptor, before it is closed. returns: its record; 0: it is not in the table. */
uint64_t zn_memfd_table_take(int fd);

/* returns: the record of a descriptor; 0: it is not in the table. */
uint64_t zn_memfd_table_get(int fd);

#endif

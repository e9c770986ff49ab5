/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ledger: what znio holds and what it did. Counters are exact; reading them is not a snapshot.
 */
#ifndef ZNIO_LEDGER_H
#define ZNIO_LEDGER_H

#include <stdint.h>

#include "znio/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct zn_ledger_totals {
  int64_t regions;       /* live regions of zn_region_allocate */
  int64_t region_bytes;  /* their bytes */
  int64_t mappings;      /* live mappings of zn_mapping_map */
  int64_t mapping_bytes; /* their bytes */
  int64_t pipes;         /* open pipes, idle ones included */
  int64_t rings;         /* open io_uring instances, idle ones included */
  int64_t pins;          /* pins not yet released */
  int64_t descriptors;   /* descriptors znio holds open, those of pipes and rings included */
};

/* Fills totals. Any thread. */
ZN_API void zn_ledger_read(struct zn_ledger_totals *totals);

/* Returns the system calls this thread has made through znio since it started. */
ZN_API int64_t zn_ledger_system_calls(void);

#ifdef __cplusplus
}
#endif
#endif

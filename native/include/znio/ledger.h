/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ledger: what znio holds and what it did. Counters are exact: a reader sees all of what was done
 * before, and in the sums no death without its birth. Reading them is not a snapshot.
 */
#ifndef ZNIO_LEDGER_H
#define ZNIO_LEDGER_H

#include <stdint.h>

#include "znio/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct zn_ledger_totals {
  int64_t regions;       /* live blocks, with a record or without */
  int64_t region_bytes;  /* their bytes, as asked for */
  int64_t mappings;      /* live mappings, with an owner or plain */
  int64_t mapping_bytes; /* their bytes */
  int64_t memfds;        /* descriptors of shared memory, created or received */
  int64_t memfd_bytes;   /* the bytes behind them */
  int64_t pins;          /* loans of memory to the kernel, those inside a call included */
  int64_t pin_bytes;     /* the bytes lent */
  int64_t pipes;         /* open pipes, idle ones included */
  int64_t rings;         /* open io_uring instances, idle ones included */
  int64_t descriptors;   /* descriptors znio holds open, those of pipes and rings included */
};

/* Fills totals. Any thread. */
ZN_API void zn_ledger_read(struct zn_ledger_totals *totals);

/* Returns the system calls this thread has made through znio since it started. */
ZN_API int64_t zn_ledger_system_calls(void);

/* What has a record. The numbers stand in the record. */
enum zn_kind { ZN_KIND_REGION, ZN_KIND_MAPPING, ZN_KIND_MEMFD, ZN_KIND_PIN, ZN_KINDS };

/* Lifetimes in ticks: [0] none, [b] from 2^(b-1) to less than 2^b; the last: not known. */
#define ZN_LEDGER_AGES 34

struct zn_ledger_kind {
  int64_t born_items;
  int64_t born_bytes;
  int64_t died_items; /* of all causes; live = born - died */
  int64_t died_bytes;
  int64_t cleaned; /* of died_items; the rest was closed */
  int64_t leaked;  /* of died_items */
  int64_t ages[ZN_LEDGER_AGES];
};

/* Fills totals for one kind. returns: 0; -EINVAL. Any thread. */
ZN_API ZN_MUST_CHECK int zn_ledger_read_kind(int kind, struct zn_ledger_kind *totals);

/* Memory that is neither live nor jemalloc's. */
struct zn_ledger_idle {
  int64_t magazines; /* open ones */
  int64_t magazine_bytes;
  int64_t depot_items;
  int64_t depot_bytes;
  int64_t quarantine_items; /* an open batch included; blocks still in a magazine's list are not */
  int64_t quarantine_bytes;
  int64_t records; /* ever made: 32 bytes each, never given back */
};

/* Fills idle. Any thread. */
ZN_API void zn_ledger_read_idle(struct zn_ledger_idle *idle);

/* Adds ticks to the coarse clock that births and lifetimes are measured with. It wraps at 2^32. One
 * thread of the caller does it, at a step he chooses (10 ms: a wrap in 497 days). */
ZN_API void zn_ledger_advance(uint32_t ticks);

/* Returns the tick. It can be read at a fixed address, too (zn_region_constants). Any thread. */
ZN_API uint32_t zn_ledger_tick(void);

/*
 * Opens a record for something that the caller makes himself and that is no block: kind MAPPING,
 * MEMFD or PIN (of memory), of size bytes at address (0 if it has none). What znio makes has its
 * record already. Counts it, and reserves its bytes: of a pin against the limit of memory, of a
 * mapping against that of mappings. To be called before the thing is made: a refusal is final.
 * *handle: for zn_ledger_died; its address can be set when it is known. returns: 0; -EINVAL;
 * ZN_ELIMIT; -ENOMEM.
 */
ZN_API ZN_MUST_CHECK int zn_ledger_born(int kind, uint64_t address, int64_t size, uint32_t thread,
                                        uint32_t site, uint64_t *handle);

/* Sets the address of a live record that is no block's. returns: 0; -EALREADY; -EINVAL. */
ZN_API ZN_MUST_CHECK int zn_ledger_set_address(uint64_t handle, uint64_t address);

/* Says who made what has a record that is no block's (of zn_ledger_born, zn_pin_record,
 * zn_memfd_record), and where: numbers of the caller's thread and of zn_site_intern. returns: 0;
 * -EALREADY; -EINVAL. Any thread. */
ZN_API ZN_MUST_CHECK int zn_ledger_set_birth(uint64_t handle, uint32_t thread, uint32_t site);

/* Ends the life of what zn_ledger_born counted. Its record stays, as CLOSED, if keep is not 0: for
 * a range that is still taken, until zn_ledger_forget. returns: 0; -EALREADY; -EINVAL. Any thread.
 */
ZN_API ZN_MUST_CHECK int zn_ledger_died(uint64_t handle, int cause, int keep);

/* Drops a record that zn_ledger_died kept; handle is still that of its life. returns: 0; -EALREADY;
 * -EINVAL. Any thread. */
ZN_API ZN_MUST_CHECK int zn_ledger_forget(uint64_t handle);

/* One record, as it was at one moment. */
struct zn_ledger_entry {
  uint64_t handle;
  uint64_t address;
  int64_t size;         /* as asked for; of a FREE block its class's */
  uint32_t birth;       /* tick */
  uint32_t thread;      /* the caller's number */
  uint32_t site;        /* 0: not sampled */
  uint8_t kind;         /* enum zn_kind */
  uint8_t state;        /* enum zn_state */
  uint8_t region_class; /* or 255 */
  uint8_t alignment_log2;
};

/*
 * Copies records whose state is in states (bit 1 << ZN_STATE_...), from *cursor on (0: the first),
 * at most capacity (> 0), and moves the cursor. Stops nobody: each entry is whole, what is born or
 * dies meanwhile may be missed, what lives all the time is seen once. Touches no block. Any thread.
 * returns: how many; 0 at the end; -EINVAL.
 */
ZN_API ZN_MUST_CHECK int64_t zn_ledger_next(uint64_t *cursor, unsigned states,
                                            struct zn_ledger_entry *entries, int64_t capacity);

#define ZN_SITE_TEXT_MAX 4096
#define ZN_SITES_MAX 65535

/*
 * Returns the number of a place of birth: the same text, the same number. Keeps a copy of the first
 * length bytes (1 to ZN_SITE_TEXT_MAX) for good. Any thread.
 * returns: 1 to ZN_SITES_MAX; -EINVAL; -ENOSPC there are too many sites (use 0); -ENOMEM.
 */
ZN_API ZN_MUST_CHECK int zn_site_intern(const char *text, int64_t length);

/*
 * Copies at most capacity bytes of a site's text, without a zero. Any thread.
 * returns: the length of the whole text; -EINVAL no such site.
 */
ZN_API ZN_MUST_CHECK int64_t zn_site_text(uint32_t site, char *text, int64_t capacity);

struct zn_site_total {
  uint32_t site; /* 0: all that were not sampled */
  int64_t items; /* live */
  int64_t bytes;
};

/*
 * Fills at most capacity (1 to 1024) totals with the sites that hold most live bytes, the largest
 * first. kinds: bit 1 << ZN_KIND_.... Walks all records. Any thread. returns: how many; -EINVAL;
 * -ENOMEM.
 */
ZN_API ZN_MUST_CHECK int zn_site_largest(unsigned kinds, struct zn_site_total *totals,
                                         int capacity);

#ifdef __cplusplus
}
#endif
#endif

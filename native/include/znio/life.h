/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Life: when sampled foreign memory was born and when it died, by which thread and how. A live one
 * has a record in a pool of fixed size; what has died goes into sums, and the largest and the
 * longest-lived are kept whole. So the memory is bounded, however many there are.
 *
 * A mutex and a clock reading each: for samples only. No function calls anything of the caller's
 * while it holds the mutex. All functions: any thread; of one address the birth is over before the
 * death begins.
 */
#ifndef ZNIO_LIFE_H
#define ZNIO_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "znio/error.h"

#ifdef __cplusplus
extern "C" {
#endif

enum zn_life_kind { ZN_LIFE_MEMORY, ZN_LIFE_MAPPED, ZN_LIFE_KINDS };

enum zn_life_end {
  ZN_LIFE_EXPLICIT,
  ZN_LIFE_CLEANED, /* because nothing could reach it any more */
  ZN_LIFE_ENDS,
  ZN_LIFE_LIVES = ZN_LIFE_ENDS
};

#define ZN_LIFE_NAME_SIZE 48 /* bytes, with the zero at the end */

struct zn_life {
  int64_t number; /* of the birth, from 1 on; 0: no record of it */
  uint64_t address;
  int64_t bytes;
  int64_t born_us;       /* as zn_timeline_now */
  int64_t died_us;       /* -1: it lives */
  int64_t last_pause_us; /* when the last pause ended that ended before it died; -1: none, or it
                            lives */
  uint32_t site;         /* of zn_site_intern, 0: none */
  uint8_t kind;          /* enum zn_life_kind */
  uint8_t end;           /* enum zn_life_end */
  char thread[ZN_LIFE_NAME_SIZE];
  char died_thread[ZN_LIFE_NAME_SIZE];
};

#define ZN_LIFE_RECORDS 65536   /* live ones with a record */
#define ZN_LIFE_LARGE (1 << 20) /* bytes, from which the last eighth of the records is for it */
#define ZN_LIFE_KEPT 250        /* of the largest, and as many of the longest-lived */

/* Makes room for records. Before it nothing is recorded. returns: 0, again and again; -ENOMEM. */
ZN_API ZN_MUST_CHECK int zn_life_begin(void);

/* Records a birth: address, bytes, site, kind and thread of birth; the rest is set here. To be
 * called before anybody else can know the address. */
ZN_API void zn_life_born(const struct zn_life *birth);

/*
 * Takes the record of an address that is about to be freed, and fills life; kind, bytes and site
 * are what is known of it otherwise. To be called before it is freed, for it may be born again
 * right after that. Then call one of the two below.
 */
ZN_API void zn_life_take(uint64_t address, enum zn_life_kind kind, int64_t bytes, uint32_t site,
                         struct zn_life *life);

/* It has died. thread: its name, or NULL. */
ZN_API void zn_life_died(struct zn_life *life, enum zn_life_end end, const char *thread);

/* It could not be freed, and lives on as if nothing had happened. */
ZN_API void zn_life_put_back(const struct zn_life *life);

/* Lifetimes of what has died: [b] from 10^b to less than 10^(b+1) microseconds, [0] from 0, the
 * last without an end. */
#define ZN_LIFE_AGES 11

struct zn_life_totals {
  int64_t born_items;
  int64_t born_bytes;
  int64_t ended[ZN_LIFE_ENDS]; /* items; the rest lives */
  int64_t unrecorded;          /* items that got no record: their lifetimes are not known */
  struct {
    int64_t items;
    int64_t bytes;
  } ages[ZN_LIFE_AGES];
};

/* Fills totals for one kind. returns: 0; -EINVAL. */
ZN_API ZN_MUST_CHECK int zn_life_read(enum zn_life_kind kind, struct zn_life_totals *totals);

struct zn_life_site {
  int64_t born_items;
  int64_t born_bytes;
  int64_t longest_us; /* of what has died; what lives may be older */
};

/* Fills what was born at a site (0: at none). returns: 0; -EINVAL there can be no such site. */
ZN_API ZN_MUST_CHECK int zn_life_site(uint32_t site, struct zn_life_site *totals);

/*
 * Copies live records, from *cursor on (0: the first), at most capacity (> 0), and moves the
 * cursor. What is born or dies between two calls may be missed. returns: how many; 0 at the end;
 * -EINVAL.
 */
ZN_API ZN_MUST_CHECK int64_t zn_life_next(uint64_t *cursor, struct zn_life *lives,
                                          int64_t capacity);

/*
 * Copies live and dead: the ZN_LIFE_KEPT largest, and the ZN_LIFE_KEPT longest-lived that are not
 * among them; the largest first. lives: room for 2 * ZN_LIFE_KEPT. Walks all records while births
 * and deaths of samples wait: some milliseconds if there are many. returns: how many; -ENOMEM.
 */
ZN_API ZN_MUST_CHECK int64_t zn_life_select(struct zn_life *lives);

#ifdef __cplusplus
}
#endif
#endif

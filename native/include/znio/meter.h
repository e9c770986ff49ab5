/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Meter: counts of calls that others make, by thread. A row stands for one function, a column for
 * what is counted of it; the caller says which row is which.
 *
 * A thread counts in a meter of its own by plain stores. The meter of a thread that has ended is
 * added to a sum, so that nothing is ever lost. Sums are exact: a reader sees all of what was
 * counted before. Reading is not a snapshot.
 */
#ifndef ZNIO_METER_H
#define ZNIO_METER_H

#include <stdbool.h>
#include <stdint.h>

#include "znio/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ZN_METER_ROWS 48

enum zn_meter_column {
  ZN_METER_CALLS,    /* that have returned */
  ZN_METER_BYTES,    /* moved, mapped or allocated */
  ZN_METER_RELEASED, /* bytes that were given back */
  ZN_METER_UNKNOWN,  /* releases of what nobody saw being born */
  ZN_METER_SHORT,    /* fewer bytes than were asked for, and not none */
  ZN_METER_END,      /* end of the file or stream */
  ZN_METER_UNAVAILABLE,
  ZN_METER_INTERRUPTED,
  ZN_METER_UNSUPPORTED,
  ZN_METER_FAILED,
  ZN_METER_COLUMNS
};

/* Opaque: what one thread has counted. */
struct zn_meter;

/*
 * Returns the calling thread's meter, made by its first call; valid in this thread until it ends.
 * Never NULL: when memory is exhausted, one that threads share, which is slower. Any thread; not in
 * a signal handler.
 */
ZN_API struct zn_meter *zn_meter_own(void);

/* Adds amount to one cell. meter: the calling thread's. row: 0 to ZN_METER_ROWS - 1. */
ZN_API void zn_meter_add(struct zn_meter *meter, int row, enum zn_meter_column column,
                         int64_t amount);

/*
 * Fills sums[ZN_METER_COLUMNS] with a row of all threads, those that have ended included. Where one
 * cell counts births and another deaths, read the row of deaths first. returns: 0; -EINVAL. Any
 * thread.
 */
ZN_API ZN_MUST_CHECK int zn_meter_read(int row, int64_t *sums);

#ifdef __cplusplus
}
#endif
#endif

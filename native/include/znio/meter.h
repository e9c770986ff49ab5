/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Meter: counts of calls that others make, by thread. A row stands for one function, a column for
 * what is counted of it; the caller says which row is which.
 *
 * A thread counts in a meter of its own by plain stores. The meter of a thread that has ended is
 * added to a sum, so that nothing is ever lost. Sums are exact: a reader sees all of what was
 * counted before. Reading is not a snapshot.
 *
 * Another process may read them too, once they are shared, and costs this one nothing.
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
 * One call of what row stands for has returned: adds 1 to its ZN_METER_CALLS and amount to column,
 * in the calling thread's meter. As zn_meter_own and zn_meter_add, in one step.
 */
ZN_API void zn_meter_count(int row, enum zn_meter_column column, int64_t amount);

/*
 * Fills sums[ZN_METER_COLUMNS] with a row of all threads, those that have ended included. Where one
 * cell counts births and another deaths, read the row of deaths first. returns: 0; -EINVAL. Any
 * thread.
 */
ZN_API ZN_MUST_CHECK int zn_meter_read(int row, int64_t *sums);

/* The word for a column, as "calls"; NULL if there is no such column. Static. */
ZN_API const char *zn_meter_column_name(int column);

/* --- shared with other processes --- */

/* What a row counts of lives. Items that live are the sum over a kind's rows of: */
enum zn_meter_role {
  ZN_METER_NO_LIFE, /* nothing */
  ZN_METER_BIRTH,   /* calls - failed */
  ZN_METER_DEATH,   /* unknown + failed - calls */
  ZN_METER_REBIRTH  /* unknown: a block has another size now, and was born before we looked */
};

#define ZN_METER_NAME_MAX 40
#define ZN_METER_KIND_MAX 16

/* Texts end with a zero. Bytes that live are the sum of bytes - released over a kind's rows. */
struct zn_meter_row {
  char name[ZN_METER_NAME_MAX]; /* empty: this row is not used */
  char kind[ZN_METER_KIND_MAX]; /* of memory whose lives the row counts; empty: of none */
  int32_t role;                 /* enum zn_meter_role */
  int32_t zero;
};

#define ZN_METER_PAGE_NAME "znio-meter"
#define ZN_METER_PAGE_MAGIC "znmeter"
#define ZN_METER_PAGE_LAYOUT 1
#define ZN_METER_PAGE_COLUMNS 16
#define ZN_METER_TEXT_MAX 4608

/*
 * What the memfd begins with; in this machine's byte order. It tells all that a reader needs. At
 * slots_offset + i * slot_bytes are the cells of slot i: int64_t cells[rows][columns]; the rest of
 * a slot is of no interest to others. A row of all threads is the sum over the used slots, read row
 * by row, and from the last column to the first; it holds if changes was even before, and the
 * same after. Counts of unseen threads come when they end.
 */
struct zn_meter_page {
  char magic[8];
  uint32_t layout;
  uint32_t slots_offset;
  uint32_t slot_bytes;
  uint32_t slots; /* that there is room for */
  uint32_t rows;
  uint32_t columns;
  int64_t process;        /* as it sees itself: a child that was forked has the memfd too */
  uint64_t process_start; /* field 22 of /proc/self/stat; 0 unknown */
  uint64_t changes;       /* odd: a thread's counts are on their way to the sum */
  uint32_t used;          /* slots that anybody has counted in, from the first on */
  uint32_t unseen;        /* threads that count elsewhere, because there was no slot for them */
  char column_names[ZN_METER_PAGE_COLUMNS][16];
  struct zn_meter_row row[ZN_METER_ROWS];
  char text[ZN_METER_TEXT_MAX]; /* of zn_meter_set_text */
};

/*
 * From now on threads count in a memfd named ZN_METER_PAGE_NAME, which has no name in any file
 * system: who may look into this process (by the kernel's rules its owner) opens it as
 * /proc/PID/fd/N, for reading only from Linux 5.1 on. Threads that find no slot count in memory of
 * their own. Nobody can cut it short. A child of a fork goes on in memory of its own.
 *
 * rows[count]: what the rows are, copied. returns: 0, also if it was shared before; -EINVAL; -EBUSY
 * somebody has counted already; or why there is no memfd, and everything stays as it is. Any
 * thread.
 */
ZN_API ZN_MUST_CHECK int zn_meter_share(const struct zn_meter_row *rows, int count);

/* A text for readers, copied; without a memfd it is forgotten. returns: 0; -ENAMETOOLONG. Any
 * thread. */
ZN_API ZN_MUST_CHECK int zn_meter_set_text(const char *text);

#ifdef __cplusplus
}
#endif
#endif

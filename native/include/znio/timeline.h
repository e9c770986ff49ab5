/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timeline: when a program was paused (by its garbage collector), and some values over time, since
 * somebody began to look. Of the pauses the newest are kept; of the values fewer and fewer as time
 * goes on, so that the memory is bounded and the whole time is told.
 *
 * All functions: any thread; none waits for more than some copying of others.
 */
#ifndef ZNIO_TIMELINE_H
#define ZNIO_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

#include "znio/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ZN_TIMELINE_PAUSES 1024
#define ZN_TIMELINE_POINTS 1024
#define ZN_TIMELINE_VALUES 3

/* Begins to look; only the first call does. Everything else may be called before. */
ZN_API void zn_timeline_begin(void);

/* When that was, in milliseconds since 1970 by the clock of that moment; 0: not yet. */
ZN_API int64_t zn_timeline_unix_ms(void);

/* Microseconds since then, by a clock that nobody sets. Before: 0. */
ZN_API int64_t zn_timeline_now(void);

struct zn_pause {
  int64_t at_us; /* when it began */
  int64_t us;    /* how long it took */
};

/* A pause begins, and ends (zn_timeline_pause_end). One at a time; an end without a beginning is no
 * pause. */
ZN_API void zn_timeline_pause_begin(void);
ZN_API void zn_timeline_pause_end(void);

/* When the last pause ended; -1: there was none. */
ZN_API int64_t zn_timeline_last_pause(void);

/*
 * Copies the newest pauses, the oldest of them first, at most capacity. *count: all there were,
 * *us: how long they took in sum. returns: how many were copied; -EINVAL.
 */
ZN_API ZN_MUST_CHECK int64_t zn_timeline_pauses(struct zn_pause *pauses, int64_t capacity,
                                                int64_t *count, int64_t *us);

struct zn_point {
  int64_t at_us;
  int64_t values[ZN_TIMELINE_VALUES];
};

/* Is it time for the next point? If so, whoever asked is to add it; the others are told no. */
ZN_API bool zn_timeline_is_due(void);

/* Adds a point, now. values[ZN_TIMELINE_VALUES]: what they mean is the caller's. */
ZN_API void zn_timeline_add(const int64_t *values);

/* Copies the points, the oldest first, at most capacity. returns: how many; -EINVAL. */
ZN_API ZN_MUST_CHECK int64_t zn_timeline_points(struct zn_point *points, int64_t capacity);

#ifdef __cplusplus
}
#endif
#endif

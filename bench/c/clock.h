/* SPDX-License-Identifier: Apache-2.0 */
/* Clocks in nanoseconds. */
#ifndef BENCH_CLOCK_H
#define BENCH_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t bench_clock_read(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static inline int64_t bench_clock_now(void) { return bench_clock_read(CLOCK_MONOTONIC); }

/* CPU time of the whole process: io_uring's kernel workers count as its threads. */
static inline int64_t bench_clock_cpu(void) { return bench_clock_read(CLOCK_PROCESS_CPUTIME_ID); }

#endif

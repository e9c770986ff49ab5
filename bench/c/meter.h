/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Meter: time, CPU time, page faults and system calls of the measured stretch. It can be stopped
 * and started again; the stretches add up.
 */
#ifndef BENCH_METER_H
#define BENCH_METER_H

#include <stdint.h>

struct meter {
  int64_t nanos;
  int64_t cpu_ns;
  int64_t page_faults;
  int64_t system_calls; /* those that the znio library made on this thread */
};

/* One for the process: a run is measured at a time. meter_reset, then start and stop in turn. */
void meter_reset(struct meter *meter);
void meter_start(struct meter *meter);
void meter_stop(struct meter *meter);

/* Lets a trace be cut: access to /znio-mark/<which>/<id>. id NULL: nothing. */
void meter_mark(const char *which, const char *id);

#endif

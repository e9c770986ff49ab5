/* SPDX-License-Identifier: Apache-2.0 */
/* Workload: the workloads of PROTOCOL.md. Each answers by itself. */
#ifndef BENCH_WORKLOAD_H
#define BENCH_WORKLOAD_H

#include "run.h"

int workload_kafka_fetch(struct runner *runner, const struct bench_words *words,
                         struct bench_fault *fault);
int workload_rocketmq_append(struct runner *runner, const struct bench_words *words,
                             struct bench_fault *fault);
int workload_page_rounding(struct runner *runner, const struct bench_words *words,
                           struct bench_fault *fault);
int workload_cold_read(struct runner *runner, const struct bench_words *words,
                       struct bench_fault *fault);

#endif

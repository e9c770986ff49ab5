/* SPDX-License-Identifier: Apache-2.0 */
/* Runner: what the commands of znio-bench-runner share. */
#ifndef BENCH_RUNNER_H
#define BENCH_RUNNER_H

#include "fault.h"
#include "runner_peer.h"
#include "words.h"

struct runner {
  struct bench_reader control;
  struct runner_peers peers;
};

/* Each answers its command on standard output, or returns -1 with the fault written. */
int runner_machine(struct runner *runner, const struct bench_words *words,
                   struct bench_fault *fault);
int runner_run(struct runner *runner, const struct bench_words *words, struct bench_fault *fault);
int runner_probe(struct runner *runner, const struct bench_words *words, struct bench_fault *fault);
int runner_workload(struct runner *runner, const struct bench_words *words,
                    struct bench_fault *fault);

#endif

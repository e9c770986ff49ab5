/* SPDX-License-Identifier: Apache-2.0 */
/* Runner: what the commands of znio-bench-runner share. */
#ifndef BENCH_RUNNER_H
#define BENCH_RUNNER_H

#include "fault.h"
#include "runner_peer.h"
#include "words.h"

struct runner_stream;

struct runner {
  struct bench_reader control;
  struct runner_peers peers;
  struct runner_stream *stream; /* the open one, or NULL */
};

/* Each answers its command on standard output, or returns -1 with the fault written. */
int runner_machine(struct runner *runner, const struct bench_words *words,
                   struct bench_fault *fault);
int runner_run(struct runner *runner, const struct bench_words *words, struct bench_fault *fault);
int runner_probe(struct runner *runner, const struct bench_words *words, struct bench_fault *fault);
int runner_workload(struct runner *runner, const struct bench_words *words,
                    struct bench_fault *fault);
int runner_stream_open(struct runner *runner, const struct bench_words *words,
                       struct bench_fault *fault);
int runner_stream_move(struct runner *runner, const struct bench_words *words,
                       struct bench_fault *fault);
int runner_stream_close(struct runner *runner, struct bench_fault *fault);

/* Gives up the open stream, if there is one. */
void runner_stream_end(struct runner *runner);

#endif

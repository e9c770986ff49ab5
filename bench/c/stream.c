/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands stream-open, stream-move and stream-close: a run without an end, moved in steps by a
 * driver that has the clock. One at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

/* What the peer is told, and never reached: 4 EiB. */
#define STREAM_BYTES (INT64_C(1) << 62)

struct runner_stream {
  struct run run;
  struct bench_sequence sequence;
  char *file;           /* the command that named it is gone by the time of the hash */
  int64_t target_slots; /* target file: one less than the source has; else 0 */
  int64_t target_slot;
};

void runner_stream_end(struct runner *runner) {
  struct runner_stream *stream = runner->stream;
  if (stream == NULL) return;
  runner->stream = NULL;
  run_clear(&stream->run);
  free(stream->file);
  free(stream);
}

static int read_plan(const struct bench_words *words, struct runner_stream *stream,
                     struct bench_fault *fault) {
  struct run_plan *plan = &stream->run.plan;
  if (run_plan_read(words, plan, fault) != 0) return -1;
  if (run_plan_check(plan, fault) != 0) return -1;
  if (bench_words_number(words, "size", -1, &plan->size, fault) != 0) return -1;
  if (plan->size == 0) return bench_fault_set(fault, "size is 1 or more");
  bool known = plan->source_kind != ZN_END_MEMORY && plan->target_kind != ZN_END_MEMORY;
  if (!known || plan->regions || plan->path == ZN_PATH_TEE) {
    return bench_fault_skip(fault, "%s: only pieces of a file are streamed", plan->label);
  }
  plan->total = STREAM_BYTES;
  if (plan->file == NULL) return bench_fault_set(fault, "file= is missing");
  stream->file = strdup(plan->file);
  if (stream->file == NULL) abort();
  plan->file = stream->file;
  return 0;
}

/* The driver has made the target file, and checks it. */
static int open_target(const struct bench_words *words, struct runner_stream *stream,
                       struct bench_fault *fault) {
  struct run *run = &stream->run;
  const char *path = bench_words_need(words, "into", fault);
  if (path == NULL) return -1;
  if (stream->sequence.slots < 2) {
    return bench_fault_skip(fault, "the file has room for less than two pieces of %" PRId64,
                            run->plan.size);
  }
  stream->target_slots = stream->sequence.slots - 1;
  run->made_fd = open(path, O_RDWR | O_CLOEXEC);
  return run->made_fd >= 0 ? 0 : bench_fault_errno(fault, errno, "opening %.300s", path);
}

static int open_stream(struct runner *runner, const struct bench_words *words,
                       struct bench_fault *fault) {
  struct runner_stream *stream = runner->stream;
  struct run *run = &stream->run;
  if (run_init(run, runner, fault) != 0 || run_open_file(run, run->plan.size, fault) != 0) {
    return -1;
  }
  bench_sequence_init(&stream->sequence, run->file_bytes, run->plan.size, STREAM_BYTES, 0, false);
  if (run->plan.target_kind == ZN_END_FILE && open_target(words, stream, fault) != 0) return -1;
  if (run_is_stream(run->plan.source_kind)) {
    if (run_link(run, run->plan.file, true, NULL, fault) != 0) return -1;
    return link_go(&run->link, fault);
  }
  return run_is_stream(run->plan.target_kind) ? run_link(run, NULL, false, NULL, fault) : 0;
}

int runner_stream_open(struct runner *runner, const struct bench_words *words,
                       struct bench_fault *fault) {
  runner_stream_end(runner);
  struct runner_stream *stream = calloc(1, sizeof *stream);
  if (stream == NULL) abort();
  if (read_plan(words, stream, fault) != 0) {
    free(stream->file);
    free(stream);
    return -1;
  }
  runner->stream = stream;
  if (open_stream(runner, words, fault) != 0) {
    runner_stream_end(runner);
    return -1;
  }
  bench_answer_write(bench_answer_new());
  return 0;
}

static int move_piece(struct runner_stream *stream, struct bench_fault *fault) {
  struct run *run = &stream->run;
  const struct run_plan *plan = &run->plan;
  struct bench_piece piece;
  if (!bench_sequence_next(&stream->sequence, &piece)) {
    return bench_fault_set(fault, "the stream has reached its end");
  }
  struct zn_end source = run_is_stream(plan->source_kind)
                             ? run_link_end(run, plan->source_kind, 0)
                             : run_file_end(run->file_fd, piece.offset);
  if (plan->target_kind != ZN_END_FILE) {
    struct zn_end target = run_link_end(run, plan->target_kind, 0);
    return mover_move(&run->mover, source, target, piece.length, fault);
  }
  struct zn_end target = run_file_end(run->made_fd, stream->target_slot * plan->size);
  stream->target_slot = (stream->target_slot + 1) % stream->target_slots;
  return mover_move(&run->mover, source, target, piece.length, fault);
}

int runner_stream_move(struct runner *runner, const struct bench_words *words,
                       struct bench_fault *fault) {
  struct runner_stream *stream = runner->stream;
  int64_t count = 0;
  if (stream == NULL) return bench_fault_set(fault, "no stream is open");
  if (bench_words_number(words, "count", -1, &count, fault) != 0) return -1;
  meter_reset(&stream->run.meter);
  meter_start(&stream->run.meter);
  for (int64_t i = 0; i < count; i++) {
    if (move_piece(stream, fault) != 0) return -1;
  }
  if (mover_settle(&stream->run.mover, fault) != 0) return -1;
  meter_stop(&stream->run.meter);
  cJSON *answer = bench_answer_new();
  cJSON_AddNumberToObject(answer, "nanos", (double)stream->run.meter.nanos);
  bench_answer_write(answer);
  return 0;
}

/* Ends our side, so that the peer sees the end of the stream and says what it got. */
static int verify(struct runner_stream *stream, int64_t bytes, struct bench_fault *fault) {
  struct run *run = &stream->run;
  struct link_done done;
  close(run->link.fds[0]);
  run->link.fds[0] = -1;
  if (link_finish(&run->link, &done, fault) != 0) return -1;
  if (runner_peer_hash(run->peer, stream->file, &run->expected, fault,
                       "bytes=%" PRId64 " size=%" PRId64 " wrap=1", bytes, run->plan.size) != 0) {
    return -1;
  }
  run->verified = done.bytes[0] == bytes && done.hash[0] == run->expected;
  return 0;
}

int runner_stream_close(struct runner *runner, struct bench_fault *fault) {
  struct runner_stream *stream = runner->stream;
  if (stream == NULL) return bench_fault_set(fault, "no stream is open");
  int64_t bytes = stream->sequence.index * stream->run.plan.size;
  bool received = run_is_stream(stream->run.plan.target_kind);
  int status = received ? verify(stream, bytes, fault) : 0;
  if (status == 0) {
    cJSON *answer = bench_answer_new();
    cJSON_AddNumberToObject(answer, "transfers", (double)stream->sequence.index);
    if (received) {
      cJSON_AddBoolToObject(answer, "verified", stream->run.verified);
    } else {
      cJSON_AddNullToObject(answer, "verified");
    }
    bench_answer_write(answer);
  }
  runner_stream_end(runner);
  return status;
}

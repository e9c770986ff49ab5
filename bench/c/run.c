/* SPDX-License-Identifier: Apache-2.0 */
/* The command run: moves the sequence from file or memory to the target, or from the peer to a
 * file. */
#include "run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static void init_sequence(const struct run *run, struct bench_sequence *sequence) {
  bench_sequence_init(sequence, run->file_bytes, run->plan.size, run->plan.total, 0,
                      run->plan.regions);
}

/* Bytes of the file that the sequence touches: min(N, K * S). */
static int64_t sequence_bytes(const struct run *run) {
  struct bench_sequence sequence;
  init_sequence(run, &sequence);
  int64_t pass = sequence.slots * sequence.size;
  return pass < run->plan.total ? pass : run->plan.total;
}

/* Maps the file, populated: a read-only file mapping that this program itself never touches. */
static int map_source(struct run *run, struct bench_fault *fault) {
  int64_t bytes = sequence_bytes(run);
  int status = zn_mapping_map(run->file_fd, 0, bytes, ZN_MAPPING_READ_ONLY, &run->memory);
  if (status < 0) {
    run->memory = NULL;
    return mover_fault("mapping the file", status, fault);
  }
  run->memory_bytes = bytes;
  if (madvise(run->memory, (size_t)bytes, MADV_POPULATE_READ) != 0 && errno != EINVAL) {
    return bench_fault_errno(fault, errno, "populating the mapping");
  }
  run->mover.options.flags |= ZN_TRANSFER_PAGES;
  return 0;
}

/* A memfd with the bytes of the sequence, filled by the library. */
static int fill_memfd(struct run *run, struct bench_fault *fault) {
  int64_t bytes = sequence_bytes(run);
  int status = zn_memfd_create(bytes, &run->memfd);
  if (status < 0) {
    run->memfd = -1;
    return mover_fault("making a memfd", status, fault);
  }
  struct mover filler;
  mover_init(&filler, ZN_PATH_AUTO, "filling the memfd");
  status =
      mover_move(&filler, run_file_end(run->file_fd, 0), run_file_end(run->memfd, 0), bytes, fault);
  mover_clear(&filler);
  return status;
}

static int move_pieces(struct run *run, struct zn_end target, struct bench_fault *fault) {
  struct bench_sequence sequence;
  struct bench_piece piece;
  init_sequence(run, &sequence);
  while (bench_sequence_next(&sequence, &piece)) {
    struct zn_end source = run_file_end(run->file_fd, piece.offset);
    if (run->memory != NULL) {
      source = (struct zn_end){
          .kind = ZN_END_MEMORY, .fd = -1, .address = (char *)run->memory + piece.offset};
    }
    if (mover_move(&run->mover, source, target, piece.length, fault) != 0) return -1;
    if (target.kind == ZN_END_FILE) target.offset += piece.length;
  }
  return 0;
}

static int move_regions(struct run *run, struct zn_end target, struct bench_fault *fault) {
  struct zn_file_region regions[RUN_REGION_BATCH];
  struct bench_sequence sequence;
  struct bench_piece piece;
  init_sequence(run, &sequence);
  for (;;) {
    size_t count = 0;
    int64_t bytes = 0;
    while (count < RUN_REGION_BATCH && bench_sequence_next(&sequence, &piece)) {
      regions[count++] = (struct zn_file_region){
          .offset = piece.offset, .length = piece.length, .fd = run->file_fd};
      bytes += piece.length;
    }
    if (count == 0) return 0;
    if (mover_move_regions(&run->mover, NULL, 0, regions, count, target, fault) != 0) return -1;
    if (target.kind == ZN_END_FILE) target.offset += bytes;
  }
}

static int pass_memfd(struct run *run, struct bench_fault *fault) {
  struct bench_sequence sequence;
  struct bench_piece piece;
  init_sequence(run, &sequence);
  while (bench_sequence_next(&sequence, &piece)) {
    int status;
    do {
      status = zn_memfd_send(run->link.fds[0], run->memfd, run->memory_bytes);
    } while (status == -EINTR);
    if (status < 0) return mover_fault(run->plan.label, status, fault);
  }
  run->mover.path_ran = ZN_PATH_MEMFD;
  return 0;
}

static int move_all(struct run *run, struct zn_end target, struct bench_fault *fault) {
  meter_mark("begin", run->plan.mark);
  meter_start(&run->meter);
  int status;
  if (run->memfd >= 0) {
    status = pass_memfd(run, fault);
  } else if (run->plan.regions) {
    status = move_regions(run, target, fault);
  } else {
    status = move_pieces(run, target, fault);
  }
  if (status == 0) status = mover_settle(&run->mover, fault);
  meter_mark("end", run->plan.mark);
  return status;
}

/* file or memory to tcp, unix, pipe */
static int run_to_peer(struct run *run, struct bench_fault *fault) {
  const struct run_plan *plan = &run->plan;
  if (plan->source_kind == ZN_END_MEMORY) {
    bool passes = plan->path == ZN_PATH_MEMFD && plan->target_kind == ZN_END_UNIX;
    run->memory_bytes = sequence_bytes(run);
    if ((passes ? fill_memfd(run, fault) : map_source(run, fault)) != 0) return -1;
  }
  if (run_link(run, NULL, false, NULL, fault) != 0) return -1;
  struct zn_end tee = run_link_end(run, plan->target_kind, 1);
  if (plan->path == ZN_PATH_TEE) run->mover.options.tee = &tee;
  struct zn_end target = run_link_end(run, plan->target_kind, 0);
  int status = move_all(run, target, fault);
  run->mover.options.tee = NULL;
  if (status != 0) return -1;
  return run_finish_link(run, fault);
}

/* file or memory to file */
static int run_to_file(struct run *run, struct bench_fault *fault) {
  if (run->plan.source_kind == ZN_END_MEMORY && map_source(run, fault) != 0) return -1;
  if (run_make_file(run, fault) != 0) return -1;
  int status = move_all(run, run_file_end(run->made_fd, 0), fault);
  meter_stop(&run->meter);
  if (status != 0) return -1;
  return run_check_file(run, run->plan.total, fault);
}

/* tcp, unix, pipe to file */
static int run_from_peer(struct run *run, struct bench_fault *fault) {
  const struct run_plan *plan = &run->plan;
  if (run_make_file(run, fault) != 0) return -1;
  if (run_link(run, plan->file, true, NULL, fault) != 0) return -1;
  struct zn_end source = run_link_end(run, plan->source_kind, 0);
  struct bench_sequence sequence;
  struct bench_piece piece;
  int64_t offset = 0;
  init_sequence(run, &sequence);
  meter_mark("begin", plan->mark);
  meter_start(&run->meter);
  if (link_go(&run->link, fault) != 0) return -1;
  while (bench_sequence_next(&sequence, &piece)) {
    struct zn_end target = run_file_end(run->made_fd, offset);
    if (mover_move(&run->mover, source, target, piece.length, fault) != 0) return -1;
    offset += piece.length;
  }
  meter_mark("end", plan->mark);
  meter_stop(&run->meter);
  struct link_done done;
  if (link_finish(&run->link, &done, fault) != 0) return -1;
  run->peer_cpu_ns = done.cpu_ns;
  return run_check_file(run, plan->total, fault);
}

static int run_row(struct run *run, struct bench_fault *fault) {
  const struct run_plan *plan = &run->plan;
  if (run_open_file(run, plan->size, fault) != 0) return -1;
  if (runner_peer_hash(run->peer, plan->file, &run->expected, fault,
                       "bytes=%" PRId64 " size=%" PRId64 " wrap=1 regions=%d", plan->total,
                       plan->size, plan->regions) != 0) {
    return -1;
  }
  if (run_is_stream(plan->source_kind)) return run_from_peer(run, fault);
  if (run_is_stream(plan->target_kind)) return run_to_peer(run, fault);
  if (plan->target_kind == ZN_END_FILE) return run_to_file(run, fault);
  return run_to_memory(run, fault);
}

int runner_run(struct runner *runner, const struct bench_words *words, struct bench_fault *fault) {
  struct run *run = calloc(1, sizeof *run);
  if (run == NULL) abort();
  struct run_plan *plan = &run->plan;
  int status = run_plan_read(words, plan, fault);
  if (status == 0) status = run_plan_check(plan, fault);
  if (status == 0) status = bench_words_number(words, "size", -1, &plan->size, fault);
  if (status == 0) status = bench_words_number(words, "bytes", -1, &plan->total, fault);
  if (status == 0 && (plan->size == 0 || plan->total == 0)) {
    status = bench_fault_set(fault, "size and bytes are 1 or more");
  }
  if (status == 0) {
    status = run_init(run, runner, fault);
    if (status == 0) status = run_row(run, fault);
    cJSON *answer = status == 0 ? run_answer(run, plan->total) : NULL;
    run_clear(run);
    if (answer != NULL) bench_answer_write(answer);
  }
  free(run);
  return status;
}

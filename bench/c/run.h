/* SPDX-License-Identifier: Apache-2.0 */
/* Run: one row's plan and what its parts share (commands run, probe and workload). */
#ifndef BENCH_RUN_H
#define BENCH_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

#include "answer.h"
#include "link.h"
#include "meter.h"
#include "mover.h"
#include "runner.h"
#include "sequence.h"

#define RUN_REGION_BATCH 1000

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

/* The words of a command, checked. Strings point into the command. */
struct run_plan {
  const char *path_name;
  int path;     /* enum zn_path; AUTO for regions */
  bool regions; /* path=regions */
  const char *source;
  const char *target;
  int source_kind; /* enum zn_end_kind */
  int target_kind;
  const char *file;
  const char *scratch;
  const char *peer_command;
  const char *ip;
  const char *mark;
  int ipv;
  bool flip;
  int64_t size;
  int64_t total;
  int64_t depth;
  char label[96]; /* "sendfile from file to tcp" */
};

/* A run on its way. run_clear ends it in any case. */
struct run {
  struct run_plan plan;
  struct runner_peer *peer;
  int file_fd;
  int64_t file_bytes;
  uint64_t expected;
  struct mover mover;
  struct meter meter;
  struct link link;
  bool linked;
  void *memory; /* source or target memory, by zn_mapping_map */
  int64_t memory_bytes;
  int memfd;
  int made_fd; /* the target file */
  char made_path[4096];
  bool verified;
  int64_t peer_cpu_ns;
};

/* Reads file, scratch, peer, ipv, address, mark, flip and depth; the source is a file. */
int run_plan_read_common(const struct bench_words *words, struct run_plan *plan,
                         struct bench_fault *fault);

/* Reads these, and path (auto), source (file) and target (tcp); not size and bytes. */
int run_plan_read(const struct bench_words *words, struct run_plan *plan,
                  struct bench_fault *fault);

/* Refuses pairs of ends that no row has. */
int run_plan_check(const struct run_plan *plan, struct bench_fault *fault);

/* tcp, unix or pipe */
bool run_is_stream(int kind);

/* Prepares an empty run and starts its peer. run->plan is set. */
int run_init(struct run *run, struct runner *runner, struct bench_fault *fault);
void run_clear(struct run *run);

/* Opens plan.file, and asks that it holds size bytes or more. */
int run_open_file(struct run *run, int64_t size, struct bench_fault *fault);

/* Opens the link that the plan's target (or source, when file is not NULL) asks for. */
int run_link(struct run *run, const char *file, bool hold, const char *keep,
             struct bench_fault *fault);

/* Makes the target file in scratch; run_clear deletes it. */
int run_make_file(struct run *run, struct bench_fault *fault);

/* The peer hashes the target file, which must have bytes bytes; sets run->verified. */
int run_check_file(struct run *run, int64_t bytes, struct bench_fault *fault);

/* Waits for the peer's "done" and compares; the meter must still run, and is stopped. */
int run_finish_link(struct run *run, struct bench_fault *fault);

/* The ends of the worker's side. */
struct zn_end run_file_end(int fd, int64_t offset);
struct zn_end run_link_end(const struct run *run, int kind, int index);

/* file to memory (run_memory.c). */
int run_to_memory(struct run *run, struct bench_fault *fault);

/* Makes the answer that run and the workloads have in common, for bytes bytes. */
cJSON *run_answer(const struct run *run, int64_t bytes);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The workload kafka-fetch: a header and file regions to a socket, over and over. */
#include "workload.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int runner_workload(struct runner *runner, const struct bench_words *words,
                    struct bench_fault *fault) {
  const char *name = bench_words_need(words, "name", fault);
  if (name == NULL) return -1;
  if (strcmp(name, "kafka-fetch") == 0) return workload_kafka_fetch(runner, words, fault);
  if (strcmp(name, "rocketmq-append") == 0) return workload_rocketmq_append(runner, words, fault);
  if (strcmp(name, "page-rounding") == 0) return workload_page_rounding(runner, words, fault);
  if (strcmp(name, "cold-read") == 0) return workload_cold_read(runner, words, fault);
  return bench_fault_set(fault, "there is no workload '%.40s'", name);
}

static int64_t count_bytes(int64_t fetches, int64_t file_bytes) {
  uint64_t state = BENCH_FETCH_SEED;
  int64_t sum = 0;
  for (int64_t i = 0; i < fetches; i++) {
    struct bench_fetch fetch;
    bench_fetch_make(&fetch, &state, i, file_bytes);
    sum += fetch.bytes;
  }
  return sum;
}

static int send_fetch(struct run *run, const struct bench_fetch *fetch, struct zn_end target,
                      struct bench_fault *fault) {
  struct zn_file_region regions[BENCH_FETCH_REGIONS];
  for (int i = 0; i < BENCH_FETCH_REGIONS; i++) {
    regions[i] = (struct zn_file_region){
        .offset = fetch->regions[i].offset, .length = fetch->regions[i].length, .fd = run->file_fd};
  }
  return mover_move_regions(&run->mover, fetch->header, sizeof fetch->header, regions,
                            BENCH_FETCH_REGIONS, target, fault);
}

static int send_fetches(struct run *run, int64_t fetches, struct bench_fault *fault) {
  struct run_plan *plan = &run->plan;
  if (run_open_file(run, BENCH_FETCH_FILE_MIN, fault) != 0) return -1;
  plan->total = count_bytes(fetches, run->file_bytes);
  if (runner_peer_hash(run->peer, plan->file, &run->expected, fault, "kafka=%" PRId64, fetches) !=
      0) {
    return -1;
  }
  if (run_link(run, NULL, false, NULL, fault) != 0) return -1;
  struct zn_end target = run_link_end(run, plan->target_kind, 0);
  uint64_t state = BENCH_FETCH_SEED;
  meter_mark("begin", plan->mark);
  meter_start(&run->meter);
  for (int64_t i = 0; i < fetches; i++) {
    struct bench_fetch fetch;
    bench_fetch_make(&fetch, &state, i, run->file_bytes);
    if (send_fetch(run, &fetch, target, fault) != 0) return -1;
  }
  meter_mark("end", plan->mark);
  return run_finish_link(run, fault);
}

int workload_kafka_fetch(struct runner *runner, const struct bench_words *words,
                         struct bench_fault *fault) {
  struct run *run = calloc(1, sizeof *run);
  if (run == NULL) abort();
  int64_t fetches;
  int status = run_plan_read(words, &run->plan, fault);
  int kind = run->plan.target_kind;
  if (status == 0) status = bench_words_number(words, "count", -1, &fetches, fault);
  if (status == 0 && fetches == 0) status = bench_fault_set(fault, "count is 1 or more");
  if (status == 0 && kind != ZN_END_TCP && kind != ZN_END_UNIX) {
    status = bench_fault_set(fault, "a fetch goes to tcp or unix");
  }
  if (status == 0) {
    status = run_init(run, runner, fault);
    if (status == 0) status = send_fetches(run, fetches, fault);
    cJSON *answer = status == 0 ? run_answer(run, run->plan.total) : NULL;
    run_clear(run);
    if (answer != NULL) {
      cJSON_AddNumberToObject(answer, "fetches", (double)fetches);
      bench_answer_write(answer);
    }
  }
  free(run);
  return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The workload rocketmq-append: small records through a mapped file, against a write per record. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workload.h"

#define RECORD_BYTES 1024
#define RECORDS_KEPT 1024
#define FORCE_EVERY 64

struct append {
  struct run *run;
  int64_t records;
  int64_t force_every; /* 0: only at the end */
  int64_t forces;
  char *source; /* the records' bytes, slots of them */
  int64_t slots;
};

static int load_records(struct append *append, struct bench_fault *fault) {
  struct run *run = append->run;
  append->slots = run->file_bytes / RECORD_BYTES;
  if (append->slots > RECORDS_KEPT) append->slots = RECORDS_KEPT;
  int64_t bytes = append->slots * RECORD_BYTES;
  append->source = malloc((size_t)bytes);
  if (append->source == NULL) abort();
  for (int64_t done = 0; done < bytes;) {
    ssize_t got = pread(run->file_fd, append->source + done, (size_t)(bytes - done), done);
    if (got <= 0 && !(got < 0 && errno == EINTR)) {
      return bench_fault_errno(fault, got < 0 ? errno : ENODATA, "reading the records");
    }
    if (got > 0) done += got;
  }
  return runner_peer_hash(run->peer, run->plan.file, &run->expected, fault,
                          "bytes=%" PRId64 " size=%d wrap=1 slots=%d",
                          append->records * RECORD_BYTES, RECORD_BYTES, RECORDS_KEPT);
}

static bool is_due(const struct append *append, int64_t written) {
  return written == append->records ||
         (append->force_every > 0 && written % append->force_every == 0);
}

static const char *record(const struct append *append, int64_t index) {
  return append->source + index % append->slots * RECORD_BYTES;
}

/* The file has all its blocks and nobody cuts it short, so its mapping may be touched. */
static int map_target(struct append *append, struct bench_fault *fault) {
  struct run *run = append->run;
  run->memory_bytes = append->records * RECORD_BYTES;
  if (fallocate(run->made_fd, 0, 0, run->memory_bytes) != 0) {
    int error = errno;
    bench_fault_errno(fault, error, "reserving %" PRId64 " bytes in scratch", run->memory_bytes);
    fault->skipped = error == ENOSPC || error == EOPNOTSUPP;
    return -1;
  }
  int status =
      zn_mapping_map(run->made_fd, 0, run->memory_bytes, ZN_MAPPING_READ_WRITE, &run->memory);
  if (status == 0) return 0;
  run->memory = NULL;
  return mover_fault("mapping the target", status, fault);
}

static int append_mapped(struct append *append, struct bench_fault *fault) {
  char *target = append->run->memory;
  int64_t forced = 0;
  for (int64_t i = 0; i < append->records; i++) {
    memcpy(target + i * RECORD_BYTES, record(append, i), RECORD_BYTES);
    if (!is_due(append, i + 1)) continue;
    int64_t bytes = (i + 1) * RECORD_BYTES;
    int status;
    do {
      status = zn_mapping_force(target + forced, bytes - forced);
    } while (status == -EINTR);
    if (status < 0) return mover_fault("forcing the mapping", status, fault);
    forced = bytes;
    append->forces++;
  }
  return 0;
}

static int append_written(struct append *append, struct bench_fault *fault) {
  int fd = append->run->made_fd;
  for (int64_t i = 0; i < append->records; i++) {
    ssize_t written;
    do {
      written = write(fd, record(append, i), RECORD_BYTES);
    } while (written < 0 && errno == EINTR);
    if (written != RECORD_BYTES) {
      return bench_fault_errno(fault, written < 0 ? errno : ENOSPC, "writing a record");
    }
    append->run->meter.system_calls++; /* not made by the library: counted here */
    if (!is_due(append, i + 1)) continue;
    if (fdatasync(fd) != 0) return bench_fault_errno(fault, errno, "fdatasync");
    append->run->meter.system_calls++;
    append->forces++;
  }
  return 0;
}

static int append_all(struct append *append, bool mapped, struct bench_fault *fault) {
  struct run *run = append->run;
  if (run_open_file(run, RECORD_BYTES, fault) != 0) return -1;
  if (load_records(append, fault) != 0) return -1;
  if (run_make_file(run, fault) != 0) return -1;
  if (mapped && map_target(append, fault) != 0) return -1;
  meter_mark("begin", run->plan.mark);
  meter_start(&run->meter);
  int status = mapped ? append_mapped(append, fault) : append_written(append, fault);
  meter_stop(&run->meter);
  meter_mark("end", run->plan.mark);
  if (status != 0) return -1;
  return run_check_file(run, append->records * RECORD_BYTES, fault);
}

static int read_words(const struct bench_words *words, struct append *append, bool *mapped,
                      struct bench_fault *fault) {
  const char *path = bench_words_need(words, "path", fault);
  if (path == NULL) return -1;
  *mapped = strcmp(path, "mmap") == 0;
  if (!*mapped && strcmp(path, "write") != 0) {
    return bench_fault_set(fault, "path=%.40s is neither mmap nor write", path);
  }
  if (bench_words_number(words, "count", -1, &append->records, fault) != 0) return -1;
  if (append->records == 0) return bench_fault_set(fault, "count is 1 or more");
  return bench_words_number(words, "force", FORCE_EVERY, &append->force_every, fault);
}

int workload_rocketmq_append(struct runner *runner, const struct bench_words *words,
                             struct bench_fault *fault) {
  struct run *run = calloc(1, sizeof *run);
  if (run == NULL) abort();
  struct append append = {.run = run};
  bool mapped = false;
  int status = run_plan_read_common(words, &run->plan, fault);
  if (status == 0) status = read_words(words, &append, &mapped, fault);
  if (status == 0) {
    status = run_init(run, runner, fault);
    if (status == 0) status = append_all(&append, mapped, fault);
    cJSON *answer = status == 0 ? run_answer(run, append.records * RECORD_BYTES) : NULL;
    run_clear(run);
    if (answer != NULL) {
      cJSON_AddNumberToObject(answer, "records", (double)append.records);
      cJSON_AddNumberToObject(answer, "forces", (double)append.forces);
      bench_answer_write(answer);
    }
  }
  free(append.source);
  free(run);
  return status;
}

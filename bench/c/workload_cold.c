/* SPDX-License-Identifier: Apache-2.0 */
/* The workloads page-rounding and cold-read. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe.h"
#include "workload.h"

#define SMALL_FILE_BYTES 5120
#define READ_BYTES ((int64_t)1 << 20)
#define LINES_SHOWN 5
#define LINES_MAX 4096

/* Finds the "Size:" of the mapping that begins at address. returns: bytes, or -1. */
static int64_t mapping_size(const void *address) {
  char start[32];
  int start_size = snprintf(start, sizeof start, "%lx-", (unsigned long)address);
  FILE *maps = fopen("/proc/self/smaps", "re");
  if (maps == NULL) return -1;
  char *line = NULL;
  size_t room = 0;
  bool inside = false;
  int64_t kib = -1;
  while (kib < 0 && getline(&line, &room, maps) > 0) {
    if (strncmp(line, start, (size_t)start_size) == 0) inside = true;
    if (inside && strncmp(line, "Size:", 5) == 0) kib = strtoll(line + 5, NULL, 10);
  }
  free(line);
  fclose(maps);
  return kib < 0 ? -1 : kib * 1024;
}

static int round_pages(struct run *run, int64_t *mapped, int64_t *resident,
                       struct bench_fault *fault) {
  char bytes[SMALL_FILE_BYTES];
  memset(bytes, 'z', sizeof bytes);
  if (run_make_file(run, fault) != 0) return -1;
  if (write(run->made_fd, bytes, sizeof bytes) != (ssize_t)sizeof bytes) {
    return bench_fault_errno(fault, errno, "writing a small file");
  }
  int status =
      zn_mapping_map(run->made_fd, 0, SMALL_FILE_BYTES, ZN_MAPPING_READ_ONLY, &run->memory);
  if (status < 0) {
    run->memory = NULL;
    return mover_fault("mapping a small file", status, fault);
  }
  run->memory_bytes = SMALL_FILE_BYTES;
  if (madvise(run->memory, SMALL_FILE_BYTES, MADV_POPULATE_READ) != 0 && errno != EINVAL) {
    return bench_fault_errno(fault, errno, "populating the mapping");
  }
  *mapped = mapping_size(run->memory);
  if (*mapped < 0) return bench_fault_skip(fault, "/proc/self/smaps does not show the mapping");
  int64_t pages = zn_mapping_resident_pages(run->memory, SMALL_FILE_BYTES);
  if (pages < 0) return mover_fault("mincore", pages, fault);
  *resident = pages * sysconf(_SC_PAGESIZE);
  return 0;
}

int workload_page_rounding(struct runner *runner, const struct bench_words *words,
                           struct bench_fault *fault) {
  struct run *run = calloc(1, sizeof *run);
  if (run == NULL) abort();
  int64_t mapped = 0;
  int64_t resident = 0;
  int status = run_plan_read_common(words, &run->plan, fault);
  if (status == 0) {
    status = run_init(run, runner, fault);
    if (status == 0) status = round_pages(run, &mapped, &resident, fault);
    run_clear(run);
  }
  free(run);
  if (status != 0) return -1;
  cJSON *answer = bench_answer_new();
  cJSON_AddNumberToObject(answer, "file_bytes", SMALL_FILE_BYTES);
  cJSON_AddNumberToObject(answer, "mapped_bytes", (double)mapped);
  cJSON_AddNumberToObject(answer, "resident_bytes", (double)resident);
  bench_answer_write(answer);
  return 0;
}

/* One line of /proc/interrupts, summed over the processors. */
struct interrupt_line {
  char name[64]; /* "36 virtio1-req.0" */
  bool device;   /* numbered, so not a timer or a call between processors */
  int64_t count;
};

struct interrupt_table {
  int count;
  struct interrupt_line lines[LINES_MAX];
};

static void read_interrupt_line(char *text, struct interrupt_line *line) {
  char *rest = strchr(text, ':');
  *rest++ = '\0';
  text += strspn(text, " ");
  line->device = isdigit((unsigned char)*text) != 0;
  line->count = 0;
  for (;;) {
    char *end;
    long long number = strtoll(rest, &end, 10);
    if (end == rest || (*end != ' ' && *end != '\n' && *end != '\0')) break;
    line->count += number;
    rest = end;
  }
  rest[strcspn(rest, "\n")] = '\0';
  /* Devices: "IO-APIC 5-edge name" ends with the name; others: a text that says it all. */
  char *last = line->device ? strrchr(rest, ' ') : rest;
  if (last == NULL) last = rest;
  last += strspn(last, " ");
  snprintf(line->name, sizeof line->name, "%s %s", text, last);
}

static int read_interrupts(struct interrupt_table *table, struct bench_fault *fault) {
  FILE *file = fopen("/proc/interrupts", "re");
  if (file == NULL) {
    return bench_fault_skip(fault, "/proc/interrupts cannot be read: %s", strerror(errno));
  }
  char *line = NULL;
  size_t room = 0;
  table->count = 0;
  while (table->count < LINES_MAX && getline(&line, &room, file) > 0) {
    if (strchr(line, ':') != NULL) read_interrupt_line(line, &table->lines[table->count++]);
  }
  free(line);
  fclose(file);
  return 0;
}

static int most_first(const void *a, const void *b) {
  int64_t left = ((const struct interrupt_line *)a)->count;
  int64_t right = ((const struct interrupt_line *)b)->count;
  return left < right ? 1 : left > right ? -1 : 0;
}

/* Turns after into the difference. A line that is new in after counts from 0. */
static void subtract(const struct interrupt_table *before, struct interrupt_table *after) {
  for (int i = 0; i < after->count; i++) {
    for (int j = 0; j < before->count; j++) {
      if (strcmp(after->lines[i].name, before->lines[j].name) != 0) continue;
      after->lines[i].count -= before->lines[j].count;
      break;
    }
  }
  qsort(after->lines, (size_t)after->count, sizeof after->lines[0], most_first);
}

static int read_cold(struct run *run, int64_t *resident, struct interrupt_table *table,
                     struct bench_fault *fault) {
  struct interrupt_table *before = calloc(1, sizeof *before);
  if (before == NULL) abort();
  int status = zn_mapping_map(-1, 0, READ_BYTES, ZN_MAPPING_READ_WRITE, &run->memory);
  if (status < 0) {
    run->memory = NULL;
    free(before);
    return mover_fault("getting memory", status, fault);
  }
  run->memory_bytes = READ_BYTES;
  struct zn_end target = {.kind = ZN_END_MEMORY, .fd = -1, .address = run->memory};
  status = probe_drop(run->file_fd, fault);
  if (status == 0) {
    *resident = probe_resident_pages(run->file_fd);
    int64_t pages = run->file_bytes / sysconf(_SC_PAGESIZE);
    if (*resident < 0) status = mover_fault("mincore", *resident, fault);
    if (status == 0 && *resident > pages / 2) {
      status = bench_fault_skip(fault,
                                "the file stays in memory (%" PRId64 " of %" PRId64
                                " pages), as on tmpfs or under another program's mapping",
                                *resident, pages);
    }
  }
  if (status == 0) status = read_interrupts(before, fault);
  meter_start(&run->meter);
  for (int64_t offset = 0; status == 0 && offset < run->plan.total; offset += READ_BYTES) {
    int64_t left = run->plan.total - offset;
    status = mover_move(&run->mover, run_file_end(run->file_fd, offset), target,
                        left < READ_BYTES ? left : READ_BYTES, fault);
  }
  meter_stop(&run->meter);
  if (status == 0) status = read_interrupts(table, fault);
  if (status == 0) subtract(before, table);
  free(before);
  return status;
}

static void answer_cold(const struct run *run, int64_t resident,
                        const struct interrupt_table *table) {
  int64_t devices = 0;
  int64_t all = 0;
  cJSON *answer = bench_answer_new();
  cJSON *lines = cJSON_CreateArray();
  for (int i = 0; i < table->count; i++) {
    all += table->lines[i].count;
    if (table->lines[i].device) devices += table->lines[i].count;
    if (i >= LINES_SHOWN || table->lines[i].count == 0) continue;
    cJSON *line = cJSON_CreateObject();
    cJSON_AddStringToObject(line, "name", table->lines[i].name);
    cJSON_AddNumberToObject(line, "count", (double)table->lines[i].count);
    cJSON_AddItemToArray(lines, line);
  }
  cJSON_AddNumberToObject(answer, "bytes", (double)run->plan.total);
  cJSON_AddNumberToObject(answer, "nanos", (double)run->meter.nanos);
  cJSON_AddNumberToObject(answer, "interrupts", (double)devices);
  cJSON_AddNumberToObject(answer, "interrupts_per_mib",
                          (double)devices * (double)READ_BYTES / (double)run->plan.total);
  cJSON_AddNumberToObject(answer, "all_interrupts", (double)all);
  cJSON_AddItemToObject(answer, "lines", lines);
  cJSON_AddNumberToObject(answer, "resident_before", (double)resident);
  bench_answer_write(answer);
}

int workload_cold_read(struct runner *runner, const struct bench_words *words,
                       struct bench_fault *fault) {
  struct run *run = calloc(1, sizeof *run);
  struct interrupt_table *table = calloc(1, sizeof *table);
  if (run == NULL || table == NULL) abort();
  int64_t resident = 0;
  int status = run_plan_read_common(words, &run->plan, fault);
  if (status == 0) {
    run->plan.path = ZN_PATH_READ_WRITE;
    snprintf(run->plan.label, sizeof run->plan.label, "cold read");
    status = run_init(run, runner, fault);
    if (status == 0) status = run_open_file(run, 1, fault);
    if (status == 0) {
      status = bench_words_number(words, "bytes", run->file_bytes, &run->plan.total, fault);
    }
    if (run->plan.total > run->file_bytes) run->plan.total = run->file_bytes;
    if (status == 0 && run->plan.total == 0) status = bench_fault_set(fault, "bytes is 1 or more");
    if (status == 0) status = read_cold(run, &resident, table, fault);
    if (status == 0) answer_cold(run, resident, table);
    run_clear(run);
  }
  free(table);
  free(run);
  return status;
}

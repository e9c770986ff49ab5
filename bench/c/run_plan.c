/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a plan; opening and closing what a run needs. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run.h"

static int find_path(const char *name) {
  if (strcmp(name, "sendfile-nogather") == 0) return ZN_PATH_SENDFILE; /* the network differs */
  for (int path = 0; path < ZN_PATH_COUNT; path++) {
    if (strcmp(zn_path_name(path), name) == 0) return path;
  }
  return -1;
}

static int find_kind(const char *name) {
  for (int kind = ZN_END_FILE; kind <= ZN_END_MEMORY; kind++) {
    if (strcmp(zn_end_kind_name(kind), name) == 0) return kind;
  }
  return -1;
}

static int read_ends(const struct bench_words *words, struct run_plan *plan,
                     struct bench_fault *fault) {
  if (bench_words_get(words, "source") != NULL) plan->source = bench_words_get(words, "source");
  plan->target = bench_words_get(words, "target");
  if (plan->target == NULL) plan->target = "tcp";
  plan->source_kind = find_kind(plan->source);
  plan->target_kind = find_kind(plan->target);
  if (plan->source_kind < 0) {
    return bench_fault_set(fault, "source=%.40s is none of file, tcp, unix, pipe, memory",
                           plan->source);
  }
  if (plan->target_kind < 0) {
    return bench_fault_set(fault, "target=%.40s is none of file, tcp, unix, pipe, memory",
                           plan->target);
  }
  return 0;
}

bool run_is_stream(int kind) {
  return kind == ZN_END_TCP || kind == ZN_END_UNIX || kind == ZN_END_PIPE;
}

int run_plan_read_common(const struct bench_words *words, struct run_plan *plan,
                         struct bench_fault *fault) {
  int64_t ipv;
  int64_t flip;
  *plan = (struct run_plan){.source = "file",
                            .source_kind = ZN_END_FILE,
                            .file = bench_words_get(words, "file"),
                            .peer_command = bench_words_get(words, "peer"),
                            .ip = bench_words_get(words, "address"),
                            .scratch = bench_words_get(words, "scratch"),
                            .mark = bench_words_get(words, "mark")};
  if (bench_words_number(words, "ipv", 4, &ipv, fault) != 0) return -1;
  if (bench_words_number(words, "flip", 0, &flip, fault) != 0) return -1;
  if (bench_words_number(words, "depth", 0, &plan->depth, fault) != 0) return -1;
  if (ipv != 4 && ipv != 6) return bench_fault_set(fault, "ipv is 4 or 6");
  if (plan->depth > 64) return bench_fault_set(fault, "depth is 1 to 64, or 0 for the default");
  plan->ipv = (int)ipv;
  plan->flip = flip != 0;
  return 0;
}

int run_plan_read(const struct bench_words *words, struct run_plan *plan,
                  struct bench_fault *fault) {
  if (run_plan_read_common(words, plan, fault) != 0) return -1;
  plan->path_name = bench_words_get(words, "path");
  if (plan->path_name == NULL) plan->path_name = "auto";
  plan->regions = strcmp(plan->path_name, "regions") == 0;
  plan->path = plan->regions ? ZN_PATH_AUTO : find_path(plan->path_name);
  if (plan->path < 0) {
    return bench_fault_set(fault, "the C worker has no path '%.40s'", plan->path_name);
  }
  if (read_ends(words, plan, fault) != 0) return -1;
  snprintf(plan->label, sizeof plan->label, "%.30s from %s to %s", plan->path_name, plan->source,
           plan->target);
  return 0;
}

int run_plan_check(const struct run_plan *plan, struct bench_fault *fault) {
  bool from_store = plan->source_kind == ZN_END_FILE || plan->source_kind == ZN_END_MEMORY;
  bool to_stream = run_is_stream(plan->target_kind);
  if (plan->regions && (plan->source_kind != ZN_END_FILE || plan->target_kind == ZN_END_MEMORY)) {
    return bench_fault_skip(fault,
                            "%s: regions are pieces of a file, on their way to a socket, a "
                            "pipe or a file",
                            plan->label);
  }
  if (plan->path == ZN_PATH_TEE && !(from_store && to_stream)) {
    return bench_fault_skip(fault,
                            "%s: both copies go to peers, so the target must be tcp, unix or "
                            "pipe, and the source file or memory",
                            plan->label);
  }
  bool served = from_store ? plan->source_kind == ZN_END_FILE || plan->target_kind != ZN_END_MEMORY
                           : plan->target_kind == ZN_END_FILE;
  if (served) return 0;
  return bench_fault_skip(fault, "%s: %s", plan->label, zn_error_text(ZN_EPAIR));
}

int run_init(struct run *run, struct runner *runner, struct bench_fault *fault) {
  run->file_fd = -1;
  run->memfd = -1;
  run->made_fd = -1;
  run->linked = false;
  run->memory = NULL;
  run->made_path[0] = '\0';
  run->verified = false;
  run->peer_cpu_ns = 0;
  meter_reset(&run->meter);
  mover_init(&run->mover, run->plan.path, run->plan.label);
  run->mover.options.depth = (uint32_t)run->plan.depth;
  run->peer = runner_peer_get(&runner->peers, run->plan.peer_command, fault);
  return run->peer == NULL ? -1 : 0;
}

void run_clear(struct run *run) {
  if (run->linked) link_close(&run->link);
  mover_clear(&run->mover);
  if (run->memory != NULL) (void)!zn_mapping_unmap(run->memory, run->memory_bytes);
  if (run->memfd >= 0) (void)!zn_memfd_close(run->memfd);
  if (run->made_fd >= 0) close(run->made_fd);
  if (run->made_path[0] != '\0') unlink(run->made_path);
  if (run->file_fd >= 0) close(run->file_fd);
}

int run_open_file(struct run *run, int64_t size, struct bench_fault *fault) {
  const char *path = run->plan.file;
  struct stat status;
  if (path == NULL) return bench_fault_set(fault, "file= is missing");
  run->file_fd = open(path, O_RDONLY | O_CLOEXEC);
  if (run->file_fd < 0) return bench_fault_errno(fault, errno, "opening %.300s", path);
  if (fstat(run->file_fd, &status) != 0) {
    return bench_fault_errno(fault, errno, "asking for the size of %.300s", path);
  }
  run->file_bytes = status.st_size;
  if (status.st_size < size) {
    return bench_fault_skip(fault, "the file has %" PRId64 " bytes, which is less than %" PRId64,
                            run->file_bytes, size);
  }
  return 0;
}

int run_link(struct run *run, const char *file, bool hold, const char *keep,
             struct bench_fault *fault) {
  const struct run_plan *plan = &run->plan;
  bool memfd = plan->path == ZN_PATH_MEMFD && plan->target_kind == ZN_END_UNIX;
  struct link_request request = {.kind = file != NULL ? plan->source : plan->target,
                                 .file = file,
                                 .keep = memfd ? NULL : keep,
                                 .ip = plan->ip,
                                 .ipv = plan->ipv,
                                 .copies = plan->path == ZN_PATH_TEE ? 2 : 1,
                                 .hold = hold,
                                 .flip = plan->flip,
                                 .bytes = plan->total,
                                 .size = plan->size};
  if (memfd) request.kind = "memfd";
  run->linked = true;
  return link_open(&run->link, run->peer, &request, fault);
}

int run_make_file(struct run *run, struct bench_fault *fault) {
  static int made; /* names of one process differ */
  if (run->plan.scratch == NULL) return bench_fault_set(fault, "scratch= is missing");
  int used = snprintf(run->made_path, sizeof run->made_path, "%s/znio-target-%d-%d",
                      run->plan.scratch, getpid(), ++made);
  if (used >= (int)sizeof run->made_path) {
    run->made_path[0] = '\0';
    return bench_fault_set(fault, "scratch=%.100s... is too long", run->plan.scratch);
  }
  run->made_fd = open(run->made_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (run->made_fd >= 0) return 0;
  int error = errno;
  bench_fault_errno(fault, error, "making %.300s", run->made_path);
  run->made_path[0] = '\0';
  return -1;
}

struct zn_end run_file_end(int fd, int64_t offset) {
  return (struct zn_end){.kind = ZN_END_FILE, .fd = fd, .offset = offset};
}

struct zn_end run_link_end(const struct run *run, int kind, int index) {
  return (struct zn_end){.kind = kind, .fd = run->link.fds[index], .offset = ZN_OFFSET_CURRENT};
}

int run_check_file(struct run *run, int64_t bytes, struct bench_fault *fault) {
  struct stat status;
  uint64_t hash;
  if (fstat(run->made_fd, &status) != 0) {
    return bench_fault_errno(fault, errno, "asking for the size of the target");
  }
  run->verified = false;
  if (status.st_size != bytes) return 0;
  if (runner_peer_hash(run->peer, run->made_path, &hash, fault, "bytes=%" PRId64 " flip=%d", bytes,
                       run->plan.flip) != 0) {
    return -1;
  }
  run->verified = hash == run->expected;
  return 0;
}

int run_finish_link(struct run *run, struct bench_fault *fault) {
  struct link_done done;
  int status = link_finish(&run->link, &done, fault);
  meter_stop(&run->meter);
  if (status != 0) return -1;
  run->peer_cpu_ns = done.cpu_ns;
  if (!run->link.receiving) return 0;
  run->verified = true;
  for (int i = 0; i < run->link.count; i++) {
    if (done.bytes[i] != run->plan.total || done.hash[i] != run->expected) run->verified = false;
  }
  return 0;
}

cJSON *run_answer(const struct run *run, int64_t bytes) {
  const struct mover *mover = &run->mover;
  bool peer_sends = run->linked && !run->link.receiving;
  cJSON *answer = bench_answer_new();
  cJSON_AddNumberToObject(answer, "bytes", (double)bytes);
  cJSON_AddNumberToObject(answer, "nanos", (double)run->meter.nanos);
  cJSON_AddBoolToObject(answer, "verified", run->verified);
  int64_t own_ns = run->meter.cpu_ns;
  cJSON_AddNumberToObject(answer, "sender_cpu_ns",
                          (double)(peer_sends ? run->peer_cpu_ns : own_ns));
  cJSON_AddNumberToObject(answer, "receiver_cpu_ns",
                          (double)(peer_sends ? own_ns : run->peer_cpu_ns));
  cJSON_AddNumberToObject(answer, "system_calls", (double)run->meter.system_calls);
  cJSON_AddNumberToObject(answer, "page_faults", (double)run->meter.page_faults);
  const char *ran = mover->path_ran >= 0 ? zn_path_name(mover->path_ran) : NULL;
  cJSON_AddItemToObject(answer, "path_ran", ran ? cJSON_CreateString(ran) : cJSON_CreateNull());
  cJSON_AddItemToObject(answer, "kernel_copied",
                        mover->kernel_copied == ZN_COPIED_UNKNOWN
                            ? cJSON_CreateNull()
                            : cJSON_CreateBool(mover->kernel_copied == ZN_COPIED_YES));
  char declined[256];
  if (mover->declined_reason != 0) {
    const char *name = zn_path_name(mover->declined_path);
    snprintf(declined, sizeof declined, "%s: %s", name != NULL ? name : "?",
             zn_error_text(mover->declined_reason));
    cJSON_AddStringToObject(answer, "declined", declined);
  } else {
    cJSON_AddNullToObject(answer, "declined");
  }
  return answer;
}

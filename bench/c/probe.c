/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command probe: is it zero-copy? The source is changed after the transfer has returned and
 * before the receiver reads. New bytes at the receiver prove that it reads the source's own pages.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"

#define DELIVERY_LIMIT_NS INT64_C(2000000000)

int probe_change_file(struct probe *probe, struct bench_fault *fault) {
  int fd = open(probe->file, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return bench_fault_errno(fault, errno, "opening the probe's file");
  ssize_t written = pwrite(fd, probe->new_bytes, PROBE_BYTES, 0);
  int error = errno;
  close(fd);
  if (written == PROBE_BYTES) return 0;
  return bench_fault_errno(fault, written < 0 ? error : ENOSPC, "changing the probe's file");
}

static int make_file(struct probe *probe, struct bench_fault *fault) {
  uint64_t state = 3;
  for (int i = 0; i < PROBE_BYTES; i++) {
    probe->old_bytes[i] = (unsigned char)bench_random_next(&state);
    probe->new_bytes[i] = (unsigned char)~probe->old_bytes[i];
  }
  int used = snprintf(probe->file, sizeof probe->file, "%s/znio-probe-%d", probe->run.plan.scratch,
                      getpid());
  if (used >= (int)sizeof probe->file) {
    probe->file[0] = '\0';
    return bench_fault_set(fault, "scratch=%.100s... is too long", probe->run.plan.scratch);
  }
  snprintf(probe->kept, sizeof probe->kept, "%s-got", probe->file);
  int fd = open(probe->file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return bench_fault_errno(fault, errno, "making %.300s", probe->file);
  ssize_t written = write(fd, probe->old_bytes, PROBE_BYTES);
  int error = errno;
  if (written == PROBE_BYTES && fsync(fd) == 0) {
    close(fd);
    return 0;
  }
  close(fd);
  return bench_fault_errno(fault, written < 0 ? error : ENOSPC, "writing %.300s", probe->file);
}

int probe_compare(struct probe *probe, const unsigned char *seen, const char *who,
                  struct bench_fault *fault) {
  int news = 0;
  int olds = 0;
  for (int i = 0; i < PROBE_PAGES; i++) {
    size_t at = (size_t)i * PROBE_PAGE;
    if (memcmp(seen + at, probe->new_bytes + at, PROBE_PAGE) == 0) news++;
    if (memcmp(seen + at, probe->old_bytes + at, PROBE_PAGE) == 0) olds++;
  }
  if (news == 0 && olds == 0) {
    return bench_fault_set(fault, "%s got neither the old bytes nor the new ones", who);
  }
  probe->verdict = news == PROBE_PAGES ? PROBE_SHARED : PROBE_COPIED;
  if (news == PROBE_PAGES) {
    snprintf(probe->how, sizeof probe->how,
             "The source was changed after the call had returned, and %s saw the new bytes in all "
             "%d pages.",
             who, PROBE_PAGES);
  } else if (olds == PROBE_PAGES) {
    snprintf(probe->how, sizeof probe->how,
             "The source was changed after the call had returned, and %s still saw the old bytes "
             "in all %d pages.",
             who, PROBE_PAGES);
  } else {
    snprintf(probe->how, sizeof probe->how,
             "The source was changed after the call had returned; of %d pages %s saw %d new, %d "
             "old and %d mixed: part was copied.",
             PROBE_PAGES, who, news, olds, PROBE_PAGES - news - olds);
  }
  return 0;
}

/* Bytes in the send queue might still be shared although their way through the network copies. */
static void wait_delivered(const struct run *run) {
  if (run->plan.target_kind != ZN_END_TCP) return;
  int64_t end_ns = bench_clock_now() + DELIVERY_LIMIT_NS;
  int queued = 1;
  while (bench_clock_now() < end_ns && ioctl(run->link.fds[0], SIOCOUTQ, &queued) == 0 && queued) {
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
}

static int read_kept(const struct probe *probe, unsigned char *seen, struct bench_fault *fault) {
  int fd = open(probe->kept, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return bench_fault_errno(fault, errno, "opening what the peer got");
  ssize_t got = read(fd, seen, PROBE_BYTES);
  close(fd);
  if (got == PROBE_BYTES) return 0;
  return bench_fault_set(fault, "the peer got %zd of %d bytes", got, PROBE_BYTES);
}

int probe_move(struct probe *probe, struct zn_end target, struct bench_fault *fault) {
  struct run *run = &probe->run;
  struct zn_end source = run_file_end(run->file_fd, 0);
  if (run->plan.regions) {
    struct zn_file_region regions[PROBE_PAGES];
    for (int i = 0; i < PROBE_PAGES; i++) {
      regions[i] = (struct zn_file_region){
          .offset = (int64_t)i * PROBE_PAGE, .length = PROBE_PAGE, .fd = run->file_fd};
    }
    return mover_move_regions(&run->mover, NULL, 0, regions, PROBE_PAGES, target, fault);
  }
  if (run->plan.source_kind == ZN_END_MEMORY) {
    int status = zn_mapping_map(run->file_fd, 0, PROBE_BYTES, ZN_MAPPING_READ_ONLY, &run->memory);
    if (status < 0) {
      run->memory = NULL;
      return mover_fault("mapping the probe's file", status, fault);
    }
    run->memory_bytes = PROBE_BYTES;
    run->mover.options.flags |= ZN_TRANSFER_PAGES;
    source = (struct zn_end){.kind = ZN_END_MEMORY, .fd = -1, .address = run->memory};
  }
  return mover_move(&run->mover, source, target, PROBE_BYTES, fault);
}

/* The path reports by itself what the kernel did: its word decides. */
static void add_report(struct probe *probe) {
  size_t used = strlen(probe->how);
  int copied = probe->run.mover.kernel_copied;
  if (copied == ZN_COPIED_UNKNOWN) return;
  probe->verdict = copied == ZN_COPIED_YES ? PROBE_COPIED : PROBE_SHARED;
  snprintf(probe->how + used, sizeof probe->how - used, " The completion says that the kernel %s.",
           copied == ZN_COPIED_YES ? "copied after all" : "did not copy");
}

static int probe_to_peer(struct probe *probe, struct bench_fault *fault) {
  static unsigned char seen[PROBE_BYTES];
  struct run *run = &probe->run;
  int kind = run->plan.target_kind;
  if (run_link(run, NULL, true, probe->kept, fault) != 0) return -1;
  struct zn_end tee = run_link_end(run, kind, 1);
  if (run->plan.path == ZN_PATH_TEE) run->mover.options.tee = &tee;
  int status = probe_move(probe, run_link_end(run, kind, 0), fault);
  run->mover.options.tee = NULL;
  if (status != 0) return -1;
  wait_delivered(run);
  if (probe_change_file(probe, fault) != 0) return -1;
  struct link_done done;
  if (link_go(&run->link, fault) != 0 || link_finish(&run->link, &done, fault) != 0) return -1;
  if (read_kept(probe, seen, fault) != 0) return -1;
  if (run->link.count == 2 && done.hash[0] != done.hash[1]) {
    return bench_fault_set(fault, "the two receivers of tee got different bytes");
  }
  if (mover_settle(&run->mover, fault) != 0) return -1;
  if (probe_compare(probe, seen, run->link.count == 2 ? "both peers" : "the peer", fault) != 0) {
    return -1;
  }
  add_report(probe);
  return 0;
}

/* Towards a file the question is put to the file system first: shared extents are no copy. */
static int probe_to_file(struct probe *probe, struct bench_fault *fault) {
  static unsigned char seen[PROBE_BYTES];
  struct run *run = &probe->run;
  if (run_make_file(run, fault) != 0) return -1;
  if (run_is_stream(run->plan.source_kind)) {
    if (run_link(run, probe->file, true, NULL, fault) != 0) return -1;
    if (link_go(&run->link, fault) != 0) return -1;
    struct zn_end source = run_link_end(run, run->plan.source_kind, 0);
    struct zn_end target = run_file_end(run->made_fd, 0);
    if (mover_move(&run->mover, source, target, PROBE_BYTES, fault) != 0) return -1;
  } else if (probe_move(probe, run_file_end(run->made_fd, 0), fault) != 0) {
    return -1;
  }
  int shared = probe_extents_shared(run->made_fd);
  if (probe_change_file(probe, fault) != 0) return -1;
  if (pread(run->made_fd, seen, PROBE_BYTES, 0) != PROBE_BYTES) {
    return bench_fault_set(fault, "the target file is short");
  }
  if (probe_compare(probe, seen, "the target file", fault) != 0) return -1;
  size_t used = strlen(probe->how);
  if (shared == 1) {
    probe->verdict = PROBE_SHARED;
    snprintf(probe->how, sizeof probe->how,
             "The file system reports every extent of the target as shared (FIEMAP_EXTENT_SHARED); "
             "a later change of the source does not show in it: copy-on-write.");
  } else if (shared == 0) {
    snprintf(probe->how + used, sizeof probe->how - used,
             " The target has extents of its own (FIEMAP).");
  }
  return 0;
}

static int probe_to_memory(struct probe *probe, struct bench_fault *fault) {
  struct run *run = &probe->run;
  void *memory;
  int status = zn_mapping_map(-1, 0, PROBE_BYTES, ZN_MAPPING_READ_WRITE, &memory);
  if (status < 0) return mover_fault("getting memory", status, fault);
  struct zn_end target = {.kind = ZN_END_MEMORY, .fd = -1, .address = memory};
  status = mover_move(&run->mover, run_file_end(run->file_fd, 0), target, PROBE_BYTES, fault);
  if (status == 0) status = probe_change_file(probe, fault);
  if (status == 0) status = probe_compare(probe, memory, "the program's memory", fault);
  (void)!zn_mapping_unmap(memory, PROBE_BYTES);
  return status;
}

static int choose(struct probe *probe, struct bench_fault *fault) {
  const struct run_plan *plan = &probe->run.plan;
  if (plan->path == ZN_PATH_DIRECT_URING && plan->source_kind == ZN_END_FILE &&
      (plan->target_kind == ZN_END_MEMORY || plan->target_kind == ZN_END_FILE)) {
    return probe_direct(probe, fault);
  }
  if (plan->target_kind == ZN_END_MEMORY) {
    if (plan->path == ZN_PATH_PRIVATE_MAP) return probe_private_map(probe, fault);
    return probe_to_memory(probe, fault);
  }
  if (plan->path == ZN_PATH_MEMFD && plan->target_kind == ZN_END_UNIX) {
    return probe_memfd(probe, fault);
  }
  if (plan->target_kind == ZN_END_FILE) return probe_to_file(probe, fault);
  return probe_to_peer(probe, fault);
}

static void answer(const struct probe *probe) {
  static const char *const names[] = {"shared", "copied", "not-applicable"};
  cJSON *object = bench_answer_new();
  cJSON_AddStringToObject(object, "probe", names[probe->verdict]);
  cJSON_AddStringToObject(object, "how", probe->how);
  bench_answer_write(object);
}

int runner_probe(struct runner *runner, const struct bench_words *words,
                 struct bench_fault *fault) {
  struct probe *probe = calloc(1, sizeof *probe);
  if (probe == NULL) abort();
  struct run *run = &probe->run;
  int status = run_plan_read(words, &run->plan, fault);
  if (status == 0) status = run_plan_check(&run->plan, fault);
  if (status == 0 && run->plan.scratch == NULL) {
    status = bench_fault_set(fault, "probe needs scratch=");
  }
  if (status == 0) {
    run->plan.size = PROBE_BYTES;
    run->plan.total = PROBE_BYTES;
    run->plan.file = probe->file;
    status = run_init(run, runner, fault);
    if (status == 0) status = make_file(probe, fault);
    if (status == 0) status = run_open_file(run, PROBE_BYTES, fault);
    if (status == 0) status = choose(probe, fault);
    run_clear(run);
    if (probe->file[0] != '\0') {
      unlink(probe->file);
      unlink(probe->kept);
    }
  }
  if (status == 0) answer(probe);
  free(probe);
  return status;
}

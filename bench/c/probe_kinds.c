/* SPDX-License-Identifier: Apache-2.0 */
/* The probes that look elsewhere than at a peer: extents, page cache, page faults, shared memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "hash.h"
#include "probe.h"

#define EXTENTS_MAX 64

int probe_extents_shared(int fd) {
  size_t size = sizeof(struct fiemap) + EXTENTS_MAX * sizeof(struct fiemap_extent);
  struct fiemap *map = calloc(1, size);
  if (map == NULL) abort();
  map->fm_length = FIEMAP_MAX_OFFSET;
  map->fm_flags = FIEMAP_FLAG_SYNC;
  map->fm_extent_count = EXTENTS_MAX;
  int status = ioctl(fd, FS_IOC_FIEMAP, map) == 0 ? 1 : -errno;
  if (status == 1 && map->fm_mapped_extents == 0) status = 0;
  for (unsigned i = 0; status == 1 && i < map->fm_mapped_extents; i++) {
    if ((map->fm_extents[i].fe_flags & FIEMAP_EXTENT_SHARED) == 0) status = 0;
  }
  free(map);
  return status;
}

int64_t probe_resident_pages(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return -errno;
  if (status.st_size == 0) return 0;
  void *mapped;
  int64_t result = zn_mapping_map(fd, 0, status.st_size, ZN_MAPPING_READ_ONLY, &mapped);
  if (result < 0) return result;
  result = zn_mapping_resident_pages(mapped, status.st_size);
  (void)!zn_mapping_unmap(mapped, status.st_size);
  return result;
}

int probe_drop(int fd, struct bench_fault *fault) {
  if (fsync(fd) != 0 && errno != EINVAL) return bench_fault_errno(fault, errno, "fsync");
  int error = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  return error == 0 ? 0 : bench_fault_errno(fault, error, "POSIX_FADV_DONTNEED");
}

bool probe_direct_shows(int fd) {
  struct statfs status;
  if (fstatfs(fd, &status) != 0) return false;
  return status.f_type == EXT4_SUPER_MAGIC || status.f_type == XFS_SUPER_MAGIC;
}

static int direct_move(struct probe *probe, struct bench_fault *fault) {
  struct run *run = &probe->run;
  if (run->plan.target_kind == ZN_END_FILE) {
    if (run_make_file(run, fault) != 0) return -1;
    return mover_move(&run->mover, run_file_end(run->file_fd, 0), run_file_end(run->made_fd, 0),
                      PROBE_BYTES, fault);
  }
  int status = zn_mapping_map(-1, 0, PROBE_BYTES, ZN_MAPPING_READ_WRITE, &run->memory);
  if (status < 0) {
    run->memory = NULL;
    return mover_fault("getting memory", status, fault);
  }
  run->memory_bytes = PROBE_BYTES;
  struct zn_end target = {.kind = ZN_END_MEMORY, .fd = -1, .address = run->memory};
  return mover_move(&run->mover, run_file_end(run->file_fd, 0), target, PROBE_BYTES, fault);
}

/* Pages that were not in the page cache before and are not there afterwards did not pass through
 * it. */
int probe_direct(struct probe *probe, struct bench_fault *fault) {
  struct run *run = &probe->run;
  if (probe_drop(run->file_fd, fault) != 0) return -1;
  int64_t before = probe_resident_pages(run->file_fd);
  if (direct_move(probe, fault) != 0) return -1;
  int64_t after = probe_resident_pages(run->file_fd);
  if (before < 0 || after < 0) return mover_fault("mincore", before < 0 ? before : after, fault);
  if (!probe_direct_shows(run->file_fd) || before != 0) {
    probe->verdict = PROBE_NOT_APPLICABLE;
    snprintf(
        probe->how, sizeof probe->how,
        "The transfer ran, but this file system keeps or shows pages in memory in its own way, "
        "so that their absence proves nothing (ext4 and XFS can be asked).");
    return 0;
  }
  int64_t target = 0;
  if (run->plan.target_kind == ZN_END_FILE) target = probe_resident_pages(run->made_fd);
  if (target < 0) return mover_fault("mincore", target, fault);
  probe->verdict = after == 0 && target == 0 ? PROBE_SHARED : PROBE_COPIED;
  snprintf(probe->how, sizeof probe->how,
           "After the transfer %d of %d pages of the source%s were in the page cache: %s",
           (int)(after + target), PROBE_PAGES,
           run->plan.target_kind == ZN_END_FILE ? " and the target" : "",
           after + target == 0 ? "the device wrote to and read from the program's memory itself."
                               : "those bytes were copied through it.");
  return 0;
}

static int64_t page_faults(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

/* The mapping is of the probe's own file, which nobody cuts short: it may be touched. */
int probe_private_map(struct probe *probe, struct bench_fault *fault) {
  struct run *run = &probe->run;
  int status = zn_mapping_map(run->file_fd, 0, PROBE_BYTES, ZN_MAPPING_PRIVATE, &run->memory);
  if (status < 0) {
    run->memory = NULL;
    return mover_fault("mapping the probe's file", status, fault);
  }
  run->memory_bytes = PROBE_BYTES;
  volatile unsigned char *bytes = run->memory;
  unsigned sum = 0;
  for (int i = 0; i < PROBE_PAGES; i++) sum += bytes[i * PROBE_PAGE];
  (void)sum;
  if (probe_change_file(probe, fault) != 0) return -1;
  if (probe_compare(probe, run->memory, "the private mapping", fault) != 0) return -1;
  if (probe->verdict != PROBE_SHARED) return 0;
  (void)page_faults(); /* its own first call may fault */
  int64_t faults = -page_faults();
  for (int i = 0; i < PROBE_PAGES; i++) bytes[i * PROBE_PAGE] ^= 1;
  faults += page_faults();
  unsigned char in_file[PROBE_BYTES];
  if (pread(run->file_fd, in_file, PROBE_BYTES, 0) != PROBE_BYTES) {
    return bench_fault_set(fault, "the probe's file cannot be read");
  }
  if (memcmp(in_file, probe->new_bytes, PROBE_BYTES) != 0) {
    return bench_fault_set(fault, "a write to the private mapping reached the file");
  }
  snprintf(probe->how, sizeof probe->how,
           "A change of the file showed in all %d pages of the private mapping; the first write to "
           "each page then copied it (%lld page faults), and the file did not change.",
           PROBE_PAGES, (long long)faults);
  return 0;
}

static int memfd_pass(struct probe *probe, struct bench_fault *fault) {
  struct run *run = &probe->run;
  int status = zn_memfd_create(PROBE_BYTES, &run->memfd);
  if (status < 0) {
    run->memfd = -1;
    return mover_fault("making a memfd", status, fault);
  }
  if (pwrite(run->memfd, probe->old_bytes, PROBE_BYTES, 0) != PROBE_BYTES) {
    return bench_fault_errno(fault, errno, "filling the memfd");
  }
  status = zn_memfd_send(run->link.fds[0], run->memfd, PROBE_BYTES);
  return status < 0 ? mover_fault(run->plan.label, status, fault) : 0;
}

/* source=memory: the sender writes to the memory that it has passed. source=file: the memory was
 * filled from the file, and it is the file that changes. */
int probe_memfd(struct probe *probe, struct bench_fault *fault) {
  struct run *run = &probe->run;
  bool from_file = run->plan.source_kind == ZN_END_FILE;
  struct bench_words words;
  uint64_t before;
  if (run_link(run, NULL, true, NULL, fault) != 0) return -1;
  int status = from_file ? probe_move(probe, run_link_end(run, ZN_END_UNIX, 0), fault)
                         : memfd_pass(probe, fault);
  if (status != 0) return -1;
  if (runner_peer_hear(run->link.peer, "mapped", &words, fault) != 0) {
    run->link.pending = false; /* this was its last word */
    return -1;
  }
  if (runner_peer_hash_word(&words, "hash", &before, fault) != 0) return -1;
  if (from_file) {
    if (probe_change_file(probe, fault) != 0) return -1;
  } else if (pwrite(run->memfd, probe->new_bytes, PROBE_BYTES, 0) != PROBE_BYTES) {
    return bench_fault_errno(fault, errno, "changing the memfd");
  }
  struct link_done done;
  if (link_go(&run->link, fault) != 0 || link_finish(&run->link, &done, fault) != 0) return -1;
  struct bench_hash *hash = bench_hash_new(false);
  bench_hash_update(hash, probe->new_bytes, PROBE_BYTES);
  bool sees_new = done.hash[0] == bench_hash_value(hash);
  bench_hash_free(hash);
  if (!sees_new && done.hash[0] != before) {
    return bench_fault_set(fault,
                           "the peer's mapping shows neither the old bytes nor the new ones");
  }
  probe->verdict = sees_new ? PROBE_SHARED : PROBE_COPIED;
  snprintf(probe->how, sizeof probe->how,
           sees_new ? "The peer's mapping showed the old bytes, and the new ones as soon as the "
                      "sender had written them: both have the same pages."
                    : "The memory was filled from the file by a copy: the peer's mapping still "
                      "shows the old bytes after the file has changed.");
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* File to file inside the kernel: copy_file_range (Linux 4.5) and reflink (FICLONERANGE, 4.5). */
#include <errno.h>

#include "sys.h"
#include "transfer_path.h"

static bool both_are_files(const struct zn_job *job) {
  return job->source.kind == ZN_END_FILE && job->target.kind == ZN_END_FILE;
}

/*
 * EXDEV: two file systems, before 5.3 or of two types since 5.19. EOPNOTSUPP: some network and FUSE
 * file systems. EPERM: a swap file or an immutable target, and some seccomp filters. EBADF: append
 * mode.
 */
static int copy_refusal(const struct zn_job *job, int error) {
  switch (error) {
    case -ENOSYS:
      return ZN_EKERNEL;
    case -EXDEV:
    case -EOPNOTSUPP:
      return ZN_EFILESYSTEM;
    case -EPERM:
      return ZN_EFORBIDDEN;
    case -EINVAL:
    case -EBADF: {
      int reason = zn_job_refusal(job);
      return error == -EBADF && reason == ZN_EFILESYSTEM ? error : reason;
    }
    default:
      return error;
  }
}

int64_t zn_path_copy_file_range(struct zn_job *job) {
  if (!both_are_files(job)) return ZN_EPAIR;
  int64_t *source_offset = job->source.offset >= 0 ? &job->source.offset : NULL;
  int64_t *target_offset = job->target.offset >= 0 ? &job->target.offset : NULL;
  int64_t moved = 0;
  while (moved < job->count) {
    int64_t left = job->count - moved;
    int64_t size = left < ZN_SYS_IO_MAX ? left : ZN_SYS_IO_MAX;
    int64_t result = zn_sys_copy_file_range(job->source.fd, source_offset, job->target.fd,
                                            target_offset, (size_t)size);
    if (result < 0 && moved == 0) return copy_refusal(job, (int)result);
    if (result < 0) job->error = (int32_t)result;
    if (result <= 0) break; /* 0 before the end: /proc files, some network file systems */
    moved += result;
    if (result < size && zn_job_is_in_one_file(job)) break;
  }
  return moved;
}

/* ENOTTY, EOPNOTSUPP: no reflinks there. EINVAL: not aligned to the file system's block, or no
 * reflinks. */
static int clone_refusal(const struct zn_job *job, int error) {
  switch (error) {
    case -ENOSYS:
      return ZN_EKERNEL;
    case -EOPNOTSUPP:
    case -ENOTTY:
    case -EXDEV:
      return ZN_EFILESYSTEM;
    case -EPERM:
      return ZN_EFORBIDDEN;
    case -EBADF:
    case -EINVAL: {
      int reason = zn_job_refusal(job);
      return reason == ZN_EFILESYSTEM && error == -EINVAL ? ZN_EALIGN : reason;
    }
    default:
      return error;
  }
}

int64_t zn_path_reflink(struct zn_job *job) {
  if (!both_are_files(job)) return ZN_EPAIR;
  if (job->source.offset < 0 || job->target.offset < 0) return ZN_EPAIR;
  int clamped = zn_job_clamp_to_file(job);
  if (clamped < 0) return clamped;
  if (job->count == 0) return 0; /* a length of 0 would mean "to the end" */
  int result = zn_sys_ficlonerange(job->target.fd, job->source.fd, job->source.offset, job->count,
                                   job->target.offset);
  return result < 0 ? clone_refusal(job, result) : job->count;
}

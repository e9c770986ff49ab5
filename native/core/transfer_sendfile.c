/* SPDX-License-Identifier: Apache-2.0 */
/* sendfile(2): file to socket or pipe without a copy (Linux 2.4 with a gathering NIC), to a file
 * with one. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "sys.h"
#include "transfer_path.h"

static int64_t send_file(struct zn_job *job, int target) {
  int64_t *offset = job->source.offset >= 0 ? &job->source.offset : NULL;
  int64_t moved = 0;
  while (moved < job->count) {
    int64_t left = job->count - moved;
    int64_t size = left < ZN_SYS_IO_MAX ? left : ZN_SYS_IO_MAX;
    int64_t result = zn_sys_sendfile(target, job->source.fd, offset, (size_t)size);
    if (result < 0 && moved == 0) return zn_job_splice_refusal(job, (int)result);
    if (result < 0) job->error = (int32_t)result;
    if (result <= 0) break;
    moved += result;
    /* A socket stops short only at the end, at a signal or when it is full. A pipe takes a pipeful
     * a call, and /proc files give a page or so. */
    if (result < size && zn_end_is_socket(&job->target)) break;
  }
  return moved;
}

/*
 * sendfile writes at the target's own position, which other threads may use: a second description
 * of the same file has a position of its own.
 */
static int64_t send_file_at(struct zn_job *job) {
  int flags = zn_sys_status_flags(job->target.fd);
  if (flags < 0) return flags;
  if ((flags & O_APPEND) != 0) return ZN_EAPPEND; /* a new description would not append */
  int target = zn_sys_reopen(job->target.fd, O_WRONLY);
  if (target < 0) return target == -ENOENT ? ZN_EFILESYSTEM : target;
  int64_t result = zn_sys_lseek(target, job->target.offset, SEEK_SET);
  if (result >= 0) result = send_file(job, target);
  if (result > 0) job->target.offset += result;
  (void)zn_sys_close(target);
  return result;
}

int64_t zn_path_sendfile(struct zn_job *job) {
  if (job->source.kind != ZN_END_FILE || job->target.kind == ZN_END_MEMORY) return ZN_EPAIR;
  bool at_offset = job->target.kind == ZN_END_FILE && job->target.offset >= 0;
  return at_offset ? send_file_at(job) : send_file(job, job->target.fd);
}

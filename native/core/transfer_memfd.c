/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memfd: the bytes go into shared memory once, and the peer gets the memory instead of the bytes.
 * The peer takes it with zn_memfd_receive and maps it; nothing appears in the stream besides that
 * message.
 */
#include <errno.h>
#include <unistd.h>

#include "sys.h"
#include "transfer_path.h"
#include "znio/memfd.h"

/* Fills the memory through the kernel: a source page that is gone gives EFAULT, not SIGBUS. */
static int64_t fill(const struct zn_job *job, int fd, int64_t size) {
  int64_t filled = 0;
  int64_t offset = job->source.offset;
  while (filled < size) {
    size_t some = (size_t)zn_smaller(size - filled, ZN_SYS_IO_MAX);
    int64_t result;
    if (job->source.kind == ZN_END_MEMORY) {
      result = zn_sys_pwrite(fd, (const char *)job->source.address + filled, some, filled);
    } else {
      /* sendfile writes at the memfd's own position, which only this function moves. */
      result = zn_sys_sendfile(fd, job->source.fd, &offset, some);
    }
    if (result < 0) return result;
    if (result == 0) return ZN_ETRUNCATED;
    filled += result;
  }
  return filled;
}

/* The position of a source that is read at its own is moved only when the peer has the bytes. */
static int resolve_source(struct zn_job *job, bool *own_position) {
  *own_position = job->source.kind == ZN_END_FILE && job->source.offset < 0;
  if (*own_position) {
    int64_t position = zn_sys_lseek(job->source.fd, 0, SEEK_CUR);
    if (position < 0) return (int)position;
    job->source.offset = position;
  }
  return job->source.kind == ZN_END_FILE ? zn_job_clamp_to_file(job) : 0;
}

int64_t zn_path_memfd(struct zn_job *job) {
  bool from_file = job->source.kind == ZN_END_FILE;
  if (!from_file && job->source.kind != ZN_END_MEMORY) return ZN_EPAIR;
  if (job->target.kind != ZN_END_UNIX) return ZN_EPAIR;
  bool own_position;
  int64_t result = resolve_source(job, &own_position);
  if (result < 0) return result;
  int64_t size = job->count;
  if (size <= 0) return 0;
  int fd;
  result = zn_memfd_create(size, &fd);
  if (result == -ENOSYS) return ZN_EKERNEL;
  if (result < 0) return result;
  result = fill(job, fd, size);
  if (result >= 0) result = zn_memfd_send(job->target.fd, fd, size);
  int closed = zn_memfd_close(fd);
  (void)closed; /* fails only for a descriptor that is not open */
  if (result < 0) return result;
  zn_job_advance(job, size);
  if (own_position) (void)zn_sys_lseek(job->source.fd, job->source.offset, SEEK_SET);
  return size;
}

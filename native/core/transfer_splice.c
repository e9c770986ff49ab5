/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths through a pipe, which carries references to pages: splice, vmsplice, tee (Linux 2.6.17).
 *
 * Between two ends that are no pipes the references pass through a pooled pipe. Bytes in it that
 * the target does not take are read again later if the source allows it; else they are delivered by
 * a copy, and if that fails too they are handed to the caller: nothing is lost (INV-4).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "heap.h"
#include "pipe_account.h"
#include "sys.h"
#include "transfer_path.h"

static int64_t *offset_of(struct zn_end *end) {
  return end->kind == ZN_END_FILE && end->offset >= 0 ? &end->offset : NULL;
}

/* One splice between two ends of which one is a pipe. */
static int64_t splice_once(struct zn_end *source, struct zn_end *target, int64_t size, bool more) {
  unsigned flags = SPLICE_F_MOVE | (more ? SPLICE_F_MORE : 0);
  return zn_sys_splice(source->fd, offset_of(source), target->fd, offset_of(target),
                       (size_t)zn_smaller(size, ZN_SYS_IO_MAX), flags);
}

static int64_t splice_direct(struct zn_job *job) {
  int64_t moved = 0;
  while (moved < job->count) {
    int64_t result = splice_once(&job->source, &job->target, job->count - moved, false);
    if (result < 0 && moved == 0) return zn_job_splice_refusal(job, (int)result);
    if (result < 0) job->error = (int32_t)result;
    if (result <= 0) break;
    moved += result;
  }
  return moved;
}

int64_t zn_pipe_empty(struct zn_pipe *pipe, struct zn_end *target, bool more, bool wait,
                      int32_t *error) {
  int64_t delivered = 0;
  struct zn_end read_end = {.kind = ZN_END_PIPE, .fd = pipe->fds[0], .offset = ZN_OFFSET_CURRENT};
  while (pipe->bytes > 0) {
    int64_t result = splice_once(&read_end, target, pipe->bytes, more);
    short revents;
    if (result == -EAGAIN && wait) {
      result = zn_sys_poll(target->fd, POLLOUT, -1, &revents);
      if (result > 0) continue;
    }
    if (result <= 0) {
      *error = result < 0 ? (int32_t)result : -EIO;
      break;
    }
    pipe->bytes -= result;
    delivered += result;
  }
  return delivered;
}

int64_t zn_pipe_fill(struct zn_pipe *pipe, int source, int64_t size) {
  struct zn_end from = {.kind = ZN_END_PIPE, .fd = source, .offset = ZN_OFFSET_CURRENT};
  struct zn_end write_end = {.kind = ZN_END_PIPE, .fd = pipe->fds[1], .offset = ZN_OFFSET_CURRENT};
  int64_t result = splice_once(&from, &write_end, zn_smaller(size, pipe->capacity), false);
  if (result > 0) pipe->bytes += result;
  return result;
}

int64_t zn_pipe_pour(struct zn_pipe *pipe, int target, int64_t offset) {
  struct zn_end file = {.kind = ZN_END_FILE, .fd = target, .offset = offset};
  int32_t error = 0;
  int64_t delivered = zn_pipe_empty(pipe, &file, false, false, &error);
  return delivered > 0 ? delivered : error;
}

/* Reads all that lies in the pipe. returns: bytes read; less than asked only at an error. */
static int64_t drain_all(struct zn_pipe *pipe, char *buffer, int64_t size) {
  int64_t done = 0;
  while (done < size) {
    int64_t result = zn_pipe_drain(pipe, buffer + done, (size_t)(size - done));
    if (result <= 0 && result != -EINTR) break;
    if (result > 0) done += result;
  }
  return done;
}

/* The kernel cannot splice into this target (append mode, an odd file system): copy instead. */
static int64_t empty_by_copy(struct zn_pipe *pipe, struct zn_end *target, int32_t *error) {
  int64_t size = pipe->bytes;
  char *buffer = zn_heap_allocate((size_t)size, 1);
  if (buffer == NULL) {
    *error = -ENOMEM;
    return 0;
  }
  int64_t got = drain_all(pipe, buffer, size);
  int64_t written = zn_end_write(target, buffer, (size_t)got, 0);
  *error = written < 0 ? (int32_t)written : written < got ? -EIO : 0;
  if (written < 0) written = 0;
  if (written < got) {
    int result = zn_pipe_spill(&pipe, buffer + written, got - written);
    if (result < 0) *error = result;
  }
  zn_heap_free(buffer, (size_t)size, 1);
  return written;
}

/* Decides what becomes of bytes that lie in the pipe when a transfer ends. */
static void settle(struct zn_job *job, struct zn_pipe *pipe) {
  int64_t left = zn_pipe_bytes(pipe);
  if (left == 0 || zn_end_can_read_again(&job->source)) {
    if (left > 0) job->source.offset -= left;
    zn_pipe_release(pipe);
    return;
  }
  if (job->source.kind == ZN_END_FILE && zn_sys_lseek(job->source.fd, -left, SEEK_CUR) >= 0) {
    zn_pipe_release(pipe);
    return;
  }
  job->stranded = pipe;
  job->stranded_bytes = left;
}

/* One pipeful from source to target. returns: bytes delivered, 0 at the end, or a code. */
static int64_t splice_pipeful(struct zn_job *job, struct zn_pipe *pipe, int64_t left) {
  struct zn_end write_end = {.kind = ZN_END_PIPE, .fd = pipe->fds[1], .offset = ZN_OFFSET_CURRENT};
  int64_t wanted = zn_smaller(left, pipe->capacity);
  int64_t got = splice_once(&job->source, &write_end, wanted, false);
  if (got <= 0) return got < 0 ? zn_job_splice_refusal(job, (int)got) : 0;
  pipe->bytes += got;
  bool consumed = !zn_end_can_read_again(&job->source);
  bool more = zn_end_is_socket(&job->target) && got == wanted && got < left;
  int32_t error = 0;
  int64_t delivered = zn_pipe_empty(pipe, &job->target, more, consumed, &error);
  if (error == -EINVAL && consumed) delivered += empty_by_copy(pipe, &job->target, &error);
  if (error == -EINVAL) error = zn_job_refusal(job);
  job->error = error;
  return delivered > 0 || (consumed && error != 0) ? delivered : error;
}

static int64_t splice_through(struct zn_job *job) {
  struct zn_pipe *pipe;
  int acquired = zn_pipe_acquire(&pipe);
  if (acquired < 0) return acquired;
  int64_t moved = 0;
  while (moved < job->count) {
    int64_t result = splice_pipeful(job, pipe, job->count - moved);
    if (result < 0 && moved == 0) {
      settle(job, pipe);
      return result;
    }
    if (result < 0) job->error = (int32_t)result;
    if (result > 0) moved += result;
    if (result <= 0 || job->error != 0) break;
  }
  settle(job, pipe);
  return moved;
}

int64_t zn_path_splice(struct zn_job *job) {
  if (job->source.kind == ZN_END_MEMORY || job->target.kind == ZN_END_MEMORY) return ZN_EPAIR;
  bool direct = job->source.kind == ZN_END_PIPE || job->target.kind == ZN_END_PIPE;
  return direct ? splice_direct(job) : splice_through(job);
}

/* vmsplice does not look at O_NONBLOCK of the pipe: it must be told. */
static int64_t lend_to_target(struct zn_job *job, const struct iovec *vector) {
  int flags = zn_sys_status_flags(job->target.fd);
  if (flags < 0) return flags;
  unsigned nonblocking = (flags & O_NONBLOCK) != 0 ? SPLICE_F_NONBLOCK : 0;
  return zn_sys_vmsplice(job->target.fd, vector, 1, nonblocking);
}

/* Lends pages to a pipe end and, if it is a pooled pipe, passes them on. */
static int64_t lend(struct zn_job *job, struct zn_pipe *pipe, char *address, int64_t size) {
  struct iovec vector = {.iov_base = address, .iov_len = (size_t)size};
  if (pipe == NULL) return lend_to_target(job, &vector);
  if (size > pipe->capacity) vector.iov_len = (size_t)pipe->capacity;
  int64_t got = zn_sys_vmsplice(pipe->fds[1], &vector, 1, 0);
  if (got <= 0) return got;
  pipe->bytes += got;
  int32_t error = 0;
  int64_t delivered = zn_pipe_empty(pipe, &job->target, got < job->count, false, &error);
  job->error = error == -EINVAL ? zn_job_refusal(job) : error;
  return delivered > 0 ? delivered : job->error;
}

static int64_t lend_all(struct zn_job *job, struct zn_pipe *pipe, char *address, int64_t size) {
  int64_t moved = 0;
  while (moved < size && job->error == 0) {
    int64_t result = lend(job, pipe, address + moved, size - moved);
    if (result < 0 && moved == 0) return result;
    if (result < 0) job->error = (int32_t)result;
    if (result <= 0) break;
    moved += result;
  }
  return moved;
}

/*
 * The pages of a file: a mapping of its own for each window. Unmapping it while the peer has not
 * read yet is safe: the pipe or socket holds the pages, and they belong to the page cache, not to
 * us.
 */
static int64_t lend_file(struct zn_job *job, struct zn_pipe *pipe) {
  int clamped = zn_job_clamp_to_file(job);
  if (clamped < 0) return clamped;
  int64_t moved = 0;
  while (moved < job->count && job->error == 0) {
    struct zn_map_window window;
    int64_t result = zn_map_window_open(&job->source, job->count - moved, MAP_SHARED, &window);
    if (result == 0) {
      result = lend_all(job, pipe, window.address, window.bytes);
      zn_map_window_close(&window);
      if (result == -EFAULT) result = ZN_ETRUNCATED;
      if (job->error == -EFAULT) job->error = ZN_ETRUNCATED;
    }
    if (result < 0 && moved == 0) return result;
    if (result < 0) job->error = (int32_t)result;
    if (result <= 0) break;
    moved += result;
    job->source.offset += result;
  }
  return moved;
}

static int64_t lend_source(struct zn_job *job, struct zn_pipe *pipe) {
  if (job->source.kind == ZN_END_FILE) return lend_file(job, pipe);
  return lend_all(job, pipe, job->source.address, job->count);
}

int64_t zn_path_vmsplice(struct zn_job *job) {
  bool from_memory = job->source.kind == ZN_END_MEMORY;
  bool from_file = job->source.kind == ZN_END_FILE && job->source.offset >= 0;
  if ((!from_memory && !from_file) || job->target.kind == ZN_END_MEMORY) return ZN_EPAIR;
  if (from_memory) {
    bool whole_pages = (uintptr_t)job->source.address % (uintptr_t)zn_sys_page_bytes() == 0;
    if ((job->flags & ZN_TRANSFER_PAGES) == 0 || !whole_pages) return ZN_EPAGES;
  }
  if (job->target.kind == ZN_END_PIPE) return lend_source(job, NULL);
  struct zn_pipe *pipe;
  int acquired = zn_pipe_acquire(&pipe);
  if (acquired < 0) return acquired;
  int64_t moved = lend_source(job, pipe);
  zn_pipe_release(pipe); /* what was not taken is still the source's */
  return moved;
}

/*
 * One pipeful to both targets, the second first. What the second has received must reach the first
 * too, or a caller that goes on from the returned count would send it to the second twice: so the
 * transfer waits for a non-blocking target, and bytes it cannot deliver are stranded.
 */
static int64_t tee_pipeful(struct zn_job *job, struct zn_pipe *pipe, struct zn_pipe *copy,
                           int64_t left) {
  struct zn_end write_end = {.kind = ZN_END_PIPE, .fd = pipe->fds[1], .offset = ZN_OFFSET_CURRENT};
  int64_t wanted = zn_smaller(left, zn_smaller(pipe->capacity, copy->capacity));
  int64_t got = splice_once(&job->source, &write_end, wanted, false);
  if (got <= 0) return got < 0 ? zn_job_splice_refusal(job, (int)got) : 0;
  pipe->bytes += got;
  int64_t teed = zn_sys_tee(pipe->fds[0], copy->fds[1], (size_t)got, 0);
  if (teed != got) { /* both pipes were empty and equally large */
    job->error = teed < 0 ? (int32_t)teed : -EIO;
    return 0;
  }
  copy->bytes += teed;
  int32_t error = 0;
  (void)zn_pipe_empty(copy, &job->tee, false, true, &error);
  int64_t delivered = error == 0 ? zn_pipe_empty(pipe, &job->target, false, true, &error) : 0;
  job->error = error;
  return delivered;
}

static int64_t tee_through(struct zn_job *job, struct zn_pipe *pipe, struct zn_pipe *copy) {
  int64_t moved = 0;
  while (moved < job->count && job->error == 0) {
    int64_t result = tee_pipeful(job, pipe, copy, job->count - moved);
    if (result < 0 && moved == 0) return result;
    if (result < 0) job->error = (int32_t)result;
    if (result <= 0) break;
    moved += result;
  }
  return moved;
}

int64_t zn_path_tee(struct zn_job *job) {
  if (job->source.kind == ZN_END_MEMORY || job->target.kind == ZN_END_MEMORY) return ZN_EPAIR;
  if (job->tee.kind == 0) return ZN_ETEE;
  struct zn_pipe *pipe;
  struct zn_pipe *copy;
  int acquired = zn_pipe_acquire(&pipe);
  if (acquired < 0) return acquired;
  acquired = zn_pipe_acquire(&copy);
  if (acquired < 0) {
    zn_pipe_release(pipe);
    return acquired;
  }
  int64_t moved = tee_through(job, pipe, copy);
  zn_pipe_release(copy);
  if (zn_pipe_bytes(pipe) > 0) {
    job->stranded = pipe;
    job->stranded_bytes = zn_pipe_bytes(pipe);
  } else {
    zn_pipe_release(pipe);
  }
  return moved;
}

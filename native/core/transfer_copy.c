/* SPDX-License-Identifier: Apache-2.0 */
/* Paths that copy through user space or through a mapping: read-write, mmap-write, private-map. */
#include <errno.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "heap.h"
#include "pipe_account.h"
#include "sys.h"
#include "transfer_path.h"

/* Past 256 KiB a larger buffer no longer pays and leaves the processor's second-level cache. */
#define ZN_COPY_BUFFER_BYTES ((int64_t)256 << 10)
#define ZN_COPY_ALIGNMENT ((size_t)4096)

/* Large enough to hide the cost of mmap and munmap, small enough to bound the address space used.
 */
#define ZN_MAP_WINDOW_BYTES ((int64_t)8 << 20)

static int64_t write_file(struct zn_end *end, const char *buffer, size_t size) {
  size_t done = 0;
  while (done < size) {
    int64_t result = end->offset >= 0
                         ? zn_sys_pwrite(end->fd, buffer + done, size - done, end->offset)
                         : zn_sys_write(end->fd, buffer + done, size - done);
    if (result < 0 && done == 0) return result;
    if (result <= 0) break;
    if (end->offset >= 0) end->offset += result;
    done += (size_t)result;
  }
  return (int64_t)done;
}

/* A blocking socket or pipe takes all, or less when a signal came: then the caller must see it. */
int64_t zn_end_write(struct zn_end *end, const void *buffer, size_t size, uint32_t flags) {
  if (end->kind == ZN_END_FILE) return write_file(end, buffer, size);
  if (!zn_end_is_socket(end)) return zn_sys_write(end->fd, buffer, size);
  int more = (flags & ZN_TRANSFER_MORE) != 0 ? MSG_MORE : 0;
  return zn_sys_send(end->fd, buffer, size, MSG_NOSIGNAL | more);
}

int64_t zn_end_read(struct zn_end *end, void *buffer, size_t size) {
  if (end->offset < 0) return zn_sys_read(end->fd, buffer, size);
  int64_t result = zn_sys_pread(end->fd, buffer, size, end->offset);
  if (result > 0) end->offset += result;
  return result;
}

/* Waits until the target takes bytes again: bytes already taken from the source must go somewhere.
 */
static int wait_writable(const struct zn_end *target) {
  short revents;
  int result = zn_sys_poll(target->fd, POLLOUT, -1, &revents);
  return result < 0 ? result : 0;
}

/* Bytes that were read and not written: back to the source, or into the job's hands. */
static void keep_undelivered(struct zn_job *job, const char *bytes, int64_t count) {
  if (zn_end_can_read_again(&job->source)) {
    job->source.offset -= count;
    return;
  }
  if (job->source.kind == ZN_END_FILE && zn_sys_lseek(job->source.fd, -count, SEEK_CUR) >= 0) {
    return;
  }
  int result = zn_pipe_spill(&job->stranded, bytes, count);
  job->stranded_bytes = result == 0 ? count : 0;
  if (result < 0) job->error = result;
}

/* Writes all, waiting for a non-blocking target only if the bytes cannot be read again. */
static int64_t write_all(struct zn_job *job, const char *buffer, int64_t size, uint32_t flags) {
  int64_t done = 0;
  while (done < size) {
    int64_t result = zn_end_write(&job->target, buffer + done, (size_t)(size - done), flags);
    if (result == -EAGAIN && !zn_end_can_read_again(&job->source)) {
      result = wait_writable(&job->target);
      if (result == 0) continue;
    }
    if (result <= 0) {
      job->error = (int32_t)result;
      break;
    }
    done += result;
    bool whole = done == size;
    if (!whole && zn_end_can_read_again(&job->source) && job->target.kind != ZN_END_FILE) {
      job->error = -EAGAIN; /* a signal came, or the target is full: one more call would tell */
      break;
    }
  }
  if (done < size) keep_undelivered(job, buffer + done, size - done);
  return done;
}

/* Memory at one end: the kernel copies straight from or to it. */
static int64_t move_memory(struct zn_job *job) {
  bool from_memory = job->source.kind == ZN_END_MEMORY;
  int64_t moved = 0;
  while (moved < job->count) {
    size_t left = (size_t)zn_smaller(job->count - moved, ZN_SYS_IO_MAX);
    int64_t result;
    if (from_memory) {
      result = zn_end_write(&job->target, job->source.address, left, job->flags);
      if (result > 0) job->source.address = (char *)job->source.address + result;
    } else {
      result = zn_end_read(&job->source, job->target.address, left);
      if (result > 0) job->target.address = (char *)job->target.address + result;
    }
    if (result < 0 && moved == 0) return result;
    if (result < 0) job->error = (int32_t)result;
    if (result <= 0) break;
    moved += result;
    if (from_memory && result < (int64_t)left && job->target.kind != ZN_END_FILE) break;
  }
  return moved;
}

static int64_t copy_through(struct zn_job *job, char *buffer, int64_t buffer_bytes) {
  int64_t moved = 0;
  while (moved < job->count) {
    int64_t wanted = zn_smaller(job->count - moved, buffer_bytes);
    int64_t got = zn_end_read(&job->source, buffer, (size_t)wanted);
    if (got < 0 && moved == 0) return got;
    if (got < 0) job->error = (int32_t)got;
    if (got <= 0) break;
    uint32_t more = moved + got < job->count ? ZN_TRANSFER_MORE : 0;
    int64_t written = write_all(job, buffer, got, job->flags | (got == wanted ? more : 0));
    moved += written;
    if (written < got) {
      bool stranded = job->stranded != NULL;
      if (moved == 0 && !stranded && job->error < 0) return job->error;
      break;
    }
    if (got < wanted && zn_job_is_in_one_file(job)) break;
  }
  return moved;
}

int64_t zn_path_read_write(struct zn_job *job) {
  if (job->source.kind == ZN_END_MEMORY || job->target.kind == ZN_END_MEMORY) {
    return move_memory(job);
  }
  int64_t buffer_bytes = zn_smaller(job->count, ZN_COPY_BUFFER_BYTES);
  char *buffer = zn_heap_allocate((size_t)buffer_bytes, ZN_COPY_ALIGNMENT);
  if (buffer == NULL) return -ENOMEM;
  int64_t moved = copy_through(job, buffer, buffer_bytes);
  zn_heap_free(buffer, (size_t)buffer_bytes, ZN_COPY_ALIGNMENT);
  return moved;
}

/* Copies an overlapping range of one file towards its end, last bytes first, as memmove does. */
int64_t zn_copy_backward(struct zn_job *job) {
  int64_t buffer_bytes = zn_smaller(job->count, ZN_COPY_BUFFER_BYTES);
  char *buffer = zn_heap_allocate((size_t)buffer_bytes, ZN_COPY_ALIGNMENT);
  if (buffer == NULL) return -ENOMEM;
  int64_t left = job->count;
  int64_t result = 0;
  while (left > 0) {
    int64_t size = zn_smaller(left, buffer_bytes);
    struct zn_end from = job->source;
    struct zn_end to = job->target;
    from.offset += left - size;
    to.offset += left - size;
    result = zn_end_read(&from, buffer, (size_t)size);
    if (result != size) break;
    result = zn_end_write(&to, buffer, (size_t)size, 0);
    if (result != size) break;
    left -= size;
  }
  zn_heap_free(buffer, (size_t)buffer_bytes, ZN_COPY_ALIGNMENT);
  if (left == 0) return job->count;
  /* What was written lies behind a hole: none of it counts as moved. */
  return result < 0 ? result : -EIO;
}

int zn_map_window_open(const struct zn_end *source, int64_t count, int map_flags,
                       struct zn_map_window *window) {
  int64_t page_bytes = zn_sys_page_bytes();
  int64_t slack = source->offset % page_bytes;
  window->bytes = zn_smaller(count, ZN_MAP_WINDOW_BYTES - slack);
  window->mapped_bytes = (size_t)(window->bytes + slack);
  int result = zn_sys_mmap(source->fd, source->offset - slack, window->mapped_bytes, PROT_READ,
                           map_flags, &window->base);
  if (result == -ENODEV || result == -EACCES) return ZN_EFILESYSTEM;
  if (result < 0) return result;
  window->address = (char *)window->base + slack;
  return 0;
}

void zn_map_window_close(struct zn_map_window *window) {
  (void)zn_sys_munmap(window->base, window->mapped_bytes);
}

int64_t zn_file_bytes_from(int fd, int64_t offset) {
  struct stat status;
  int result = zn_sys_fstat(fd, &status);
  if (result < 0) return result;
  return status.st_size > offset ? status.st_size - offset : 0;
}

/* Bytes past the end of the last page's file part read as zeros: never map past the end. */
int zn_job_clamp_to_file(struct zn_job *job) {
  int64_t available = zn_file_bytes_from(job->source.fd, job->source.offset);
  if (available < 0) return (int)available;
  job->count = zn_smaller(job->count, available);
  return 0;
}

/* C touches a mapping only through the kernel: a file cut short gives EFAULT, not SIGBUS. */
static int64_t write_mapped(struct zn_job *job, int map_flags) {
  if (job->source.kind != ZN_END_FILE || job->source.offset < 0) return ZN_EPAIR;
  if (job->target.kind == ZN_END_MEMORY) return ZN_EPAIR;
  int clamped = zn_job_clamp_to_file(job);
  if (clamped < 0) return clamped;
  int64_t moved = 0;
  while (moved < job->count) {
    struct zn_map_window window;
    int opened = zn_map_window_open(&job->source, job->count - moved, map_flags, &window);
    if (opened < 0 && moved == 0) return opened;
    if (opened < 0) {
      job->error = opened;
      break;
    }
    uint32_t more = moved + window.bytes < job->count ? ZN_TRANSFER_MORE : 0;
    int64_t result =
        zn_end_write(&job->target, window.address, (size_t)window.bytes, job->flags | more);
    zn_map_window_close(&window);
    if (result == -EFAULT) result = ZN_ETRUNCATED;
    if (result < 0 && moved == 0) return result;
    if (result < 0) job->error = (int32_t)result;
    if (result <= 0) break;
    moved += result;
    job->source.offset += result;
    if (result < window.bytes) break;
  }
  return moved;
}

int64_t zn_path_mmap_write(struct zn_job *job) { return write_mapped(job, MAP_SHARED); }

int64_t zn_path_private_map(struct zn_job *job) { return write_mapped(job, MAP_PRIVATE); }

/* SPDX-License-Identifier: Apache-2.0 */
/* Many pieces of files to one target in one call: Kafka's fetch, Lucene's merge. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "guard_copy.h"
#include "heap.h"
#include "pipe_account.h"
#include "sys.h"
#include "transfer_memory.h"
#include "transfer_path.h"

/* One buffer of this size stays in the processor's cache between pread and write. */
#define ZN_GATHER_BYTES ((size_t)256 << 10)
#define ZN_GATHER_ALIGNMENT ((size_t)4096)

/*
 * From this length on a region goes by reference between the gathered ones. TCP gains from it early
 * (lists of 4 to 64 KiB regions: twice the speed), a unix socket late: bench/compare, kafka-fetch.
 */
#define ZN_REFERENCE_BYTES_TCP ((int64_t)16 << 10)
#define ZN_REFERENCE_BYTES_OTHER ((int64_t)64 << 10)

/* The state of one call: what was sent, and the buffer that is being gathered. */
struct gather {
  struct zn_end target;
  int64_t sent;
  int64_t sent_by_sendfile; /* of these */
  int32_t error;
  uint32_t flags;
  char *buffer;
  size_t filled;
  struct zn_receipt *receipt; /* where a lost page is told */
};

/* Writes the buffer; more: other bytes follow at once. returns false when the call must end. */
static bool flush(struct gather *gather, bool more) {
  size_t done = 0;
  uint32_t flags = gather->flags | (more ? ZN_TRANSFER_MORE : 0);
  while (done < gather->filled && gather->error == 0) {
    int64_t result =
        zn_end_write(&gather->target, gather->buffer + done, gather->filled - done, flags);
    if (result <= 0) {
      gather->error = result < 0 ? (int32_t)result : -EIO;
      break;
    }
    done += (size_t)result;
    bool partial = done < gather->filled && gather->target.kind != ZN_END_FILE;
    if (partial) gather->error = -EAGAIN; /* full, or a signal: the next call would tell */
  }
  gather->sent += (int64_t)done;
  gather->filled = 0;
  return gather->error == 0;
}

static bool append_memory(struct gather *gather, char *bytes, size_t size) {
  while (size > 0) {
    size_t room = ZN_GATHER_BYTES - gather->filled;
    size_t part = size < room ? size : room;
    int64_t copied;
    gather->error =
        zn_guard_copy_in(gather->buffer + gather->filled, bytes, (int64_t)part, &copied);
    if (gather->error == -EFAULT) {
      gather->error =
          zn_memory_explain(bytes + copied, (int64_t)size - copied, false, gather->receipt);
    }
    if (gather->error != 0) return false;
    gather->filled += part;
    bytes += part;
    size -= part;
    if (size > 0 && !flush(gather, true)) return false;
  }
  return true;
}

static bool append_region(struct gather *gather, const struct zn_file_region *region) {
  int64_t offset = region->offset;
  int64_t left = region->length;
  while (left > 0) {
    if (gather->filled == ZN_GATHER_BYTES && !flush(gather, true)) return false;
    size_t room = ZN_GATHER_BYTES - gather->filled;
    size_t part = (int64_t)room < left ? room : (size_t)left;
    int64_t got = zn_sys_pread(region->fd, gather->buffer + gather->filled, part, offset);
    if (got <= 0) {
      /* What was gathered before is still sent; then the caller learns why the list ends here. */
      int32_t reason = got < 0 ? (int32_t)got : ZN_ETRUNCATED;
      if (flush(gather, false)) gather->error = reason;
      return false;
    }
    gather->filled += (size_t)got;
    offset += got;
    left -= got;
  }
  return true;
}

static bool send_region(struct gather *gather, const struct zn_file_region *region) {
  struct zn_job job = {.source = {.kind = ZN_END_FILE, .fd = region->fd, .offset = region->offset},
                       .target = gather->target,
                       .count = region->length};
  int64_t result = zn_path_sendfile(&job);
  if (result < 0) gather->error = (int32_t)result;
  if (result > 0) {
    gather->sent += result;
    gather->sent_by_sendfile += result;
    gather->target.offset = job.target.offset;
  }
  if (result >= 0 && result < region->length && gather->error == 0) {
    bool at_end = zn_file_bytes_from(region->fd, region->offset + result) == 0;
    gather->error = at_end ? ZN_ETRUNCATED : job.error != 0 ? job.error : -EAGAIN;
  }
  return gather->error == 0;
}

/* Small regions are gathered by a copy, large ones sent by reference between the buffers. */
static void send_gathered(struct gather *gather, const struct zn_file_region *regions, size_t count,
                          bool large_by_reference) {
  bool tcp = gather->target.kind == ZN_END_TCP;
  int64_t reference_bytes = tcp ? ZN_REFERENCE_BYTES_TCP : ZN_REFERENCE_BYTES_OTHER;
  for (size_t i = 0; i < count; i++) {
    bool large = large_by_reference && regions[i].length >= reference_bytes;
    bool ok = large ? flush(gather, true) && send_region(gather, &regions[i])
                    : append_region(gather, &regions[i]);
    if (!ok) return;
  }
  (void)flush(gather, false);
}

/* TCP_CORK (Linux 2.2) holds back partial segments until it is taken away. */
static void send_corked(struct gather *gather, const struct zn_file_region *regions, size_t count) {
  bool cork = gather->target.kind == ZN_END_TCP;
  if (cork) gather->error = zn_sys_setsockopt(gather->target.fd, IPPROTO_TCP, TCP_CORK, 1);
  if (gather->error == 0 && flush(gather, count > 0)) {
    for (size_t i = 0; i < count; i++) {
      if (!send_region(gather, &regions[i])) break;
    }
  }
  if (cork) {
    int result = zn_sys_setsockopt(gather->target.fd, IPPROTO_TCP, TCP_CORK, 0);
    if (gather->error == 0) gather->error = result;
  }
}

/* Empties the pipe of references into the target. What it does not take is dropped: it can be read
 * again. */
static bool pass_on(struct gather *gather, struct zn_pipe *pipe, bool more) {
  gather->sent += zn_pipe_empty(pipe, &gather->target, more, false, &gather->error);
  return gather->error == 0;
}

static bool refer_region(struct gather *gather, struct zn_pipe *pipe,
                         const struct zn_file_region *region) {
  int64_t offset = region->offset;
  int64_t end = region->offset + region->length;
  while (offset < end) {
    int64_t got = zn_sys_splice(region->fd, &offset, pipe->fds[1], NULL, (size_t)(end - offset),
                                SPLICE_F_NONBLOCK);
    if (got > 0) {
      pipe->bytes += got;
    } else if (got == -EAGAIN && pipe->bytes > 0) { /* SPLICE_F_NONBLOCK: the pipe is full */
      if (!pass_on(gather, pipe, true)) return false;
    } else {
      int32_t reason = got < 0 ? (int32_t)got : ZN_ETRUNCATED;
      if (pass_on(gather, pipe, false)) gather->error = reason;
      return false;
    }
  }
  return true;
}

static void send_referred(struct gather *gather, const struct zn_file_region *regions,
                          size_t count) {
  struct zn_pipe *pipe;
  gather->error = zn_pipe_acquire(&pipe);
  if (gather->error != 0) return;
  bool ok = flush(gather, count > 0);
  for (size_t i = 0; ok && i < count; i++) ok = refer_region(gather, pipe, &regions[i]);
  if (ok) (void)pass_on(gather, pipe, false);
  zn_pipe_release(pipe);
}

static int check(const struct zn_file_region *regions, size_t count, const struct zn_end *target,
                 int path) {
  int result = zn_end_check(target);
  if (result < 0) return result;
  if (path < ZN_PATH_AUTO || path >= ZN_PATH_COUNT) return -EINVAL;
  if (regions == NULL && count > 0) return -EINVAL;
  if (target->kind == ZN_END_MEMORY) return ZN_EPAIR;
  if (path != ZN_PATH_AUTO && path != ZN_PATH_READ_WRITE && path != ZN_PATH_SENDFILE &&
      path != ZN_PATH_SPLICE) {
    return ZN_EPAIR;
  }
  if (path == ZN_PATH_SPLICE && target->kind == ZN_END_PIPE) return ZN_EPAIR;
  for (size_t i = 0; i < count; i++) {
    if (regions[i].offset < 0 || regions[i].length < 0) return -EINVAL;
    if (regions[i].length > INT64_MAX - regions[i].offset) return -EINVAL;
  }
  return 0;
}

/* The path that moved most bytes. */
static int main_path(const struct gather *gather, int path) {
  if (path != ZN_PATH_AUTO) return path;
  bool by_reference = gather->sent_by_sendfile * 2 > gather->sent;
  return by_reference ? ZN_PATH_SENDFILE : ZN_PATH_READ_WRITE;
}

static void send_all(struct gather *gather, const struct zn_file_region *regions, size_t count,
                     int path) {
  if (path == ZN_PATH_SENDFILE) send_corked(gather, regions, count);
  if (path == ZN_PATH_SPLICE) send_referred(gather, regions, count);
  if (path == ZN_PATH_READ_WRITE) send_gathered(gather, regions, count, false);
  if (path == ZN_PATH_AUTO) send_gathered(gather, regions, count, true);
}

int64_t zn_transfer_regions(const void *header, size_t header_size,
                            const struct zn_file_region *regions, size_t count,
                            const struct zn_end *target, const struct zn_transfer_options *options,
                            struct zn_receipt *receipt) {
  int path = options != NULL ? options->path : ZN_PATH_AUTO;
  int64_t calls_before = zn_sys_count();
  struct zn_receipt filled = {.lost_offset = -1, .kernel_copied = ZN_COPIED_UNKNOWN};
  struct gather gather = {
      .target = *target, .flags = options != NULL ? options->flags : 0, .receipt = &filled};
  gather.error = check(regions, count, target, path);
  bool no_header = header == NULL || header_size > (size_t)INT64_MAX;
  if (gather.error == 0 && header_size > 0 && no_header) gather.error = -EINVAL;
  if (gather.error == 0) gather.error = zn_memory_check(header, (int64_t)header_size, &filled);
  if (gather.error == 0) {
    gather.buffer = zn_heap_allocate(ZN_GATHER_BYTES, ZN_GATHER_ALIGNMENT);
    if (gather.buffer == NULL) gather.error = -ENOMEM;
  }
  if (gather.error == 0 && append_memory(&gather, (char *)header, header_size)) {
    /* The copy is what is sent: a page that is replaced from here on has no part in it. */
    gather.error = zn_memory_check(header, (int64_t)header_size, &filled);
    if (gather.error == 0) send_all(&gather, regions, count, path);
  }
  zn_heap_free(gather.buffer, ZN_GATHER_BYTES, ZN_GATHER_ALIGNMENT);
  filled.bytes = gather.sent;
  filled.system_calls = zn_sys_count() - calls_before;
  filled.path = main_path(&gather, path);
  filled.error = gather.error;
  if (receipt != NULL) *receipt = filled;
  bool failed = gather.sent == 0 && gather.error < 0;
  return failed ? gather.error : gather.sent;
}

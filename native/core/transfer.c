/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the arguments of a transfer, chooses its path, fills the receipt. */
#include "znio/transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys.h"
#include "transfer_memory.h"
#include "transfer_path.h"

#define ZN_URING_DEPTH_DEFAULT 8u
#define ZN_URING_DEPTH_MAX 64u
#define ZN_URING_CHUNK_DEFAULT (256u << 10)
#define ZN_URING_CHUNK_MAX (1u << 20)
#define ZN_BLOCK_BYTES 4096u

/*
 * Below 64 KiB one read and one write beat sendfile and copy_file_range on every file system: a
 * reflink costs its metadata, a splice its set-up. They also may overlap: all is read before any is
 * written.
 */
#define ZN_CLONE_BYTES_MIN ((int64_t)64 << 10)

typedef int64_t (*zn_path_function)(struct zn_job *);

static const zn_path_function s_functions[ZN_PATH_COUNT] = {
    [ZN_PATH_READ_WRITE] = zn_path_read_write,
    [ZN_PATH_MMAP_WRITE] = zn_path_mmap_write,
    [ZN_PATH_SENDFILE] = zn_path_sendfile,
    [ZN_PATH_SPLICE] = zn_path_splice,
    [ZN_PATH_VMSPLICE] = zn_path_vmsplice,
    [ZN_PATH_TEE] = zn_path_tee,
    [ZN_PATH_COPY_FILE_RANGE] = zn_path_copy_file_range,
    [ZN_PATH_REFLINK] = zn_path_reflink,
    [ZN_PATH_MSG_ZEROCOPY] = zn_path_msg_zerocopy,
    [ZN_PATH_DIRECT_URING] = zn_path_direct_uring,
    [ZN_PATH_URING_REGISTERED] = zn_path_uring_registered,
    [ZN_PATH_URING_SEND_ZC] = zn_path_uring_send_zc,
    [ZN_PATH_PRIVATE_MAP] = zn_path_private_map,
    [ZN_PATH_MEMFD] = zn_path_memfd,
};

const char *zn_path_name(int path) {
  static const char *const names[] = {
#define ZN_PATH_NAME(name, number, text) [number] = text,
      ZN_PATH_MAP(ZN_PATH_NAME)
#undef ZN_PATH_NAME
  };
  return path >= 0 && path < ZN_PATH_COUNT ? names[path] : NULL;
}

const char *zn_end_kind_name(int kind) {
  static const char *const names[] = {NULL, "file", "tcp", "unix", "pipe", "memory"};
  return kind >= ZN_END_FILE && kind <= ZN_END_MEMORY ? names[kind] : NULL;
}

static int socket_kind(int fd) {
  int domain = 0;
  int type = 0;
  int result = zn_sys_getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain);
  if (result == 0) result = zn_sys_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type);
  if (result < 0) return result;
  if (type != SOCK_STREAM) return ZN_EPAIR;
  if (domain == AF_UNIX) return ZN_END_UNIX;
  return domain == AF_INET || domain == AF_INET6 ? ZN_END_TCP : ZN_EPAIR;
}

int zn_end_init(struct zn_end *end, int fd) {
  struct stat status;
  int result = zn_sys_fstat(fd, &status);
  if (result < 0) return result;
  int kind = ZN_EPAIR;
  if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode) || S_ISCHR(status.st_mode)) {
    kind = ZN_END_FILE;
  }
  if (S_ISFIFO(status.st_mode)) kind = ZN_END_PIPE;
  if (S_ISSOCK(status.st_mode)) kind = socket_kind(fd);
  if (kind < 0) return kind;
  *end = (struct zn_end){.kind = kind, .fd = fd, .offset = ZN_OFFSET_CURRENT};
  return 0;
}

/* Where an end stands: its offset, or the descriptor's own position. Negative if it has none. */
static int64_t position_of(const struct zn_end *end) {
  return end->offset >= 0 ? end->offset : zn_sys_lseek(end->fd, 0, SEEK_CUR);
}

/* Are both ends in one file? Then its bytes behind the source's position. */
static bool in_one_file(const struct zn_job *job, int64_t *available) {
  if (job->source.kind != ZN_END_FILE || job->target.kind != ZN_END_FILE) return false;
  struct stat source;
  struct stat target;
  if (zn_sys_fstat(job->source.fd, &source) < 0) return false;
  if (zn_sys_fstat(job->target.fd, &target) < 0) return false;
  if (source.st_dev != target.st_dev || source.st_ino != target.st_ino) return false;
  int64_t from = position_of(&job->source);
  if (from < 0) return false;
  *available = source.st_size > from ? source.st_size - from : 0;
  return true;
}

bool zn_job_is_in_one_file(const struct zn_job *job) {
  int64_t available;
  return in_one_file(job, &available);
}

bool zn_job_overlaps(const struct zn_job *job) {
  int64_t available;
  if (!in_one_file(job, &available) || available == 0) return false;
  int64_t from = position_of(&job->source);
  int64_t to = position_of(&job->target);
  if (to < 0) return false;
  int64_t count = zn_smaller(job->count, available);
  return from - to < count && to - from < count; /* no sum, which a position could overflow */
}

/* What is written behind the end of a file is no part of what was to be read from it. */
static void end_where_it_ends(struct zn_job *job) {
  int64_t available;
  if (in_one_file(job, &available)) job->count = zn_smaller(job->count, available);
}

int zn_job_refusal(const struct zn_job *job) {
  int flags = job->target.fd >= 0 ? zn_sys_status_flags(job->target.fd) : 0;
  if (job->target.kind == ZN_END_FILE && flags >= 0 && (flags & O_APPEND) != 0) return ZN_EAPPEND;
  return zn_job_overlaps(job) ? ZN_EOVERLAP : ZN_EFILESYSTEM;
}

int zn_job_splice_refusal(const struct zn_job *job, int error) {
  if (error == -EINVAL) return zn_job_refusal(job);
  if (error == -ENOSYS) return ZN_EKERNEL;
  if (error == -ESPIPE) return ZN_EPAIR;
  return error;
}

/* The paths to try for this pair, best first, as measured. */
static const uint8_t *candidates(const struct zn_job *job) {
  static const uint8_t memory[] = {ZN_PATH_READ_WRITE, ZN_PATH_AUTO};
  static const uint8_t to_socket[] = {ZN_PATH_SENDFILE, ZN_PATH_READ_WRITE, ZN_PATH_AUTO};
  static const uint8_t piped[] = {ZN_PATH_SPLICE, ZN_PATH_READ_WRITE, ZN_PATH_AUTO};
  static const uint8_t to_file[] = {ZN_PATH_COPY_FILE_RANGE, ZN_PATH_SENDFILE, ZN_PATH_READ_WRITE,
                                    ZN_PATH_AUTO};
  static const uint8_t to_file_small[] = {ZN_PATH_READ_WRITE, ZN_PATH_AUTO};
  if (job->source.kind == ZN_END_MEMORY || job->target.kind == ZN_END_MEMORY) return memory;
  if (job->source.kind != ZN_END_FILE || job->target.kind == ZN_END_PIPE) return piped;
  if (job->target.kind != ZN_END_FILE) return to_socket;
  return job->count < ZN_CLONE_BYTES_MIN ? to_file_small : to_file;
}

/* Codes that mean: not by this path, another may do. */
static bool is_refusal(int64_t result) {
  switch (result) {
    case ZN_EPAIR:
    case ZN_EFILESYSTEM:
    case ZN_EKERNEL:
    case ZN_EFORBIDDEN:
    case ZN_EALIGN:
    case ZN_EAPPEND:
    case ZN_EMEMLOCK:
    case -EMFILE: /* no pipe or ring is to be had, which a copy does not need */
    case -ENFILE:
      return true;
    default:
      return false;
  }
}

/* Moves the positions of ends that stand at their own, which a copy at offsets has left alone. */
static void advance_positions(const struct zn_job *job, int64_t from, int64_t to, int64_t bytes) {
  if (job->source.offset < 0) (void)zn_sys_lseek(job->source.fd, from + bytes, SEEK_SET);
  if (job->target.offset < 0) (void)zn_sys_lseek(job->target.fd, to + bytes, SEEK_SET);
}

/*
 * Between overlapping ranges the kernel's paths would read what they have just written. A target in
 * append mode is never reached by a read: the source ends where the file ends now.
 */
static int64_t move_overlapping(struct zn_job *job, struct zn_receipt *receipt) {
  receipt->path = ZN_PATH_READ_WRITE;
  receipt->declined_path = ZN_PATH_COPY_FILE_RANGE;
  receipt->declined_reason = ZN_EOVERLAP;
  int64_t from = position_of(&job->source);
  int64_t to = position_of(&job->target);
  struct zn_job placed = *job;
  placed.source.offset = from;
  int clamped = zn_job_clamp_to_file(&placed);
  if (clamped < 0) return clamped;
  job->count = placed.count;
  int flags = zn_sys_status_flags(job->target.fd);
  if (to <= from || (flags >= 0 && (flags & O_APPEND) != 0)) return zn_path_read_write(job);
  placed.target.offset = to;
  int64_t result = zn_copy_backward(&placed);
  if (result > 0) advance_positions(job, from, to, result);
  return result;
}

static int64_t move_by_choice(struct zn_job *job, struct zn_receipt *receipt) {
  bool files = job->source.kind == ZN_END_FILE && job->target.kind == ZN_END_FILE;
  const uint8_t *paths = candidates(job);
  if (files && paths[0] == ZN_PATH_READ_WRITE) {
    receipt->declined_path = ZN_PATH_COPY_FILE_RANGE;
    receipt->declined_reason = ZN_ESMALL;
  }
  int64_t result = 0;
  for (int i = 0; paths[i] != ZN_PATH_AUTO; i++) {
    receipt->path = paths[i];
    if (i > 0 && files) { /* the first one's kernel looks for it */
      if (zn_job_overlaps(job)) return move_overlapping(job, receipt);
      end_where_it_ends(job);
    }
    result = job->count == 0 ? 0 : s_functions[paths[i]](job);
    if (result == ZN_EOVERLAP) return move_overlapping(job, receipt);
    bool last = paths[i + 1] == ZN_PATH_AUTO;
    /* copy_file_range gives 0 for /proc files and on some network file systems. */
    bool unsure = result == 0 && paths[i] == ZN_PATH_COPY_FILE_RANGE;
    if (last || (!is_refusal(result) && !unsure)) break;
    if (unsure && zn_file_bytes_from(job->source.fd, job->source.offset) == 0) break;
    if (receipt->declined_path == ZN_PATH_AUTO) {
      receipt->declined_path = paths[i];
      receipt->declined_reason = unsure ? ZN_EFILESYSTEM : (int32_t)result;
    }
    job->error = 0;
  }
  return result;
}

static int64_t move_by_name(struct zn_job *job, int path, struct zn_receipt *receipt) {
  receipt->path = path;
  bool forward_only =
      path != ZN_PATH_READ_WRITE && path != ZN_PATH_COPY_FILE_RANGE && path != ZN_PATH_REFLINK;
  bool files = job->source.kind == ZN_END_FILE && job->target.kind == ZN_END_FILE;
  if (files) end_where_it_ends(job);
  if (job->count == 0) return 0;
  if (files && forward_only && zn_job_overlaps(job)) return ZN_EOVERLAP;
  if (files && path == ZN_PATH_READ_WRITE && zn_job_overlaps(job)) {
    int64_t result = move_overlapping(job, receipt);
    receipt->declined_path = ZN_PATH_AUTO;
    receipt->declined_reason = 0;
    return result;
  }
  return s_functions[path](job);
}

int zn_end_check(const struct zn_end *end) {
  if (end->kind < ZN_END_FILE || end->kind > ZN_END_MEMORY) return -EINVAL;
  if (end->kind == ZN_END_MEMORY) return end->address == NULL ? -EINVAL : 0;
  if (end->fd < 0) return -EBADF;
  return end->kind == ZN_END_FILE && end->offset < ZN_OFFSET_CURRENT ? -EINVAL : 0;
}

static int check_options(const struct zn_transfer_options *options) {
  if (options->path < ZN_PATH_AUTO || options->path >= ZN_PATH_COUNT) return -EINVAL;
  if (options->depth > ZN_URING_DEPTH_MAX) return -EINVAL;
  if (options->chunk_bytes > ZN_URING_CHUNK_MAX) return -EINVAL;
  if (options->chunk_bytes % ZN_BLOCK_BYTES != 0) return -EINVAL;
  return options->tee != NULL ? zn_end_check(options->tee) : 0;
}

static bool is_no_stream(const struct zn_end *source) {
  return source->kind == ZN_END_FILE || source->kind == ZN_END_MEMORY;
}

static int job_init(struct zn_job *job, const struct zn_end *source, const struct zn_end *target,
                    int64_t count, const struct zn_transfer_options *options) {
  int result = zn_end_check(source);
  if (result == 0) result = zn_end_check(target);
  if (result == 0) result = check_options(options);
  if (result == 0 && count < 0) result = -EINVAL;
  if (result == 0 && source->kind == ZN_END_MEMORY && target->kind == ZN_END_MEMORY) {
    result = ZN_EPAIR;
  }
  if (result < 0) return result;
  job->source = *source;
  job->target = *target;
  if (!(source->kind == ZN_END_FILE)) job->source.offset = ZN_OFFSET_CURRENT;
  if (!(target->kind == ZN_END_FILE)) job->target.offset = ZN_OFFSET_CURRENT;
  job->tee = options->tee != NULL ? *options->tee : (struct zn_end){0};
  int64_t room = INT64_MAX;
  if (job->source.offset > 0) room = INT64_MAX - job->source.offset;
  if (job->target.offset == INT64_MAX && count > 0) return -EFBIG; /* not 0: nothing ever fits */
  if (job->target.offset > 0 && INT64_MAX - job->target.offset < room) {
    room = INT64_MAX - job->target.offset;
  }
  job->count = count < room ? count : room;
  job->flags = options->flags;
  job->depth = options->depth != 0 ? options->depth : ZN_URING_DEPTH_DEFAULT;
  job->chunk_bytes = options->chunk_bytes != 0 ? options->chunk_bytes : ZN_URING_CHUNK_DEFAULT;
  job->kernel_copied = ZN_COPIED_UNKNOWN;
  return 0;
}

/* Memory at one end, or NULL. */
static const struct zn_end *memory_of(const struct zn_end *source, const struct zn_end *target) {
  if (source->kind == ZN_END_MEMORY) return source;
  return target->kind == ZN_END_MEMORY ? target : NULL;
}

/* With memory at one end. returns: what the transfer returns. */
static int64_t move_checked(struct zn_job *job, const struct zn_end *memory, int path,
                            struct zn_receipt *receipt) {
  int64_t count = job->count;
  bool writes = job->target.kind == ZN_END_MEMORY;
  int64_t result = zn_memory_check(memory->address, count, receipt);
  if (result < 0) return result;
  result = path == ZN_PATH_AUTO ? move_by_choice(job, receipt) : move_by_name(job, path, receipt);
  int64_t moved = result > 0 ? result : 0;
  receipt->bytes = moved;
  if (result == -EFAULT || job->error == -EFAULT) {
    int error = zn_memory_explain((char *)memory->address + moved, count - moved, writes, receipt);
    if (result < 0) result = error;
    job->error = error;
  }
  int damaged = zn_memory_check(memory->address, count, receipt);
  return damaged < 0 ? damaged : result;
}

int64_t zn_transfer(const struct zn_end *source, const struct zn_end *target, int64_t count,
                    const struct zn_transfer_options *options, struct zn_receipt *receipt) {
  static const struct zn_transfer_options defaults;
  if (options == NULL) options = &defaults;
  int64_t calls_before = zn_sys_count();
  struct zn_receipt discarded;
  struct zn_receipt *filled = receipt != NULL ? receipt : &discarded;
  *filled = (struct zn_receipt){
      .path = options->path, .kernel_copied = ZN_COPIED_UNKNOWN, .lost_offset = -1};
  struct zn_job job = {.can_hand_out = receipt != NULL};
  int64_t result = job_init(&job, source, target, count, options);
  if (result == 0 && receipt == NULL && !is_no_stream(source)) result = -EINVAL;
  const struct zn_end *memory = memory_of(source, target);
  if (result == 0 && job.count > 0) {
    if (memory != NULL) {
      result = move_checked(&job, memory, options->path, filled);
    } else if (options->path == ZN_PATH_AUTO) {
      result = move_by_choice(&job, filled);
    } else {
      result = move_by_name(&job, options->path, filled);
    }
  }
  if (result > 0) filled->bytes = result;
  filled->error = result < 0 ? (int32_t)result : job.error;
  filled->kernel_copied = job.kernel_copied;
  filled->stranded = job.stranded;
  filled->stranded_bytes = job.stranded_bytes;
  filled->pin = job.pin;
  filled->system_calls = zn_sys_count() - calls_before;
  return result;
}

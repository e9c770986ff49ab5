/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths through io_uring: direct-uring, uring-registered, uring-send-zc. Each sets a flow up
 * (uring_flow.h) and lets it run.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "pin_make.h"
#include "ring.h"
#include "sys.h"
#include "transfer_path.h"
#include "uring_flow.h"

/* What direct I/O needs where the kernel cannot tell (before Linux 6.1, and some file systems). */
#define ZN_DIRECT_BLOCK 512u
#define ZN_DIRECT_PAGE 4096u

/* Memory of the caller is registered by the piece: its pages count against RLIMIT_MEMLOCK. */
#define ZN_URING_WINDOW_BYTES ((int64_t)4 << 20)

/* A blocking caller waits this long for the last notifications: so soon they come over loopback. */
#define ZN_URING_NOTIFICATION_MS 10

struct uring_move {
  struct zn_job *job;
  struct zn_flow flow;
  bool source_own; /* the source's own position is used */
  bool target_own;
  int source_direct; /* reopened with O_DIRECT, or -1 */
  int target_direct;
  int target_buffered; /* reopened without O_DIRECT, or -1 */
};

static int resolve_offset(struct zn_end *end, bool *own) {
  *own = end->kind == ZN_END_FILE && end->offset < 0;
  if (!*own) return 0;
  int64_t position = zn_sys_lseek(end->fd, 0, SEEK_CUR);
  if (position < 0) return (int)position;
  end->offset = position;
  return 0;
}

static enum zn_flow_write write_kind(const struct zn_end *target) {
  switch (target->kind) {
    case ZN_END_MEMORY:
      return ZN_FLOW_WRITE_NONE;
    case ZN_END_FILE:
      return ZN_FLOW_WRITE_FILE;
    case ZN_END_PIPE:
      return ZN_FLOW_WRITE_PIPE;
    default:
      return ZN_FLOW_WRITE_SOCKET;
  }
}

/* Looks at both ends and prepares a flow without a ring. */
static int move_init(struct uring_move *move, struct zn_job *job) {
  memset(move, 0, sizeof *move);
  move->job = job;
  move->source_direct = -1;
  move->target_direct = -1;
  move->target_buffered = -1;
  int result = resolve_offset(&job->source, &move->source_own);
  if (result == 0) result = resolve_offset(&job->target, &move->target_own);
  int flags = 0;
  if (result == 0 && job->target.kind != ZN_END_MEMORY) {
    flags = zn_sys_status_flags(job->target.fd);
    if (flags < 0) result = flags;
  }
  if (result < 0) return result;
  /* Where an appended byte lands is known only after its write: requests need it before. */
  if (job->target.kind == ZN_END_FILE && (flags & O_APPEND) != 0) return ZN_EAPPEND;
  struct zn_flow *flow = &move->flow;
  flow->write = write_kind(&job->target);
  flow->source_fd = job->source.kind == ZN_END_FILE ? job->source.fd : -1;
  flow->source_offset = job->source.offset;
  flow->target_fd = job->target.kind == ZN_END_MEMORY ? -1 : job->target.fd;
  flow->target_offset = job->target.offset;
  flow->tail_fd = flow->target_fd;
  flow->memory = job->target.kind == ZN_END_MEMORY ? job->target.address : NULL;
  if (job->source.kind == ZN_END_MEMORY) flow->memory = job->source.address;
  flow->memory_buffer = ZN_FLOW_UNREGISTERED;
  flow->total = job->count;
  flow->chunk_bytes = job->chunk_bytes;
  flow->depth = job->depth;
  flow->read_block = 1;
  flow->memory_block = 1;
  flow->write_block = 1;
  flow->blocking = (flags & O_NONBLOCK) == 0;
  flow->more = (job->flags & ZN_TRANSFER_MORE) != 0;
  return 0;
}

static int acquire_ring(struct uring_move *move) {
  struct zn_flow *flow = &move->flow;
  int64_t chunks = (flow->total - 1) / flow->chunk_bytes + 1;
  flow->depth = (uint32_t)zn_smaller(chunks, flow->depth);
  bool needs_arena = flow->source_fd >= 0; /* memory is sent from where it lies */
  return zn_ring_acquire(needs_arena ? (size_t)flow->depth * flow->chunk_bytes : 0, &flow->ring);
}

/* Books what was moved. returns: what the path returns. */
static int64_t finish(struct uring_move *move, int64_t moved, int error) {
  struct zn_job *job = move->job;
  if (move->source_direct >= 0) (void)zn_sys_close(move->source_direct);
  if (move->target_direct >= 0) (void)zn_sys_close(move->target_direct);
  if (move->target_buffered >= 0) (void)zn_sys_close(move->target_buffered);
  if (moved == 0) return error;
  job->error = error;
  zn_job_advance(job, moved);
  if (move->source_own) (void)zn_sys_lseek(job->source.fd, job->source.offset, SEEK_SET);
  if (move->target_own) (void)zn_sys_lseek(job->target.fd, job->target.offset, SEEK_SET);
  return moved;
}

/* ------------------------------------------------------------------ direct-uring */

/* Opens a file again for direct I/O, with no more rights than the descriptor has. */
static int reopen_direct(int fd, int access, int *reopened) {
  int flags = zn_sys_status_flags(fd);
  if (flags < 0) return flags;
  int wrong = access == O_RDONLY ? O_WRONLY : O_RDONLY;
  if ((flags & O_PATH) != 0 || (flags & O_ACCMODE) == wrong) return -EBADF;
  if ((flags & O_DIRECT) != 0) return fd;
  int result = zn_sys_reopen(fd, access | O_DIRECT);
  if (result == -EINVAL || result == -EOPNOTSUPP) return ZN_EFILESYSTEM;
  /* The owner's rights have changed since it opened the file, or there is no /proc. */
  if (result == -EACCES || result == -EPERM || result == -ENOENT) return ZN_EFORBIDDEN;
  if (result >= 0) *reopened = result;
  return result;
}

struct direct_blocks {
  uint32_t memory; /* addresses must be multiples of it */
  uint32_t offset; /* offsets and lengths must be */
};

static int direct_blocks(int fd, int64_t offset, uint32_t chunk_bytes,
                         struct direct_blocks *blocks) {
  int result = zn_sys_direct_alignment(fd, &blocks->memory, &blocks->offset);
  if (result == 0 && blocks->offset == 0) return ZN_EFILESYSTEM;
  if (result < 0) { /* the largest that this offset allows; too small a one gives EINVAL later */
    blocks->memory = ZN_DIRECT_PAGE;
    blocks->offset = offset % ZN_DIRECT_PAGE == 0 ? ZN_DIRECT_PAGE : ZN_DIRECT_BLOCK;
  }
  bool aligned = offset % blocks->offset == 0 && chunk_bytes % blocks->offset == 0;
  return aligned ? 0 : ZN_EALIGN;
}

static int open_direct_source(struct uring_move *move) {
  struct zn_flow *flow = &move->flow;
  int fd = reopen_direct(flow->source_fd, O_RDONLY, &move->source_direct);
  if (fd < 0) return fd;
  struct direct_blocks blocks;
  int result = direct_blocks(fd, flow->source_offset, flow->chunk_bytes, &blocks);
  if (result < 0) return result;
  flow->source_fd = fd;
  flow->read_block = blocks.offset;
  flow->memory_block = blocks.memory;
  return 0;
}

static int open_direct_target(struct uring_move *move) {
  struct zn_flow *flow = &move->flow;
  int fd = reopen_direct(flow->target_fd, O_WRONLY, &move->target_direct);
  if (fd < 0) return fd;
  struct direct_blocks blocks;
  int result = direct_blocks(fd, flow->target_offset, flow->chunk_bytes, &blocks);
  if (result < 0) return result;
  if (fd == flow->target_fd) { /* the caller's own is direct: the tail needs one that is not */
    move->target_buffered = zn_sys_reopen(fd, O_WRONLY);
    if (move->target_buffered < 0) return move->target_buffered;
    flow->tail_fd = move->target_buffered;
  }
  flow->target_fd = fd;
  flow->write_block = blocks.offset;
  flow->any_order = true;
  return 0;
}

int64_t zn_path_direct_uring(struct zn_job *job) {
  if (job->source.kind != ZN_END_FILE) return ZN_EPAIR;
  struct uring_move move;
  int result = move_init(&move, job);
  if (result < 0) return result;
  result = open_direct_source(&move);
  if (result == 0 && job->target.kind == ZN_END_FILE) result = open_direct_target(&move);
  if (result == 0) result = acquire_ring(&move);
  if (result < 0) return finish(&move, 0, result);
  int64_t moved = zn_flow_run(&move.flow);
  zn_ring_release(move.flow.ring);
  return finish(&move, moved, move.flow.error);
}

/* ------------------------------------------------------------------ uring-registered */

/* Runs a flow between memory and something else, the memory registered piece by piece. */
static int64_t run_windows(struct uring_move *move) {
  const struct zn_flow whole = move->flow;
  int64_t moved = 0;
  while (moved < whole.total) {
    struct zn_flow *flow = &move->flow;
    *flow = whole;
    flow->memory += moved;
    flow->source_offset += moved;
    flow->target_offset += moved;
    flow->total = zn_smaller(whole.total - moved, ZN_URING_WINDOW_BYTES);
    int result = zn_ring_window_open(flow->ring, flow->memory, (size_t)flow->total);
    if (result == ZN_EMEMLOCK) {
      flow->error = result;
      break;
    }
    if (result == 0) flow->memory_buffer = ZN_RING_WINDOW;
    if (result < 0) flow->total = whole.total - moved; /* unregistered: no need for pieces */
    int64_t some = zn_flow_run(flow);
    if (result == 0) zn_ring_window_close(flow->ring);
    moved += some;
    if (some < flow->total) break;
  }
  return moved;
}

int64_t zn_path_uring_registered(struct zn_job *job) {
  bool from_memory = job->source.kind == ZN_END_MEMORY;
  if (!from_memory && job->source.kind != ZN_END_FILE) return ZN_EPAIR;
  if (from_memory && job->target.kind == ZN_END_MEMORY) return ZN_EPAIR;
  struct uring_move move;
  int result = move_init(&move, job);
  if (result == 0) result = acquire_ring(&move);
  if (result < 0) return result;
  int64_t moved = move.flow.memory != NULL ? run_windows(&move) : zn_flow_run(&move.flow);
  zn_ring_release(move.flow.ring);
  return finish(&move, moved, move.flow.error);
}

/* ------------------------------------------------------------------ uring-send-zc */

/* The ring goes back to the pool, where it drains if it must, or into a pin. Memory of a caller who
 * takes no pin is waited for, signals notwithstanding: it is the caller's again on return. */
static void settle_send_zc(struct uring_move *move, int64_t moved, struct zn_pin **pin) {
  struct zn_job *job = move->job;
  struct zn_ring *ring = move->flow.ring;
  ring->silent = move->flow.no_report;
  bool patient = move->flow.blocking && move->flow.error == 0;
  bool done = zn_ring_drain(ring, patient ? ZN_URING_NOTIFICATION_MS : 0) == 1;
  bool memory = job->source.kind == ZN_END_MEMORY;
  while (!done && memory && *pin == NULL && !ring->broken) done = zn_ring_drain(ring, -1) == 1;
  job->kernel_copied = ring->copied ? ZN_COPIED_YES : ZN_COPIED_UNKNOWN;
  if (done && !ring->copied && !ring->silent) job->kernel_copied = ZN_COPIED_NO;
  if (done || !memory || *pin == NULL) {
    zn_ring_release(ring);
    return;
  }
  zn_pin_fill_ring(*pin, ring, moved);
  job->pin = *pin;
  *pin = NULL;
}

int64_t zn_path_uring_send_zc(struct zn_job *job) {
  bool memory = job->source.kind == ZN_END_MEMORY;
  if (!memory && job->source.kind != ZN_END_FILE) return ZN_EPAIR;
  if (job->target.kind != ZN_END_TCP) return ZN_EPAIR;
  struct uring_move move;
  int result = move_init(&move, job);
  if (result < 0) return result;
  move.flow.write = ZN_FLOW_WRITE_SEND_ZC;
  struct zn_pin *pin = NULL;
  if (memory && job->can_hand_out) result = zn_pin_new(job, &move.flow.total, &pin);
  if (result < 0) return result;
  result = acquire_ring(&move);
  int64_t moved = 0;
  if (result == 0) {
    moved = zn_flow_run(&move.flow);
    result = move.flow.error;
    if (moved == move.flow.total && moved < job->count) result = ZN_ELIMIT;
    settle_send_zc(&move, moved, &pin);
  }
  zn_pin_discard(pin, moved);
  if (moved == 0 && result < 0) job->kernel_copied = ZN_COPIED_UNKNOWN;
  return finish(&move, moved, result);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "uring_flow.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "sys.h"
#include "zerocopy.h"

/* IORING_SEND_ZC_REPORT_USAGE (Linux 6.2) is not in the header of liburing 2.3. */
#define ZN_SEND_ZC_REPORT_USAGE (1U << 3)

/* RWF_NOSIGNAL (Linux 6.18): a write to a broken socket fails without a signal, as MSG_NOSIGNAL. */
#define ZN_RWF_NOSIGNAL 0x100

/* user_data: the slot's index and the kind of request. */
#define ZN_FLOW_IS_WRITE 1u

/* Learnt from the first refusal; racing threads learn the same. */
static atomic_bool s_no_rwf_nosignal;

static uint32_t smaller(int64_t a, uint32_t b) { return a < (int64_t)b ? (uint32_t)a : b; }

static uint32_t round_up(uint32_t value, uint32_t block) {
  return (value + block - 1) / block * block;
}

static struct zn_flow_slot *slot_of(struct zn_flow *flow, int64_t number) {
  return &flow->slots[number % flow->depth];
}

static uint64_t tag_of(const struct zn_flow *flow, const struct zn_flow_slot *slot, unsigned kind) {
  return ((uint64_t)(slot - flow->slots) << 1) | kind;
}

static void stop(struct zn_flow *flow, int error) {
  flow->stopped = true;
  if (flow->error == 0) flow->error = error;
}

/* ------------------------------------------------------------------ reading */

static void submit_read(struct zn_flow *flow, struct zn_flow_slot *slot) {
  struct io_uring_sqe *request = zn_ring_request(flow->ring);
  char *to = slot->data + slot->filled;
  uint32_t size = round_up(slot->wanted - slot->filled, flow->read_block);
  uint64_t offset = (uint64_t)(flow->source_offset + slot->position + slot->filled);
  if (slot->buffer == ZN_FLOW_UNREGISTERED) {
    io_uring_prep_read(request, flow->source_fd, to, size, offset);
  } else {
    io_uring_prep_read_fixed(request, flow->source_fd, to, size, offset, slot->buffer);
  }
  io_uring_sqe_set_data64(request, tag_of(flow, slot, 0));
  slot->state = ZN_FLOW_READING;
  flow->in_flight++;
}

/* Where a chunk's bytes lie: with the caller if the kernel can work on them there, else in the
 * arena. */
static void place(struct zn_flow *flow, struct zn_flow_slot *slot) {
  if (flow->memory != NULL) {
    char *address = flow->memory + slot->position;
    bool fits =
        (uintptr_t)address % flow->memory_block == 0 && slot->wanted % flow->read_block == 0;
    if (flow->source_fd < 0 || fits) {
      slot->data = address;
      slot->buffer = flow->memory_buffer;
      return;
    }
  }
  slot->data = flow->ring->arena + (size_t)(slot - flow->slots) * flow->chunk_bytes;
  slot->buffer = ZN_RING_ARENA;
}

static bool in_arena(const struct zn_flow *flow, const struct zn_flow_slot *slot) {
  return slot->data >= flow->ring->arena &&
         slot->data < flow->ring->arena + flow->ring->arena_bytes;
}

/* A slot whose pages the kernel may still send from must not be read into. */
static bool waits_for_notification(struct zn_flow *flow) {
  if (flow->need_notification) return true;
  if (flow->source_fd < 0 || flow->next_position >= flow->total) return false;
  return flow->tail - flow->head < flow->depth && slot_of(flow, flow->tail)->notifications > 0;
}

static void begin_reads(struct zn_flow *flow) {
  while (flow->next_position < flow->total && flow->tail - flow->head < flow->depth) {
    struct zn_flow_slot *slot = slot_of(flow, flow->tail);
    if (flow->source_fd >= 0 && slot->notifications > 0) break;
    uint32_t notifications = slot->notifications;
    *slot = (struct zn_flow_slot){
        .number = flow->tail,
        .position = flow->next_position,
        .notifications = notifications,
        .wanted = smaller(flow->total - flow->next_position, flow->chunk_bytes)};
    place(flow, slot);
    flow->next_position += slot->wanted;
    flow->tail++;
    if (flow->source_fd >= 0) {
      submit_read(flow, slot);
    } else {
      slot->filled = slot->wanted;
      slot->state = ZN_FLOW_READY;
    }
  }
}

static void end_read(struct zn_flow *flow, struct zn_flow_slot *slot, int32_t result) {
  bool direct = flow->read_block > 1;
  bool short_block = direct && result > 0 && (uint32_t)result % flow->read_block != 0;
  if (result < 0) slot->error = result;
  if (result == -EINVAL || result == -EOPNOTSUPP) slot->error = direct ? ZN_EALIGN : ZN_EFILESYSTEM;
  if (result > 0) slot->filled += smaller(result, slot->wanted - slot->filled);
  slot->state = ZN_FLOW_READY;
  if (slot->filled == slot->wanted) return;
  if (result > 0 && !short_block && !flow->stopped && !flow->ended) {
    submit_read(flow, slot); /* a short read says nothing: only 0 is the end of a file */
    return;
  }
  slot->last = true;
  /* Chunks behind it that are read already are dropped when this one is done. */
  flow->next_position = flow->total;
}

/* ------------------------------------------------------------------ writing */

static void prepare_send(struct zn_flow *flow, struct zn_flow_slot *slot,
                         struct io_uring_sqe *request, const char *from, uint32_t size) {
  int flags = MSG_NOSIGNAL | MSG_DONTWAIT | (flow->more ? MSG_MORE : 0);
  if (flow->write == ZN_FLOW_WRITE_SOCKET) {
    io_uring_prep_send(request, flow->target_fd, from, size, flags);
    return;
  }
  unsigned report = flow->no_report ? 0 : ZN_SEND_ZC_REPORT_USAGE;
  if (slot->buffer == ZN_FLOW_UNREGISTERED) {
    io_uring_prep_send_zc(request, flow->target_fd, from, size, flags, report);
  } else {
    io_uring_prep_send_zc_fixed(request, flow->target_fd, from, size, flags, report,
                                (unsigned)slot->buffer);
  }
}

static void prepare_write(struct zn_flow *flow, struct zn_flow_slot *slot,
                          struct io_uring_sqe *request, const char *from, uint32_t size) {
  bool stream = flow->write != ZN_FLOW_WRITE_FILE;
  uint64_t offset =
      stream ? (uint64_t)-1 : (uint64_t)(flow->target_offset + slot->position + slot->written);
  if (slot->buffer == ZN_FLOW_UNREGISTERED) {
    io_uring_prep_write(request, flow->target_fd, from, size, offset);
  } else {
    io_uring_prep_write_fixed(request, flow->target_fd, from, size, offset, slot->buffer);
  }
  if (stream) request->rw_flags = RWF_NOWAIT;
  if (flow->write == ZN_FLOW_WRITE_SOCKET) request->rw_flags |= ZN_RWF_NOSIGNAL;
}

/* IORING_OP_SEND takes no registered buffer; a write takes one, but knows neither MSG_MORE nor,
 * before Linux 6.18, MSG_NOSIGNAL. */
static bool goes_by_write(const struct zn_flow *flow, const struct zn_flow_slot *slot) {
  if (flow->write == ZN_FLOW_WRITE_SEND_ZC) return false;
  if (flow->write != ZN_FLOW_WRITE_SOCKET) return true;
  return slot->buffer != ZN_FLOW_UNREGISTERED && !flow->more &&
         !atomic_load_explicit(&s_no_rwf_nosignal, memory_order_relaxed);
}

/* returns: false when what is left of the slot is too short for a direct write. */
static bool submit_write(struct zn_flow *flow, struct zn_flow_slot *slot) {
  const char *from = slot->data + slot->written;
  uint32_t size = slot->filled - slot->written;
  if (flow->write == ZN_FLOW_WRITE_FILE) size -= size % flow->write_block;
  if (size == 0) return false;
  struct io_uring_sqe *request = zn_ring_request(flow->ring);
  if (goes_by_write(flow, slot)) {
    prepare_write(flow, slot, request, from, size);
  } else {
    prepare_send(flow, slot, request, from, size);
  }
  io_uring_sqe_set_data64(request, tag_of(flow, slot, ZN_FLOW_IS_WRITE));
  slot->state = ZN_FLOW_WRITING;
  flow->in_flight++;
  flow->writes++;
  return true;
}

/* The target took only a part, or nothing: the rest comes first when it can take more. */
static void write_again(struct zn_flow *flow, struct zn_flow_slot *slot) {
  slot->state = ZN_FLOW_READY;
  if (flow->write == ZN_FLOW_WRITE_FILE) {
    if (!flow->stopped && !submit_write(flow, slot)) slot->state = ZN_FLOW_DONE;
    return;
  }
  flow->write_next = slot->number;
  flow->target_full = true;
}

static void fail_send_zc(struct zn_flow *flow, struct zn_flow_slot *slot, int32_t error) {
  slot->state = ZN_FLOW_READY;
  flow->write_next = slot->number;
  if (error == -EINVAL && !flow->no_report) {
    flow->no_report = true;
    return;
  }
  if (error == -EINVAL && !zn_sys_uring_supports(&flow->ring->uring, IORING_OP_SEND_ZC)) {
    error = ZN_EKERNEL;
  }
  if (error == -ENOMEM || error == -ENOBUFS) { /* pinned pages count against RLIMIT_MEMLOCK */
    flow->need_notification = flow->ring->notifications > 0;
    if (flow->need_notification) return;
    error = ZN_EMEMLOCK;
  }
  stop(flow, error == -EOPNOTSUPP ? ZN_EPAIR : error);
}

/* An older kernel refuses a flag of ours: is there another way? */
static bool can_do_without_flags(struct zn_flow *flow, const struct zn_flow_slot *slot) {
  bool pipe = flow->write == ZN_FLOW_WRITE_PIPE && !flow->plain_pipe;
  bool socket = flow->write == ZN_FLOW_WRITE_SOCKET && goes_by_write(flow, slot);
  if (pipe) flow->plain_pipe = true;
  if (socket) atomic_store_explicit(&s_no_rwf_nosignal, true, memory_order_relaxed);
  return pipe || socket;
}

static void end_write(struct zn_flow *flow, struct zn_flow_slot *slot, int32_t result) {
  flow->writes--;
  if (result > 0) {
    slot->written += (uint32_t)result;
    slot->state = ZN_FLOW_DONE;
    if (slot->written < slot->filled) write_again(flow, slot);
    return;
  }
  if (result == -EAGAIN && flow->write != ZN_FLOW_WRITE_FILE) {
    write_again(flow, slot);
  } else if (result == -EOPNOTSUPP && can_do_without_flags(flow, slot)) {
    slot->state = ZN_FLOW_READY;
    flow->write_next = slot->number;
  } else if (flow->write == ZN_FLOW_WRITE_SEND_ZC && result < 0) {
    fail_send_zc(flow, slot, result);
  } else {
    slot->state = ZN_FLOW_READY;
    if (result == 0) result = -EIO;
    stop(flow, flow->write_block > 1 && result == -EINVAL ? ZN_EALIGN : result);
  }
}

/* An old kernel's pipe: write(2) waits as the pipe itself wants it, and a signal ends the wait. */
static void write_plainly(struct zn_flow *flow, struct zn_flow_slot *slot) {
  int64_t result =
      zn_sys_write(flow->target_fd, slot->data + slot->written, slot->filled - slot->written);
  if (result < 0) {
    stop(flow, (int)result);
    return;
  }
  slot->written += (uint32_t)result;
  if (slot->written == slot->filled) {
    slot->state = ZN_FLOW_DONE;
    flow->write_next++;
  } else {
    stop(flow, flow->blocking ? -EINTR : -EAGAIN);
  }
}

/* Bytes for memory that a direct read could not reach go there through the kernel. */
static void copy_out(struct zn_flow *flow, struct zn_flow_slot *slot) {
  slot->state = ZN_FLOW_DONE;
  flow->write_next++;
  slot->written = slot->filled;
  if (!in_arena(flow, slot) || slot->filled == 0) return;
  int64_t result =
      zn_sys_process_vm_writev(flow->memory + slot->position, slot->data, slot->filled);
  slot->written = result > 0 ? (uint32_t)result : 0;
  bool refused = result == -ENOSYS || result == -EPERM;
  if (result < (int64_t)slot->filled) stop(flow, refused ? ZN_EALIGN : -EFAULT);
}

static void begin_writes(struct zn_flow *flow) {
  while (flow->write_next < flow->tail && !flow->stopped && !flow->target_full &&
         !flow->need_notification) {
    struct zn_flow_slot *slot = slot_of(flow, flow->write_next);
    if (slot->state != ZN_FLOW_READY) return;
    if (flow->writes > 0 && !flow->any_order) return;
    /* Nothing behind the end of the source is written: the file may have grown meanwhile. */
    if (flow->write_next > flow->head && slot_of(flow, flow->write_next - 1)->last) return;
    if (flow->write == ZN_FLOW_WRITE_NONE) {
      copy_out(flow, slot);
    } else if (flow->plain_pipe && slot->filled > 0) {
      write_plainly(flow, slot);
    } else {
      if (!submit_write(flow, slot)) slot->state = ZN_FLOW_DONE;
      flow->write_next++;
    }
  }
}

/* ------------------------------------------------------------------ the loop */

static void retire(struct zn_flow *flow) {
  while (flow->head < flow->tail && !flow->ended && !flow->stopped) {
    struct zn_flow_slot *slot = slot_of(flow, flow->head);
    if (slot->state != ZN_FLOW_DONE) return;
    flow->moved += slot->written;
    if (slot->error != 0) stop(flow, slot->error);
    if (slot->last || slot->written < slot->filled) flow->ended = true;
    if (slot->written < slot->filled) return; /* its tail is left */
    flow->head++;
  }
}

static void reap(struct zn_flow *flow) {
  struct io_uring_cqe completion;
  while (zn_ring_next(flow->ring, &completion)) {
    struct zn_flow_slot *slot = &flow->slots[completion.user_data >> 1];
    if ((completion.flags & IORING_CQE_F_NOTIF) != 0) {
      slot->notifications--;
      flow->need_notification = false;
      continue;
    }
    if ((completion.flags & IORING_CQE_F_MORE) != 0) slot->notifications++;
    flow->in_flight--;
    if ((completion.user_data & ZN_FLOW_IS_WRITE) != 0) {
      end_write(flow, slot, completion.res);
    } else {
      end_read(flow, slot, completion.res);
    }
  }
}

static int wait_target(struct zn_flow *flow) {
  int result = zn_ring_submit(flow->ring); /* reads go on meanwhile */
  if (result < 0) return result;
  if (!flow->blocking) return -EAGAIN;
  short revents;
  result = zn_sys_poll(flow->target_fd, POLLOUT, -1, &revents);
  if (result < 0) return result;
  /* Completions of an earlier MSG_ZEROCOPY would end every poll at once. */
  if ((revents & (POLLERR | POLLOUT | POLLHUP)) == POLLERR) zn_zerocopy_drain(flow->target_fd);
  flow->target_full = false;
  return 0;
}

/* returns: false when there is nothing left to wait for. */
static bool wait_for_something(struct zn_flow *flow) {
  int result = 0;
  if (flow->target_full) {
    result = wait_target(flow);
  } else if (flow->in_flight > 0) {
    result = zn_ring_wait(flow->ring);
  } else if (waits_for_notification(flow)) {
    /* The peer decides how long: INV-FLOW-1 holds for this wait too. */
    result = flow->blocking ? zn_ring_wait_completion(flow->ring, flow->target_fd, -1) : -EAGAIN;
  } else {
    /* A write that was refused is begun anew, or slots became free without a request. */
    return flow->write_next < flow->tail || flow->next_position < flow->total;
  }
  if (result < 0) stop(flow, result);
  return true;
}

/* Reaps what is in flight. A signal does not end it: see INV-FLOW-1. */
static void settle(struct zn_flow *flow) {
  while (flow->in_flight > 0) {
    int result = zn_ring_wait(flow->ring);
    if (result < 0 && result != -EINTR) {
      flow->ring->broken = true; /* its requests end in the kernel, on pages it holds */
      return;
    }
    reap(flow);
  }
}

/* The bytes behind the last whole block cannot be written directly. */
static void write_tail(struct zn_flow *flow) {
  if (flow->stopped || flow->head == flow->tail) return;
  struct zn_flow_slot *slot = slot_of(flow, flow->head);
  while (slot->written < slot->filled) {
    int64_t result =
        zn_sys_pwrite(flow->tail_fd, slot->data + slot->written, slot->filled - slot->written,
                      flow->target_offset + slot->position + slot->written);
    if (result <= 0) {
      stop(flow, result < 0 ? (int)result : -EIO);
      return;
    }
    slot->written += (uint32_t)result;
    flow->moved += result;
  }
}

int64_t zn_flow_run(struct zn_flow *flow) {
  while (!flow->stopped && !flow->ended && flow->moved < flow->total) {
    begin_reads(flow);
    begin_writes(flow);
    retire(flow);
    if (flow->stopped || flow->ended || flow->moved >= flow->total) break;
    if (!wait_for_something(flow)) break;
    reap(flow);
    retire(flow);
  }
  settle(flow);
  if (flow->ended && flow->write == ZN_FLOW_WRITE_FILE) {
    write_tail(flow);
  } else if (flow->stopped && flow->head < flow->tail) {
    /* What the target took before it failed. */
    for (int64_t n = flow->head; n < flow->tail; n++) {
      const struct zn_flow_slot *slot = slot_of(flow, n);
      flow->moved += slot->written;
      if (slot->written < slot->wanted) break;
    }
  }
  return flow->moved;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * msg-zerocopy: send with MSG_ZEROCOPY (Linux 4.14) from the caller's memory, or from windows of a
 * mapped file. The kernel takes references to the pages instead of a copy and reports in the
 * socket's error queue when it needs them no more, and whether it copied after all (over loopback
 * it does).
 *
 * A window of a file is unmapped at once: the kernel holds the pages. Memory of the caller is not:
 * the path waits for the reports, or hands out a pin. On a non-blocking socket a pin is handed out
 * for a file too, although no memory depends on it: somebody must read the reports, which would
 * make every selector find the socket ready with an error.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pin_make.h"
#include "sys.h"
#include "transfer_path.h"
#include "zerocopy.h"

/* One send: its pages count against RLIMIT_MEMLOCK while it lasts. */
#define ZN_ZEROCOPY_SEND_BYTES_MAX ((int64_t)1 << 20)
#define ZN_ZEROCOPY_SEND_BYTES_MIN ((int64_t)4096)

/* Reports take room from net.core.optmem_max of the socket: read them before it is used up. */
#define ZN_ZEROCOPY_UNREAD_MAX 64u

struct zerocopy_send {
  struct zn_job *job;
  struct zn_zerocopy_watch watch;
  struct zn_pin *pin; /* empty, or NULL when none may be handed out */
  int duplicate;      /* of the socket, or -1 */
  bool blocking;
  bool no_room;   /* the last send found no room */
  bool was_short; /* a blocking socket took only a part: an error or a signal is behind it */
  int64_t send_bytes_max;
  int64_t lent; /* what may be sent */
  int64_t moved;
  uint32_t unread; /* sends since the queue was read */
};

/* The socket's buffer for reports, or the locked memory, is used up. returns: 0 try again. */
static int make_room(struct zerocopy_send *send) {
  int fd = send->job->target.fd;
  uint64_t left = zn_zerocopy_left(&send->watch, fd);
  bool again = send->no_room;
  send->no_room = true;
  if (left == 0 && !again) return 0; /* reports that were read just now made room */
  if (left == 0) { /* nothing of ours is in the way: the send itself is too large */
    send->send_bytes_max /= 2;
    return send->send_bytes_max < ZN_ZEROCOPY_SEND_BYTES_MIN ? ZN_EMEMLOCK : 0;
  }
  if (!send->blocking) return -EAGAIN;
  int queue = send->duplicate >= 0 ? send->duplicate : fd;
  int result = zn_zerocopy_await(&send->watch, left - 1, fd, queue, -1);
  return result < 0 ? result : 0;
}

/* One send. returns: bytes sent, 0 to try again, or a negative code. */
static int64_t send_once(struct zerocopy_send *send, const char *from, int64_t size) {
  struct zn_job *job = send->job;
  int flags = MSG_ZEROCOPY | MSG_NOSIGNAL;
  if ((job->flags & ZN_TRANSFER_MORE) != 0) flags |= MSG_MORE;
  if (send->was_short) flags |= MSG_DONTWAIT;
  zn_zerocopy_book(&send->watch);
  int64_t result = zn_sys_send(job->target.fd, from, (size_t)size, flags);
  if (result <= 0) zn_zerocopy_unbook(&send->watch);
  if (result == -ENOBUFS) return make_room(send);
  send->no_room = false;
  if (result == 0) return -EIO;
  /* A short count hides what caused it. Another send tells an error; a signal leaves no trace. */
  if (result == -EAGAIN && send->was_short) return -EINTR;
  if (result > 0 && send->was_short && result < size) {
    job->error = -EINTR;
  } else if (result > 0) {
    send->was_short = send->blocking && result < size;
  }
  return result;
}

/* Sends a piece of memory. returns: bytes sent; with fewer than size job->error is set. */
static int64_t send_piece(struct zerocopy_send *send, const char *from, int64_t size) {
  int64_t done = 0;
  while (done < size && send->job->error == 0) {
    int64_t some = zn_smaller(size - done, send->send_bytes_max);
    int64_t result = send_once(send, from + done, some);
    if (result < 0) send->job->error = (int32_t)result;
    if (result > 0) done += result;
    if (++send->unread >= ZN_ZEROCOPY_UNREAD_MAX) {
      (void)zn_zerocopy_left(&send->watch, send->job->target.fd);
      send->unread = 0;
    }
  }
  send->moved += done;
  return done;
}

static void send_file(struct zerocopy_send *send) {
  struct zn_job *job = send->job;
  struct zn_end source = job->source;
  while (send->moved < job->count && job->error == 0) {
    struct zn_map_window window;
    int opened = zn_map_window_open(&source, job->count - send->moved, MAP_SHARED, &window);
    if (opened < 0) {
      job->error = opened;
      return;
    }
    source.offset += send_piece(send, window.address, window.bytes);
    zn_map_window_close(&window);
    if (job->error == -EFAULT) job->error = ZN_ETRUNCATED;
  }
}

/* A source that is read at its own position gets an offset, and gives the position back in finish.
 */
static int resolve_source(struct zn_job *job, bool *own_position) {
  *own_position = job->source.kind == ZN_END_FILE && job->source.offset < 0;
  if (*own_position) {
    int64_t position = zn_sys_lseek(job->source.fd, 0, SEEK_CUR);
    if (position < 0) return (int)position;
    job->source.offset = position;
  }
  return job->source.kind == ZN_END_FILE ? zn_job_clamp_to_file(job) : 0;
}

/* Hands the sends that are not yet reported to the caller. */
static void hand_out(struct zerocopy_send *send) {
  int64_t lent = send->job->source.kind == ZN_END_MEMORY ? send->moved : 0;
  zn_pin_fill_socket(send->pin, &send->watch, send->duplicate, lent);
  send->job->pin = send->pin;
  send->pin = NULL;
  send->duplicate = -1;
}

/* Memory must not be given back before the kernel is done with it. returns: whether the watch ended
 * in a pin. */
static bool await_reports(struct zerocopy_send *send) {
  struct zn_job *job = send->job;
  bool from_file = job->source.kind == ZN_END_FILE;
  int queue = send->duplicate >= 0 ? send->duplicate : job->target.fd;
  bool done = zn_zerocopy_left(&send->watch, queue) == 0;
  if (!done && !from_file && send->blocking) {
    done = zn_zerocopy_await(&send->watch, 0, job->target.fd, queue, -1) == 1;
  }
  if (done || (from_file && send->blocking)) return false;
  if (send->pin != NULL) {
    hand_out(send);
    return true;
  }
  /* Nobody takes a pin: a signal may not end the wait, the memory is the caller's on return. */
  while (!from_file && zn_zerocopy_await(&send->watch, 0, queue, queue, -1) != 1) continue;
  return false;
}

/* Everything that can fail for want of means is done before the first byte is sent. */
static int prepare(struct zerocopy_send *send) {
  struct zn_job *job = send->job;
  int flags = zn_sys_status_flags(job->target.fd);
  if (flags < 0) return flags;
  send->blocking = (flags & O_NONBLOCK) == 0;
  if (job->source.kind == ZN_END_MEMORY || !send->blocking) {
    /* The owner may close or replace its descriptor while we wait. */
    send->duplicate = zn_sys_dup(job->target.fd);
    if (send->duplicate < 0) return send->duplicate;
    if (job->can_hand_out) {
      int result = zn_pin_new(job, &send->lent, &send->pin);
      if (result < 0) return result;
    }
  }
  return zn_zerocopy_begin(&send->watch, job->target.fd, send->blocking);
}

static void run(struct zerocopy_send *send) {
  struct zn_job *job = send->job;
  if (job->source.kind == ZN_END_FILE) {
    send_file(send);
  } else {
    (void)send_piece(send, job->source.address, send->lent);
    if (send->moved == send->lent && send->lent < job->count) job->error = ZN_ELIMIT;
  }
  bool pinned = await_reports(send);
  job->kernel_copied = pinned ? zn_pin_copied(job->pin) : zn_zerocopy_copied(&send->watch);
  if (!pinned) zn_zerocopy_end(&send->watch);
}

int64_t zn_path_msg_zerocopy(struct zn_job *job) {
  bool from_file = job->source.kind == ZN_END_FILE;
  if (!from_file && job->source.kind != ZN_END_MEMORY) return ZN_EPAIR;
  if (job->target.kind != ZN_END_TCP) return ZN_EPAIR;
  bool own_position;
  int result = resolve_source(job, &own_position);
  if (result < 0) return result;
  if (job->count == 0) return 0;
  struct zerocopy_send send = {.job = job,
                               .duplicate = -1,
                               .send_bytes_max = ZN_ZEROCOPY_SEND_BYTES_MAX,
                               .lent = job->count};
  result = prepare(&send);
  if (result == 0) run(&send);
  if (send.duplicate >= 0) (void)zn_sys_close(send.duplicate);
  zn_pin_discard(send.pin, send.moved);
  if (result < 0) return result;
  if (send.moved == 0) {
    result = job->error;
    job->error = 0;
    return result;
  }
  zn_job_advance(job, send.moved);
  if (own_position) (void)zn_sys_lseek(job->source.fd, job->source.offset, SEEK_SET);
  return send.moved;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "ring.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "heap.h"
#include "ledger_count.h"
#include "sys.h"

/* Two requests a slot of the deepest flow (64 slots): zn_ring_request never finds the queue full.
 */
#define ZN_RING_ENTRIES 128u

/* 8 requests of 256 KiB, the default of a transfer. Smaller arenas would only make the pool miss.
 */
#define ZN_RING_ARENA_BYTES_MIN ((size_t)2 << 20)

/* What the pool keeps: pinned memory counts against RLIMIT_MEMLOCK, 8 MiB on many systems. */
#define ZN_RING_IDLE_MAX 4
#define ZN_RING_IDLE_ARENA_BYTES_MAX ((size_t)16 << 20)

/* A peer that never acknowledges holds a ring for ever: past this many no new one is made. */
#define ZN_RING_DRAINING_MAX 64

/* IORING_NOTIF_USAGE_ZC_COPIED (Linux 6.2) is not in the header of liburing 2.3. */
#define ZN_NOTIFICATION_COPIED (1u << 31)

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t s_fork_once = PTHREAD_ONCE_INIT;
static struct zn_ring *s_idle;     /* guarded by s_mutex */
static struct zn_ring *s_draining; /* guarded by s_mutex */

static int setup_error(int error) {
  switch (error) {
    case -ENOSYS:
    case -EINVAL:
      return ZN_EKERNEL;
    case -EPERM:
    case -EACCES:
      return ZN_EFORBIDDEN;
    case -ENOMEM:
      return ZN_EMEMLOCK;
    default:
      return error;
  }
}

/* Closes the kernel's side. Requests in flight keep their pages and end on their own. */
static void ring_clean_up(struct zn_ring *ring) {
  zn_sys_uring_exit(&ring->uring);
  (void)zn_sys_munmap(ring->arena, ring->arena_bytes);
  zn_ledger_count(ZN_LEDGER_RING, -1);
  zn_ledger_count(ZN_LEDGER_DESCRIPTOR, -1);
}

static void ring_destroy(struct zn_ring *ring) {
  ring_clean_up(ring);
  zn_heap_free(ring, sizeof *ring, _Alignof(struct zn_ring));
}

static void destroy_list(struct zn_ring *ring) {
  while (ring != NULL) {
    struct zn_ring *next = ring->next;
    ring_destroy(ring);
    ring = next;
  }
}

static void before_fork(void) { pthread_mutex_lock(&s_mutex); }

static void after_fork_parent(void) { pthread_mutex_unlock(&s_mutex); }

/* The structs are left: the child's allocator may be in any state. */
static void after_fork_child(void) {
  pthread_mutex_init(&s_mutex, NULL);
  for (struct zn_ring *ring = s_idle; ring != NULL; ring = ring->next) ring_clean_up(ring);
  for (struct zn_ring *ring = s_draining; ring != NULL; ring = ring->next) ring_clean_up(ring);
  s_idle = NULL;
  s_draining = NULL;
}

static void watch_forks(void) {
  (void)pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

static int register_arena(struct zn_ring *ring) {
  struct iovec vector[2] = {{.iov_base = ring->arena, .iov_len = ring->arena_bytes}, {0}};
  int result = zn_sys_uring_register_buffers(&ring->uring, vector, 2);
  ring->has_window = result == 0;
  /* Before Linux 5.13 there are no empty places in the table. */
  if (result == -EFAULT) result = zn_sys_uring_register_buffers(&ring->uring, vector, 1);
  return result;
}

static int ring_init(struct zn_ring *ring, size_t arena_bytes) {
  void *arena;
  int result =
      zn_sys_mmap(-1, 0, arena_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, &arena);
  if (result < 0) return result;
  ring->arena = arena;
  ring->arena_bytes = arena_bytes;
  result = zn_sys_uring_init(&ring->uring, ZN_RING_ENTRIES);
  if (result < 0) {
    (void)zn_sys_munmap(arena, arena_bytes);
    return setup_error(result);
  }
  zn_ledger_count(ZN_LEDGER_RING, 1);
  zn_ledger_count(ZN_LEDGER_DESCRIPTOR, 1);
  result = register_arena(ring);
  if (result < 0) ring_clean_up(ring);
  return result < 0 ? setup_error(result) : 0;
}

static int ring_new(size_t arena_bytes, struct zn_ring **out) {
  struct zn_ring *ring = zn_heap_allocate(sizeof *ring, _Alignof(struct zn_ring));
  if (ring == NULL) return -ENOMEM;
  memset(ring, 0, sizeof *ring);
  int result = ring_init(ring, arena_bytes);
  if (result == ZN_EMEMLOCK) { /* the idle ones' pages count against the same limit */
    zn_ring_trim();
    result = ring_init(ring, arena_bytes);
  }
  if (result < 0) {
    zn_heap_free(ring, sizeof *ring, _Alignof(struct zn_ring));
    return result;
  }
  *out = ring;
  return 0;
}

/* pre: s_mutex is held. */
static bool keep_idle_locked(struct zn_ring *ring) {
  int count = 0;
  for (const struct zn_ring *other = s_idle; other != NULL; other = other->next) count++;
  if (ring->broken || count >= ZN_RING_IDLE_MAX) return false;
  if (ring->arena_bytes > ZN_RING_IDLE_ARENA_BYTES_MAX) return false;
  ring->next = s_idle;
  s_idle = ring;
  return true;
}

static void take_notifications(struct zn_ring *ring) {
  struct io_uring_cqe completion;
  while (zn_ring_next(ring, &completion)) continue;
}

/* Moves draining rings that are done to the idle ones, or to *closing. returns: how many still
 * drain. pre: s_mutex is held. */
static int sweep_locked(struct zn_ring **closing) {
  int draining = 0;
  struct zn_ring **link = &s_draining;
  while (*link != NULL) {
    struct zn_ring *ring = *link;
    take_notifications(ring);
    if (ring->notifications > 0) {
      draining++;
      link = &ring->next;
      continue;
    }
    *link = ring->next;
    if (keep_idle_locked(ring)) continue;
    ring->next = *closing;
    *closing = ring;
  }
  return draining;
}

/* The smallest idle ring that is large enough. pre: s_mutex is held. */
static struct zn_ring *take_idle_locked(size_t arena_bytes) {
  struct zn_ring **best = NULL;
  for (struct zn_ring **link = &s_idle; *link != NULL; link = &(*link)->next) {
    if ((*link)->arena_bytes < arena_bytes) continue;
    if (best == NULL || (*link)->arena_bytes < (*best)->arena_bytes) best = link;
  }
  if (best == NULL) return NULL;
  struct zn_ring *ring = *best;
  *best = ring->next;
  return ring;
}

int zn_ring_acquire(size_t arena_bytes, struct zn_ring **out) {
  *out = NULL;
  pthread_once(&s_fork_once, watch_forks);
  if (arena_bytes < ZN_RING_ARENA_BYTES_MIN) arena_bytes = ZN_RING_ARENA_BYTES_MIN;
  struct zn_ring *closing = NULL;
  pthread_mutex_lock(&s_mutex);
  int draining = sweep_locked(&closing);
  struct zn_ring *ring = draining < ZN_RING_DRAINING_MAX ? take_idle_locked(arena_bytes) : NULL;
  pthread_mutex_unlock(&s_mutex);
  destroy_list(closing);
  if (draining >= ZN_RING_DRAINING_MAX) return -ENOBUFS;
  if (ring == NULL) {
    int result = ring_new(arena_bytes, &ring);
    if (result < 0) return result;
  }
  ring->copied = false;
  ring->silent = false;
  ring->next = NULL;
  *out = ring;
  return 0;
}

void zn_ring_release(struct zn_ring *ring) {
  if (ring == NULL) return;
  bool kept = true;
  pthread_mutex_lock(&s_mutex);
  if (ring->notifications > 0 && !ring->broken) {
    ring->next = s_draining;
    s_draining = ring;
  } else {
    kept = keep_idle_locked(ring);
  }
  pthread_mutex_unlock(&s_mutex);
  if (!kept) ring_destroy(ring);
}

void zn_ring_trim(void) {
  struct zn_ring *closing = NULL;
  pthread_mutex_lock(&s_mutex);
  (void)sweep_locked(&closing);
  struct zn_ring *idle = s_idle;
  s_idle = NULL;
  pthread_mutex_unlock(&s_mutex);
  destroy_list(closing);
  destroy_list(idle);
}

int zn_ring_window_open(struct zn_ring *ring, void *address, size_t size) {
  if (!ring->has_window) return -EOPNOTSUPP;
  struct iovec vector = {.iov_base = address, .iov_len = size};
  int result = zn_sys_uring_update_buffer(&ring->uring, ZN_RING_WINDOW, &vector);
  if (result >= 0) return 0;
  return result == -ENOMEM ? ZN_EMEMLOCK : -EOPNOTSUPP;
}

void zn_ring_window_close(struct zn_ring *ring) {
  struct iovec empty = {0};
  /* A window that stayed would keep the caller's pages pinned. */
  if (zn_sys_uring_update_buffer(&ring->uring, ZN_RING_WINDOW, &empty) < 0) ring->broken = true;
}

struct io_uring_sqe *zn_ring_request(struct zn_ring *ring) {
  return io_uring_get_sqe(&ring->uring);
}

int zn_ring_submit(struct zn_ring *ring) {
  while (io_uring_sq_ready(&ring->uring) > 0) {
    int result = zn_sys_uring_submit(&ring->uring);
    if (result < 0) return result;
    if (result == 0) return -ENOMEM;
  }
  return 0;
}

int zn_ring_wait(struct zn_ring *ring) {
  for (;;) {
    int result = zn_sys_uring_submit_and_wait(&ring->uring, 1);
    if (io_uring_cq_ready(&ring->uring) > 0) return 0;
    if (result < 0) return result;
    /* The kernel reports what it submitted and not the signal that ended the wait. If it could not
     * take all requests it did not wait. */
    if (io_uring_sq_ready(&ring->uring) == 0) return -EINTR;
    if (result == 0) return -ENOMEM;
  }
}

static void count_notification(struct zn_ring *ring, const struct io_uring_cqe *completion) {
  if ((completion->flags & IORING_CQE_F_NOTIF) == 0) {
    if ((completion->flags & IORING_CQE_F_MORE) != 0) ring->notifications++;
    return;
  }
  ring->notifications--;
  if (((uint32_t)completion->res & ZN_NOTIFICATION_COPIED) != 0) ring->copied = true;
}

bool zn_ring_next(struct zn_ring *ring, struct io_uring_cqe *out) {
  struct io_uring *uring = &ring->uring;
  if (io_uring_cq_ready(uring) == 0) {
    unsigned flags = IO_URING_READ_ONCE(*uring->sq.kflags);
    if ((flags & IORING_SQ_CQ_OVERFLOW) == 0) return false;
    /* More completions than the queue holds wait in the kernel: entering it brings them. */
    if (zn_sys_uring_submit(uring) < 0 || io_uring_cq_ready(uring) == 0) return false;
  }
  unsigned head = *uring->cq.khead;
  *out = uring->cq.cqes[head & uring->cq.ring_mask];
  io_uring_cq_advance(uring, 1);
  count_notification(ring, out);
  return true;
}

int zn_ring_wait_completion(struct zn_ring *ring, int fd, int timeout_ms) {
  struct pollfd fds[2] = {{.fd = ring->uring.ring_fd, .events = POLLIN}, {.fd = fd}};
  unsigned count = fd >= 0 ? 2 : 1;
  for (;;) {
    int result = zn_sys_poll_many(fds, count, timeout_ms);
    if (result <= 0) return result;
    if (fds[0].revents != 0) return 1;
    if ((fds[1].revents & (POLLHUP | POLLNVAL)) != 0) return -EPIPE;
    count = 1; /* an unread error queue (MSG_ZEROCOPY) keeps POLLERR up: it says nothing here */
  }
}

int zn_ring_drain(struct zn_ring *ring, int timeout_ms) {
  take_notifications(ring);
  while (ring->notifications > 0) {
    int result = timeout_ms != 0 ? zn_ring_wait_completion(ring, -1, timeout_ms) : 0;
    if (result <= 0) return result;
    take_notifications(ring);
  }
  return 1;
}

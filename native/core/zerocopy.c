/* SPDX-License-Identifier: Apache-2.0 */
#include "zerocopy.h"

/* linux/errqueue.h wants struct timespec. */
/* clang-format off */
#include <time.h>
#include <linux/errqueue.h>
/* clang-format on */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "heap.h"
#include "sys.h"

#define ZN_ZEROCOPY_CHAINS 1024u
#define ZN_ZEROCOPY_CHAIN_IDLE_MAX 4 /* accounts without a watch kept in each */

/* The kernel's own code, which it lets out to user space; <errno.h> does not know it. */
#define ZN_ENOTSUPP 524

/* The first send's number in 64 bits: leaves room below it for reports of older, foreign sends. */
#define ZN_ZEROCOPY_FIRST ((uint64_t)1 << 32)

/* Another thread may take the report that a poll waits for: look again after this long. */
#define ZN_ZEROCOPY_SLICE_MS 50

struct zn_zerocopy_socket {
  uint64_t cookie;
  struct zn_zerocopy_socket *next; /* in the chain; guarded by s_mutex */
  unsigned users;                  /* watches and readers; guarded by s_mutex */
  pthread_mutex_t mutex;           /* guards what follows; taken after s_mutex, never before it */
  bool ready;                      /* SO_ZEROCOPY is set, old reports are gone */
  bool known;                      /* shift is known */
  uint32_t shift;                  /* the kernel's number = low 32 bits of ours + shift */
  uint64_t next_send;
  struct zn_zerocopy_watch *watches;
};

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct zn_zerocopy_socket *s_chains[ZN_ZEROCOPY_CHAINS]; /* guarded by s_mutex */

static struct zn_zerocopy_socket **chain_of(uint64_t cookie) {
  return &s_chains[cookie % ZN_ZEROCOPY_CHAINS]; /* cookies count up */
}

static void socket_destroy(struct zn_zerocopy_socket *socket) {
  pthread_mutex_destroy(&socket->mutex);
  zn_heap_free(socket, sizeof *socket, _Alignof(struct zn_zerocopy_socket));
}

static struct zn_zerocopy_socket *socket_new(uint64_t cookie) {
  struct zn_zerocopy_socket *socket =
      zn_heap_allocate(sizeof *socket, _Alignof(struct zn_zerocopy_socket));
  if (socket == NULL) return NULL;
  memset(socket, 0, sizeof *socket);
  pthread_mutex_init(&socket->mutex, NULL);
  socket->cookie = cookie;
  socket->next_send = ZN_ZEROCOPY_FIRST;
  return socket;
}

/* Forgets accounts of a chain that nobody uses, but for the keep most recent. pre: s_mutex is held.
 */
static void evict_locked(struct zn_zerocopy_socket **link, int keep) {
  while (*link != NULL) {
    struct zn_zerocopy_socket *socket = *link;
    if (socket->users > 0 || keep-- > 0) {
      link = &socket->next;
      continue;
    }
    *link = socket->next;
    socket_destroy(socket);
  }
}

/* Finds a socket's account, or opens one, and moves it to the front. End with socket_release. */
static struct zn_zerocopy_socket *socket_acquire(uint64_t cookie, bool create) {
  struct zn_zerocopy_socket **chain = chain_of(cookie);
  pthread_mutex_lock(&s_mutex);
  struct zn_zerocopy_socket **link = chain;
  while (*link != NULL && (*link)->cookie != cookie) link = &(*link)->next;
  struct zn_zerocopy_socket *socket = *link;
  if (socket != NULL) {
    *link = socket->next;
  } else if (create) {
    evict_locked(chain, ZN_ZEROCOPY_CHAIN_IDLE_MAX - 1);
    socket = socket_new(cookie);
  }
  if (socket != NULL) {
    socket->next = *chain;
    *chain = socket;
    socket->users++;
  }
  pthread_mutex_unlock(&s_mutex);
  return socket;
}

static void socket_release(struct zn_zerocopy_socket *socket) {
  pthread_mutex_lock(&s_mutex);
  socket->users--;
  pthread_mutex_unlock(&s_mutex);
}

void zn_zerocopy_trim(void) {
  pthread_mutex_lock(&s_mutex);
  for (unsigned i = 0; i < ZN_ZEROCOPY_CHAINS; i++) evict_locked(&s_chains[i], 0);
  pthread_mutex_unlock(&s_mutex);
}

/* Books a report of the kernel's numbers lo..hi for every watch they concern. */
static void book_report(struct zn_zerocopy_socket *socket, uint32_t lo, uint32_t hi, bool copied) {
  if (!socket->known) {
    socket->shift = lo - (uint32_t)ZN_ZEROCOPY_FIRST;
    socket->known = true;
  }
  uint32_t behind = (uint32_t)socket->next_send + socket->shift - lo; /* wraps as the numbers do */
  uint64_t from = socket->next_send - behind;
  uint64_t to = from + (uint32_t)(hi - lo) + 1;
  for (struct zn_zerocopy_watch *watch = socket->watches; watch != NULL; watch = watch->next) {
    uint64_t first = from > watch->first ? from : watch->first;
    uint64_t last = to < watch->last ? to : watch->last;
    if (first >= last) continue;
    watch->left -= last - first;
    watch->copied |= copied;
  }
}

/* Reads one message of the error queue. returns: false when it is empty. */
static bool read_report(int fd, struct sock_extended_err *out) {
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in6)) +
               CMSG_SPACE(64)]; /* time stamps, if the owner asked for them */
  } control;
  struct msghdr message = {.msg_control = control.bytes, .msg_controllen = sizeof control.bytes};
  *out = (struct sock_extended_err){0};
  if (zn_sys_recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return false;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL;
       c = zn_sys_next_control(&message, c)) {
    bool v4 = c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR;
    bool v6 = c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_RECVERR;
    /* The kernel cuts short what has no room behind the messages that the owner asked for. */
    bool whole = c->cmsg_len >= CMSG_LEN(sizeof *out);
    if ((v4 || v6) && whole) memcpy(out, CMSG_DATA(c), sizeof *out);
  }
  return true;
}

/* pre: socket->mutex is held, so that reports are booked in one piece with their removal. */
static void drain_locked(struct zn_zerocopy_socket *socket, int fd, bool book) {
  struct sock_extended_err report;
  while (read_report(fd, &report)) {
    if (report.ee_origin != SO_EE_ORIGIN_ZEROCOPY || report.ee_errno != 0 || !book) continue;
    book_report(socket, report.ee_info, report.ee_data,
                (report.ee_code & SO_EE_CODE_ZEROCOPY_COPIED) != 0);
  }
}

void zn_zerocopy_drain(int fd) {
  uint64_t cookie;
  if (zn_sys_socket_cookie(fd, &cookie) < 0) return;
  struct zn_zerocopy_socket *socket = socket_acquire(cookie, false);
  if (socket == NULL) return; /* not our reports */
  pthread_mutex_lock(&socket->mutex);
  drain_locked(socket, fd, true);
  pthread_mutex_unlock(&socket->mutex);
  socket_release(socket);
}

/* Waits until nothing of earlier sends is on its way: their reports are in the queue then. */
static int wait_acknowledged(int fd, bool blocking) {
  for (;;) {
    int unsent = zn_sys_socket_unsent(fd);
    if (unsent <= 0) return unsent;
    if (!blocking) return -EAGAIN;
    short revents;
    int result = zn_sys_poll(-1, 0, 1, &revents); /* no event tells it */
    if (result < 0) return result;
  }
}

static int make_ready_locked(struct zn_zerocopy_socket *socket, int fd, bool blocking) {
  int enabled = 0;
  int result = zn_sys_getsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, &enabled);
  if (result < 0) return result == -ENOPROTOOPT ? ZN_EKERNEL : result;
  if (enabled) {
    result = wait_acknowledged(fd, blocking);
    if (result < 0) return result;
    drain_locked(socket, fd, false);
  } else {
    result = zn_sys_setsockopt(fd, SOL_SOCKET, SO_ZEROCOPY, 1);
    if (result == -ZN_ENOTSUPP || result == -EOPNOTSUPP) return ZN_EKERNEL;
    if (result < 0) return result;
    socket->known = true;
    socket->shift = 0;
  }
  socket->ready = true;
  return 0;
}

int zn_zerocopy_begin(struct zn_zerocopy_watch *watch, int fd, bool blocking) {
  uint64_t cookie;
  int result = zn_sys_socket_cookie(fd, &cookie);
  if (result == -ENOTSOCK) return ZN_EPAIR;
  if (result < 0) return result == -ENOPROTOOPT ? ZN_EKERNEL : result;
  struct zn_zerocopy_socket *socket = socket_acquire(cookie, true);
  if (socket == NULL) return -ENOMEM;
  pthread_mutex_lock(&socket->mutex);
  result = socket->ready ? 0 : make_ready_locked(socket, fd, blocking);
  if (result == 0) {
    *watch = (struct zn_zerocopy_watch){.socket = socket,
                                        .next = socket->watches,
                                        .first = socket->next_send,
                                        .last = socket->next_send};
    socket->watches = watch;
  }
  pthread_mutex_unlock(&socket->mutex);
  if (result < 0) socket_release(socket);
  return result;
}

void zn_zerocopy_book(struct zn_zerocopy_watch *watch) {
  pthread_mutex_lock(&watch->socket->mutex);
  watch->socket->next_send++;
  watch->last++;
  watch->left++;
  pthread_mutex_unlock(&watch->socket->mutex);
}

void zn_zerocopy_unbook(struct zn_zerocopy_watch *watch) {
  pthread_mutex_lock(&watch->socket->mutex);
  watch->socket->next_send--;
  watch->last--;
  watch->left--;
  pthread_mutex_unlock(&watch->socket->mutex);
}

uint64_t zn_zerocopy_left(struct zn_zerocopy_watch *watch, int fd) {
  pthread_mutex_lock(&watch->socket->mutex);
  if (watch->left > 0) drain_locked(watch->socket, fd, true);
  uint64_t left = watch->left;
  pthread_mutex_unlock(&watch->socket->mutex);
  return left;
}

/* Some errors stay up without a report to read: then time must pass. returns: ms, or -EINTR. */
static int nap(void) {
  short revents;
  int result = zn_sys_poll(-1, 0, 1, &revents);
  return result < 0 ? result : 1;
}

int zn_zerocopy_await(struct zn_zerocopy_watch *watch, uint64_t left, int wait_fd, int queue_fd,
                      int timeout_ms) {
  uint64_t before = zn_zerocopy_left(watch, queue_fd);
  while (before > left) {
    if (timeout_ms == 0) return 0;
    bool whole = timeout_ms < 0 || timeout_ms > ZN_ZEROCOPY_SLICE_MS;
    int slice = whole ? ZN_ZEROCOPY_SLICE_MS : timeout_ms;
    short revents;
    int result = zn_sys_poll(wait_fd, 0, slice, &revents);
    if (result < 0) return result;
    uint64_t now = zn_zerocopy_left(watch, queue_fd);
    if (now <= left) break;
    int passed = result == 0 ? slice : 0;
    if (result > 0 && now == before) {
      if (wait_fd != queue_fd && (revents & (POLLHUP | POLLNVAL)) != 0) return -EPIPE;
      passed = nap();
      if (passed < 0) return passed;
    }
    if (timeout_ms > 0) timeout_ms -= passed;
    before = now;
  }
  return 1;
}

int zn_zerocopy_copied(const struct zn_zerocopy_watch *watch) {
  pthread_mutex_lock(&watch->socket->mutex);
  int verdict = watch->left == 0 && watch->last > watch->first ? 0 : -1;
  if (watch->copied) verdict = 1;
  pthread_mutex_unlock(&watch->socket->mutex);
  return verdict;
}

static void unlink_locked(struct zn_zerocopy_watch *watch) {
  struct zn_zerocopy_watch **link = &watch->socket->watches;
  while (*link != watch) link = &(*link)->next;
  *link = watch->next;
}

void zn_zerocopy_end(struct zn_zerocopy_watch *watch) {
  pthread_mutex_lock(&watch->socket->mutex);
  unlink_locked(watch);
  pthread_mutex_unlock(&watch->socket->mutex);
  socket_release(watch->socket);
}

void zn_zerocopy_move(struct zn_zerocopy_watch *from, struct zn_zerocopy_watch *to) {
  pthread_mutex_lock(&from->socket->mutex);
  unlink_locked(from);
  *to = *from;
  to->next = to->socket->watches;
  to->socket->watches = to;
  pthread_mutex_unlock(&from->socket->mutex);
}

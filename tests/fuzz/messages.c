/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages that others send: reports in a socket's error queue, each number once in any order and
 * with other messages between them, and descriptors that a stranger passes to zn_memfd_receive.
 * The linker's --wrap puts the error queue of the input in place of the kernel's.
 */
/* clang-format off */
#include <time.h>
#include <linux/errqueue.h>
/* clang-format on */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "sys.h"
#include "zerocopy.h"
#include "znio/znio.h"

/* --- the error queue --- */

#define SOCKET (-7) /* is never handed to the kernel */
#define WATCHES 4
#define SENDS 64

struct watch {
  struct zn_zerocopy_watch watch;
  bool open, copied;
  int first, last; /* of the sends below */
};

static struct fuzz_input *s_in;
static uint64_t s_cookie;
static uint32_t s_first; /* the kernel's number of our first send */
static bool s_reported[SENDS];
static bool s_any_reported;
static int s_sends, s_waiting; /* messages that the queue has now */
static struct watch s_watches[WATCHES];

static void note_report(int send, bool copied) {
  s_reported[send] = s_any_reported = true;
  for (int i = 0; i < WATCHES; i++) {
    struct watch *watch = &s_watches[i];
    if (watch->open && send >= watch->first && send < watch->last) watch->copied |= copied;
  }
}

/* A run of sends that nobody has reported. returns: there are some. */
static bool make_report(struct sock_extended_err *report) {
  int from = s_sends == 0 ? 0 : fuzz_below(s_in, s_sends);
  if (s_first != 0 && !s_any_reported) from = 0; /* by which our number is known: zerocopy.h */
  while (from < s_sends && s_reported[from]) from++;
  if (from == s_sends) return false;
  bool copied = fuzz_below(s_in, 2) == 1;
  int to = from;
  for (int more = fuzz_below(s_in, 8); more > 0; more--) {
    if (to + 1 < s_sends && !s_reported[to + 1]) to++;
  }
  for (int i = from; i <= to; i++) note_report(i, copied);
  *report = (struct sock_extended_err){.ee_origin = SO_EE_ORIGIN_ZEROCOPY,
                                       .ee_code = copied ? SO_EE_CODE_ZEROCOPY_COPIED : 0,
                                       .ee_info = s_first + (uint32_t)from,
                                       .ee_data = s_first + (uint32_t)to};
  return true;
}

/* What is no report: another origin, an error, another kind, or too short. */
static void put_junk(struct msghdr *message) {
  struct cmsghdr *header = message->msg_control;
  size_t room = message->msg_controllen;
  size_t size = (size_t)fuzz_byte(s_in) % (room - CMSG_LEN(0) + 1);
  for (size_t i = 0; i < size; i++) CMSG_DATA(header)[i] = fuzz_byte(s_in);
  struct sock_extended_err report;
  header->cmsg_len = CMSG_LEN(size);
  header->cmsg_level = fuzz_below(s_in, 2) ? SOL_IP : SOL_SOCKET;
  header->cmsg_type = fuzz_below(s_in, 2) ? IP_RECVERR : fuzz_byte(s_in);
  if (size >= sizeof report) {
    memcpy(&report, CMSG_DATA(header), sizeof report);
    if (report.ee_origin == SO_EE_ORIGIN_ZEROCOPY) CMSG_DATA(header)[4] = SO_EE_ORIGIN_ICMP;
  }
  message->msg_controllen = CMSG_LEN(size);
}

static void put_report(struct msghdr *message, const struct sock_extended_err *report) {
  struct cmsghdr *header = message->msg_control;
  bool v6 = fuzz_below(s_in, 2) == 1;
  header->cmsg_len = CMSG_LEN(sizeof *report + sizeof(struct sockaddr_in6));
  header->cmsg_level = v6 ? SOL_IPV6 : SOL_IP;
  header->cmsg_type = v6 ? IPV6_RECVERR : IP_RECVERR;
  memset(CMSG_DATA(header), 0, sizeof *report + sizeof(struct sockaddr_in6));
  memcpy(CMSG_DATA(header), report, sizeof *report);
  message->msg_controllen = CMSG_SPACE(sizeof *report + sizeof(struct sockaddr_in6));
}

int64_t __real_zn_sys_recvmsg(int fd, struct msghdr *message, int flags);
int64_t __wrap_zn_sys_recvmsg(int fd, struct msghdr *message, int flags);
int64_t __wrap_zn_sys_recvmsg(int fd, struct msghdr *message, int flags) {
  if (fd != SOCKET) return __real_zn_sys_recvmsg(fd, message, flags);
  struct sock_extended_err report;
  if (s_waiting == 0) return -EAGAIN;
  s_waiting--;
  if (fuzz_below(s_in, 3) == 0 || !make_report(&report)) {
    put_junk(message);
  } else {
    put_report(message, &report);
  }
  return 0;
}

int __wrap_zn_sys_socket_cookie(int fd, uint64_t *cookie);
int __wrap_zn_sys_socket_cookie(int fd, uint64_t *cookie) {
  *cookie = s_cookie;
  return 0;
}

int __real_zn_sys_getsockopt(int fd, int level, int option, int *value);
int __wrap_zn_sys_getsockopt(int fd, int level, int option, int *value);
int __wrap_zn_sys_getsockopt(int fd, int level, int option, int *value) {
  if (fd != SOCKET) return __real_zn_sys_getsockopt(fd, level, option, value);
  *value = s_first != 0; /* somebody has sent before us: our numbers begin anywhere */
  return 0;
}

int __wrap_zn_sys_setsockopt(int fd, int level, int option, int value);
int __wrap_zn_sys_setsockopt(int fd, int level, int option, int value) { return 0; }

int __wrap_zn_sys_socket_unsent(int fd);
int __wrap_zn_sys_socket_unsent(int fd) { return 0; }

int __wrap_zn_sys_poll(int fd, short events, int timeout_ms, short *revents);
int __wrap_zn_sys_poll(int fd, short events, int timeout_ms, short *revents) {
  *revents = 0;
  return 0;
}

static void check_watch(struct watch *watch) {
  uint64_t left = zn_zerocopy_left(&watch->watch, SOCKET);
  uint64_t expected = 0;
  for (int i = watch->first; i < watch->last; i++) expected += !s_reported[i];
  FUZZ_EQUAL(left, expected);
  int verdict = left == 0 && watch->last > watch->first ? 0 : -1;
  FUZZ_EQUAL(zn_zerocopy_copied(&watch->watch), watch->copied ? 1 : verdict);
}

static void queue_step(void) {
  struct watch *watch = &s_watches[fuzz_below(s_in, WATCHES)];
  bool last_sender = watch->open && watch->last == s_sends;
  switch (fuzz_below(s_in, 6)) {
    case 0:
      if (watch->open) return;
      FUZZ_EQUAL(zn_zerocopy_begin(&watch->watch, SOCKET, true), 0);
      watch->open = true;
      watch->copied = false;
      watch->first = watch->last = s_sends;
      return;
    case 1: /* one sender at a time: the last */
      if (!last_sender || s_sends == SENDS) return;
      zn_zerocopy_book(&watch->watch);
      s_sends++;
      watch->last++;
      return;
    case 2:
      if (!last_sender || watch->last == watch->first || s_reported[s_sends - 1]) return;
      zn_zerocopy_unbook(&watch->watch);
      s_sends--;
      watch->last--;
      return;
    case 3:
      s_waiting = fuzz_below(s_in, 8);
      zn_zerocopy_drain(SOCKET);
      return;
    case 4:
      if (!watch->open) return;
      zn_zerocopy_end(&watch->watch);
      watch->open = false;
      return;
    default:
      s_waiting = fuzz_below(s_in, 4);
      if (watch->open) check_watch(watch);
  }
}

static void error_queue(struct fuzz_input *in) {
  s_in = in;
  s_cookie++;
  s_sends = s_waiting = 0;
  s_any_reported = false;
  s_first = fuzz_below(in, 2) == 0 ? 0 : (uint32_t)fuzz_number(in);
  memset(s_reported, 0, sizeof s_reported);
  memset(s_watches, 0, sizeof s_watches);
  while (fuzz_left(in) > 0) queue_step();
  s_waiting = 0;
  for (int i = 0; i < WATCHES; i++) {
    if (!s_watches[i].open) continue;
    check_watch(&s_watches[i]);
    zn_zerocopy_end(&s_watches[i].watch);
  }
  zn_zerocopy_trim();
}

/* --- descriptors --- */

static int open_descriptors(void) {
  int count = 0;
  for (int fd = 3; fd < 64; fd++) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

/* Sealed as ours, or in part, or no memfd at all. */
static int stranger(struct fuzz_input *in, int64_t size) {
  static const unsigned seals[] = {F_SEAL_GROW | F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_SHRINK, 0};
  int kind = fuzz_below(in, 6);
  if (kind == 5) return open("/dev/null", O_RDONLY | O_CLOEXEC);
  int fd = memfd_create("stranger", MFD_CLOEXEC | (kind < 4 ? MFD_ALLOW_SEALING : 0));
  int64_t length = fuzz_below(in, 4) > 0 ? size : fuzz_number(in);
  if (ftruncate(fd, length) < 0) (void)!ftruncate(fd, 1);
  if (kind < 4) (void)fcntl(fd, F_ADD_SEALS, seals[kind]);
  return fd;
}

static void send_descriptors(int socket, struct fuzz_input *in) {
  struct {
    char magic[8];
    int64_t size;
  } bytes = {"znmemfd1", fuzz_number(in)};
  int fds[12];
  int count = fuzz_below(in, 3) > 0 ? 1 : fuzz_below(in, 13);
  for (int i = 0; i < count; i++) fds[i] = stranger(in, bytes.size);
  if (fuzz_below(in, 3) == 0) bytes.magic[fuzz_below(in, 8)] ^= (char)fuzz_byte(in);
  struct iovec vector = {&bytes, fuzz_below(in, 3) > 0 ? sizeof bytes : fuzz_byte(in) % 17};
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof fds)] = {0};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
  if (count > 0) {
    message.msg_control = control;
    message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
    memcpy(CMSG_DATA(rights), fds, (size_t)count * sizeof(int));
  }
  (void)!sendmsg(socket, &message, MSG_NOSIGNAL);
  for (int i = 0; i < count; i++) close(fds[i]);
}

static void descriptors(struct fuzz_input *in) {
  int before = open_descriptors();
  int pair[2];
  FUZZ_EQUAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
  for (int i = 0; i < 4 && fuzz_left(in) > 0; i++) {
    int fd;
    int64_t size;
    send_descriptors(pair[0], in);
    int result = zn_memfd_receive(pair[1], &fd, &size);
    FUZZ_CHECK((result == 0) == (fd >= 0));
    if (result < 0) {
      FUZZ_CHECK(result == -EPROTO || result == -EAGAIN || result == -ECONNRESET);
      continue;
    }
    FUZZ_CHECK(size > 0 && lseek(fd, 0, SEEK_END) == size);
    FUZZ_CHECK(ftruncate(fd, 0) < 0); /* nobody cuts it short under a mapping */
    FUZZ_EQUAL(zn_memfd_close(fd), 0);
    FUZZ_EQUAL(zn_memfd_close(fd), -EBADF);
  }
  close(pair[0]);
  close(pair[1]);
  FUZZ_EQUAL(open_descriptors(), before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct fuzz_input in = {data, data + size};
  if (fuzz_below(&in, 2) == 0) {
    error_queue(&in);
  } else {
    descriptors(&in);
  }
  struct zn_ledger_totals totals;
  zn_ledger_read(&totals);
  FUZZ_EQUAL(totals.memfds, 0);
  FUZZ_EQUAL(totals.descriptors, 0);
  return 0;
}

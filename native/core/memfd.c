/* SPDX-License-Identifier: Apache-2.0 */
#include "znio/memfd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "ledger_count.h"
#include "memfd_table.h"
#include "sys.h"
#include "znio/ledger.h"
#include "znio/region.h"

/* What travels beside the descriptor. One small write: a stream socket keeps it in one piece. */
struct zn_memfd_message {
  char magic[8];
  int64_t size; /* in this machine's byte order: a unix socket never leaves it */
};

static const char s_magic[8] = {'z', 'n', 'm', 'e', 'm', 'f', 'd', '1'};

/* Descriptors that one message could bring: room for strangers, so that all of them get closed. */
#define ZN_MEMFD_DESCRIPTORS_MAX 8

union zn_memfd_control {
  struct cmsghdr header; /* aligns the bytes */
  char bytes[CMSG_SPACE(ZN_MEMFD_DESCRIPTORS_MAX * sizeof(int))];
};

/* Gives an open descriptor its record. returns: 0; -ENOMEM, and the descriptor is closed. */
static int register_memfd(int fd, int64_t size) {
  struct zn_birth birth = {.kind = ZN_KIND_MEMFD, .size = size};
  uint64_t record;
  int result = zn_ledger_open(&birth, &record);
  if (result == 0) {
    result = zn_memfd_table_put(fd, record);
    if (result < 0) zn_ledger_cancel(record);
  }
  if (result < 0) {
    (void)zn_sys_close(fd);
    return result;
  }
  zn_ledger_count(ZN_LEDGER_DESCRIPTOR, 1);
  return 0;
}

int zn_memfd_create(int64_t size, int *fd) {
  *fd = -1;
  if (size <= 0) return -EINVAL;
  if (size > ZN_REGION_SIZE_MAX) return -EFBIG;
  int created = zn_sys_memfd_create("znio", size);
  if (created < 0) return created;
  int result = zn_sys_memfd_seal(created, false);
  if (result < 0) {
    (void)zn_sys_close(created);
    return result;
  }
  result = register_memfd(created, size);
  if (result == 0) *fd = created;
  return result;
}

static int check_unix(int socket) {
  int domain = 0;
  int type = 0;
  int result = zn_sys_getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain);
  if (result == 0) result = zn_sys_getsockopt(socket, SOL_SOCKET, SO_TYPE, &type);
  if (result == -ENOTSOCK) return ZN_EPAIR;
  if (result < 0) return result;
  return domain == AF_UNIX && type == SOCK_STREAM ? 0 : ZN_EPAIR;
}

int zn_memfd_send(int socket, int fd, int64_t size) {
  if (fd < 0) return -EBADF;
  if (size <= 0) return -EINVAL;
  int result = check_unix(socket);
  if (result < 0) return result;
  struct zn_memfd_message message = {.size = size};
  memcpy(message.magic, s_magic, sizeof s_magic);
  struct iovec vector = {.iov_base = &message, .iov_len = sizeof message};
  union zn_memfd_control control = {0};
  struct msghdr header = {.msg_iov = &vector,
                          .msg_iovlen = 1,
                          .msg_control = control.bytes,
                          .msg_controllen = CMSG_SPACE(sizeof(int))};
  struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  int64_t sent = zn_sys_sendmsg(socket, &header, MSG_NOSIGNAL);
  if (sent < 0) return (int)sent;
  return sent == (int64_t)sizeof message ? 0 : -EIO;
}

/* Takes the descriptors out of a message. returns: how many there are. */
static int collect(struct msghdr *header, int fds[ZN_MEMFD_DESCRIPTORS_MAX]) {
  int count = 0;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = zn_sys_next_control(header, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    size_t bytes = c->cmsg_len - CMSG_LEN(0);
    for (size_t at = 0; at + sizeof(int) <= bytes && count < ZN_MEMFD_DESCRIPTORS_MAX;
         at += sizeof(int)) {
      memcpy(&fds[count++], CMSG_DATA(c) + at, sizeof(int));
    }
  }
  return count;
}

/* A peer's word is not trusted: an unsealed file could be cut short under a mapping of it. */
static int check_received(int fd, int64_t size) {
  struct stat status;
  int seals = zn_sys_memfd_seals(fd);
  int wanted = F_SEAL_GROW | F_SEAL_SHRINK;
  if (seals < 0 || (seals & wanted) != wanted) return -EPROTO;
  int result = zn_sys_fstat(fd, &status);
  if (result < 0) return result;
  return size > 0 && size <= ZN_REGION_SIZE_MAX && status.st_size == size ? 0 : -EPROTO;
}

int zn_memfd_receive(int socket, int *fd, int64_t *size) {
  *fd = -1;
  *size = 0;
  struct zn_memfd_message message = {.size = 0};
  struct iovec vector = {.iov_base = &message, .iov_len = sizeof message};
  union zn_memfd_control control = {0};
  struct msghdr header = {.msg_iov = &vector,
                          .msg_iovlen = 1,
                          .msg_control = control.bytes,
                          .msg_controllen = sizeof control.bytes};
  int64_t got = zn_sys_recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  if (got < 0) return (int)got;
  int fds[ZN_MEMFD_DESCRIPTORS_MAX];
  int count = collect(&header, fds);
  int result = 0;
  if (got == 0 && count == 0) result = -ECONNRESET;
  bool ours = got == (int64_t)sizeof message && count == 1 &&
              (header.msg_flags & MSG_CTRUNC) == 0 &&
              memcmp(message.magic, s_magic, sizeof s_magic) == 0;
  if (result == 0) result = ours ? check_received(fds[0], message.size) : -EPROTO;
  if (result == 0) {
    result = register_memfd(fds[0], message.size);
    if (result < 0) return result;
    *fd = fds[0];
    *size = message.size;
    return 0;
  }
  for (int i = 0; i < count; i++) (void)zn_sys_close(fds[i]);
  return result;
}

uint64_t zn_memfd_record(int fd) { return zn_memfd_table_get(fd); }

int zn_memfd_end(int fd, int cause) {
  if (cause < ZN_CAUSE_CLOSED || cause > ZN_CAUSE_LEAKED) return -EINVAL;
  uint64_t record = zn_memfd_table_take(fd); /* first: the number may be given out again at once */
  if (record == 0) return -EBADF;
  (void)!zn_ledger_died(record, cause, 0); /* fails only for one that is ended */
  zn_ledger_count(ZN_LEDGER_DESCRIPTOR, -1);
  int result = zn_sys_close(fd);
  return result == -EINTR ? 0 : result; /* the descriptor is gone all the same */
}

int zn_memfd_close(int fd) { return zn_memfd_end(fd, ZN_CAUSE_CLOSED); }

/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

union socket_address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
  struct sockaddr_un local;
};

static int fill(const struct bench_address *address, union socket_address *out, socklen_t *size,
                struct bench_fault *fault) {
  memset(out, 0, sizeof *out);
  int parsed = 1;
  if (address->ipv == 0) {
    out->local.sun_family = AF_UNIX;
    *size = sizeof out->local;
    memcpy(out->local.sun_path, address->path, sizeof out->local.sun_path);
  } else if (address->ipv == 4) {
    out->v4.sin_family = AF_INET;
    out->v4.sin_port = htons((uint16_t)address->port);
    *size = sizeof out->v4;
    parsed = inet_pton(AF_INET, address->ip[0] ? address->ip : "127.0.0.1", &out->v4.sin_addr);
  } else {
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = htons((uint16_t)address->port);
    *size = sizeof out->v6;
    parsed = inet_pton(AF_INET6, address->ip[0] ? address->ip : "::1", &out->v6.sin6_addr);
  }
  if (parsed != 1) {
    return bench_fault_set(fault, "%s is not an IPv%d address", address->ip, address->ipv);
  }
  return 0;
}

static int prepare(int fd, bool tcp, struct bench_fault *fault) {
  struct timeval limit = {.tv_sec = BENCH_TIMEOUT_MS / 1000};
  int on = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
      setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0 ||
      (tcp && setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)) {
    return bench_fault_errno(fault, errno, "setting the options of a socket");
  }
  return 0;
}

static int close_failed(int fd) {
  close(fd);
  return -1;
}

static int open_socket(const struct bench_address *address, union socket_address *name,
                       socklen_t *size, struct bench_fault *fault) {
  if (fill(address, name, size, fault) != 0) return -1;
  int fd = socket(name->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0) return fd;
  int error = errno;
  if (error == EAFNOSUPPORT) {
    return bench_fault_skip(fault, "this machine has no IPv%d", address->ipv);
  }
  return bench_fault_errno(fault, error, "opening a socket");
}

int bench_net_listen(struct bench_address *address, int receive_bytes, struct bench_fault *fault) {
  union socket_address name;
  socklen_t size;
  int fd = open_socket(address, &name, &size, fault);
  if (fd < 0) return -1;
  if (receive_bytes > 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive_bytes, 4) != 0) {
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, 4);
  }
  if (bind(fd, &name.any, size) != 0) {
    int error = errno;
    bench_fault_errno(fault, error, "binding to %s",
                      address->ipv == 0 ? address->path : address->ip);
    fault->skipped = error == EADDRNOTAVAIL; /* no IPv6 loopback, or the address is not ours */
    return close_failed(fd);
  }
  if (listen(fd, 4) != 0) {
    bench_fault_errno(fault, errno, "listening");
    return close_failed(fd);
  }
  if (address->ipv == 0) return fd;
  if (getsockname(fd, &name.any, &size) != 0) {
    bench_fault_errno(fault, errno, "asking for the port");
    return close_failed(fd);
  }
  address->port = ntohs(address->ipv == 4 ? name.v4.sin_port : name.v6.sin6_port);
  return fd;
}

int bench_net_connect(const struct bench_address *address, struct bench_fault *fault) {
  union socket_address name;
  socklen_t size;
  int fd = open_socket(address, &name, &size, fault);
  if (fd < 0) return -1;
  if (prepare(fd, address->ipv != 0, fault) != 0) return close_failed(fd);
  if (connect(fd, &name.any, size) != 0) {
    bench_fault_errno(fault, errno, "connecting to the peer");
    return close_failed(fd);
  }
  return fd;
}

int bench_net_accept(int listener, bool tcp, struct bench_fault *fault) {
  int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  if (fd < 0) return bench_fault_errno(fault, errno, "accepting a connection");
  if (prepare(fd, tcp, fault) != 0) return close_failed(fd);
  return fd;
}

int bench_net_open_pipe(int64_t pid, int64_t fd, bool writing, struct bench_fault *fault) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%lld/fd/%lld", (long long)pid, (long long)fd);
  int opened = open(path, (writing ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
  if (opened < 0) return bench_fault_errno(fault, errno, "opening the worker's pipe %s", path);
  (void)fcntl(opened, F_SETPIPE_SZ,
              BENCH_PIPE_BYTES); /* EPERM past a user's limit: it stays smaller */
  return opened;
}

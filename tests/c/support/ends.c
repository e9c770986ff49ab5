/* SPDX-License-Identifier: Apache-2.0 */
#include "support/ends.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/check.h"

static void tcp_pair(int family, int fds[2]) {
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr *address = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
  socklen_t size = family == AF_INET ? sizeof v4 : sizeof v6;
  int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_true(listener >= 0);
  assert_int_equal(bind(listener, address, size), 0);
  assert_int_equal(listen(listener, 1), 0);
  assert_int_equal(getsockname(listener, address, &size), 0);
  fds[0] = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  assert_int_equal(connect(fds[0], address, size), 0);
  fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  assert_true(fds[1] >= 0);
  close(listener);
  int on = 1;
  setsockopt(fds[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

struct pair pair_open(int pair_kind) {
  int fds[2];
  struct pair pair = {.kind = ZN_END_TCP};
  switch (pair_kind) {
    case PAIR_TCP4:
      tcp_pair(AF_INET, fds);
      break;
    case PAIR_TCP6:
      tcp_pair(AF_INET6, fds);
      break;
    case PAIR_UNIX:
      pair.kind = ZN_END_UNIX;
      assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
      break;
    default:
      pair.kind = ZN_END_PIPE;
      assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
      pair.reader = fds[0];
      pair.writer = fds[1];
      return pair;
  }
  pair.writer = fds[0];
  pair.reader = fds[1];
  return pair;
}

void pair_close(struct pair *pair) {
  if (pair->writer >= 0) close(pair->writer);
  if (pair->reader >= 0) close(pair->reader);
  pair->writer = pair->reader = -1;
}

void set_nonblocking(int fd) {
  assert_int_equal(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), 0);
}

void fill_pattern(uint8_t *bytes, int64_t size, uint32_t seed) {
  uint32_t state = seed * 2654435761u + 1;
  for (int64_t i = 0; i < size; i++) {
    state = state * 1664525u + 1013904223u;
    bytes[i] = (uint8_t)(state >> 24);
  }
}

int file_make(int64_t size, uint32_t seed) {
  const char *directory = getenv("TMPDIR");
  char path[256];
  snprintf(path, sizeof path, "%s/znio-test-XXXXXX", directory != NULL ? directory : "/tmp");
  int fd = mkostemp(path, O_CLOEXEC);
  assert_true(fd >= 0);
  unlink(path);
  if (size > 0) {
    uint8_t *bytes = malloc((size_t)size);
    fill_pattern(bytes, size, seed);
    assert_int_equal(pwrite(fd, bytes, (size_t)size, 0), size);
    free(bytes);
  }
  return fd;
}

void assert_file_holds(int fd, int64_t offset, const uint8_t *expected, int64_t size) {
  uint8_t *bytes = malloc((size_t)size + 1);
  assert_int_equal(pread(fd, bytes, (size_t)size + 1, offset), size);
  assert_memory_equal(bytes, expected, (size_t)size);
  free(bytes);
}

static void *collect(void *argument) {
  struct collector *collector = argument;
  for (;;) {
    if (collector->size == collector->capacity) {
      collector->capacity = collector->capacity * 2 + 65536;
      collector->bytes = realloc(collector->bytes, (size_t)collector->capacity);
    }
    ssize_t got = read(collector->fd, collector->bytes + collector->size,
                       (size_t)(collector->capacity - collector->size));
    if (got <= 0) return NULL;
    collector->size += got;
  }
}

void collector_start(struct collector *collector, int fd) {
  *collector = (struct collector){.fd = fd};
  assert_int_equal(pthread_create(&collector->thread, NULL, collect, collector), 0);
}

void collector_assert(struct collector *collector, const uint8_t *expected, int64_t size) {
  pthread_join(collector->thread, NULL);
  assert_int_equal(collector->size, size);
  if (size > 0) assert_memory_equal(collector->bytes, expected, (size_t)size);
  free(collector->bytes);
}

static void *feed(void *argument) {
  struct feeder *feeder = argument;
  for (int64_t done = 0; done < feeder->size;) {
    ssize_t written = write(feeder->fd, feeder->bytes + done, (size_t)(feeder->size - done));
    if (written <= 0) break;
    done += written;
  }
  close(feeder->fd);
  return NULL;
}

void feeder_start(struct feeder *feeder, int fd, const uint8_t *bytes, int64_t size) {
  *feeder = (struct feeder){.fd = fd, .bytes = bytes, .size = size};
  assert_int_equal(pthread_create(&feeder->thread, NULL, feed, feeder), 0);
}

void feeder_join(struct feeder *feeder) { pthread_join(feeder->thread, NULL); }

int open_descriptors(void) {
  DIR *directory = opendir("/proc/self/fd");
  assert_non_null(directory);
  int count = 0;
  while (readdir(directory) != NULL) count++;
  closedir(directory);
  return count - 3; /* ".", "..", and the directory itself */
}

struct zn_end end_file(int fd, int64_t offset) {
  return (struct zn_end){.kind = ZN_END_FILE, .fd = fd, .offset = offset};
}

struct zn_end end_of(int kind, int fd) {
  return (struct zn_end){.kind = kind, .fd = fd, .offset = ZN_OFFSET_CURRENT};
}

struct zn_end end_memory(void *address) {
  return (struct zn_end){
      .kind = ZN_END_MEMORY, .fd = -1, .offset = ZN_OFFSET_CURRENT, .address = address};
}

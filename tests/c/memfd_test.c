/* SPDX-License-Identifier: Apache-2.0 */
/* WRAP zn_sys_sendmsg */
/* Shared memory between two processes, and the path that sends it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/balance.h"
#include "support/check.h"
#include "support/ends.h"
#include "support/stall.h"
#include "znio/znio.h"

static int s_send_error;

int64_t __real_zn_sys_sendmsg(int fd, const struct msghdr *message, int flags);
int64_t __wrap_zn_sys_sendmsg(int fd, const struct msghdr *message, int flags);
int64_t __wrap_zn_sys_sendmsg(int fd, const struct msghdr *message, int flags) {
  return s_send_error != 0 ? s_send_error : __real_zn_sys_sendmsg(fd, message, flags);
}

static void test_size_is_sealed(void **state) {
  int fd;
  assert_int_equal(zn_memfd_create(10001, &fd), 0);
  struct stat status;
  assert_int_equal(fstat(fd, &status), 0);
  assert_int_equal(status.st_size, 10001);
  assert_int_equal(ftruncate(fd, 1), -1);
  assert_int_equal(errno, EPERM);
  assert_int_equal(ftruncate(fd, 20000), -1);
  assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1); /* nobody can add a seal */
  struct zn_ledger_totals totals;
  zn_ledger_read(&totals);
  assert_int_equal(totals.descriptors, balance.totals.descriptors + 1);
  assert_int_equal(zn_memfd_close(fd), 0);
  assert_int_equal(zn_memfd_close(fd), -EBADF);
  assert_int_equal(zn_memfd_create(0, &fd), -EINVAL);
  assert_int_equal(zn_memfd_create(-1, &fd), -EINVAL);
  assert_int_equal(fd, -1);
}

/* The child writes into the memory; the parent sees it in its own mapping. */
static int child_writes(int socket) {
  int fd;
  int64_t size;
  void *shared;
  if (zn_memfd_receive(socket, &fd, &size) != 0) return 1;
  if (zn_mapping_map(fd, 0, size, ZN_MAPPING_READ_WRITE, &shared) != 0) return 2;
  if (memcmp(shared, "question", 8) != 0) return 3;
  memcpy(shared, "answered", 8);
  return 0;
}

static void test_two_processes_share(void **state) {
  struct pair pair = pair_open(PAIR_UNIX);
  int fd;
  void *shared;
  assert_int_equal(zn_memfd_create(5000, &fd), 0);
  assert_int_equal(zn_mapping_map(fd, 0, 5000, ZN_MAPPING_READ_WRITE, &shared), 0);
  memcpy(shared, "question", 8);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    alarm(20);
    _exit(child_writes(pair.reader));
  }
  assert_int_equal(zn_memfd_send(pair.writer, fd, 5000), 0);
  assert_int_equal(zn_memfd_close(fd), 0);
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  assert_memory_equal(shared, "answered", 8);
  assert_int_equal(zn_mapping_unmap(shared, 5000), 0);
  pair_close(&pair);
}

static void test_foreign_messages(void **state) {
  struct pair pair = pair_open(PAIR_UNIX);
  int fd = 0;
  int64_t size = 0;
  assert_int_equal(write(pair.writer, "sixteen bytes !!", 16), 16);
  assert_int_equal(zn_memfd_receive(pair.reader, &fd, &size), -EPROTO);
  assert_int_equal(fd, -1);
  assert_int_equal(write(pair.writer, "short", 5), 5);
  assert_int_equal(zn_memfd_receive(pair.reader, &fd, &size), -EPROTO);
  /* A file is not sealed memory; nor is memory of another size than the message says. */
  int file = file_make(100, 1);
  assert_int_equal(zn_memfd_send(pair.writer, file, 100), 0);
  assert_int_equal(zn_memfd_receive(pair.reader, &fd, &size), -EPROTO);
  close(file);
  int unsealed = (int)syscall(SYS_memfd_create, "test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  assert_int_equal(ftruncate(unsealed, 100), 0);
  assert_int_equal(zn_memfd_send(pair.writer, unsealed, 100), 0);
  assert_int_equal(zn_memfd_receive(pair.reader, &fd, &size), -EPROTO);
  close(unsealed);
  int memory;
  assert_int_equal(zn_memfd_create(100, &memory), 0);
  assert_int_equal(zn_memfd_send(pair.writer, memory, 101), 0);
  assert_int_equal(zn_memfd_receive(pair.reader, &fd, &size), -EPROTO);
  assert_int_equal(zn_memfd_send(pair.writer, memory, 100), 0);
  assert_int_equal(zn_memfd_receive(pair.reader, &fd, &size), 0);
  assert_int_equal(size, 100);
  assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  assert_int_equal(zn_memfd_close(fd), 0);
  assert_int_equal(zn_memfd_close(memory), 0);
  pair_close(&pair);
}

/* Two descriptors where one is promised: both must be closed again. */
static void test_too_many_descriptors(void **state) {
  struct pair pair = pair_open(PAIR_UNIX);
  int fds[12];
  for (int i = 0; i < 12; i++) fds[i] = file_make(1, 1);
  static const int counts[] = {2, 12};
  for (int i = 0; i < 2; i++) {
    char text[16] = "znmemfd1";
    struct iovec vector = {.iov_base = text, .iov_len = sizeof text};
    union {
      struct cmsghdr header;
      char bytes[CMSG_SPACE(sizeof fds)];
    } control = {0};
    size_t bytes = (size_t)counts[i] * sizeof(int);
    struct msghdr message = {.msg_iov = &vector,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = CMSG_SPACE(bytes)};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(bytes);
    memcpy(CMSG_DATA(rights), fds, bytes);
    assert_int_equal(sendmsg(pair.writer, &message, 0), 16);
    int fd;
    int64_t size;
    assert_int_equal(zn_memfd_receive(pair.reader, &fd, &size), -EPROTO);
  }
  for (int i = 0; i < 12; i++) close(fds[i]);
  pair_close(&pair);
}

static void test_ends_of_the_wrong_kind(void **state) {
  struct pair tcp = pair_open(PAIR_TCP4);
  struct pair pipe = pair_open(PAIR_PIPE);
  struct pair local = pair_open(PAIR_UNIX);
  int memory;
  int fd;
  int64_t size;
  assert_int_equal(zn_memfd_create(100, &memory), 0);
  assert_int_equal(zn_memfd_send(tcp.writer, memory, 100), ZN_EPAIR);
  assert_int_equal(zn_memfd_send(pipe.writer, memory, 100), ZN_EPAIR);
  assert_int_equal(zn_memfd_send(-1, memory, 100), -EBADF);
  assert_int_equal(zn_memfd_send(local.writer, -1, 100), -EBADF);
  assert_int_equal(zn_memfd_send(local.writer, memory, 0), -EINVAL);
  set_nonblocking(local.reader);
  assert_int_equal(zn_memfd_receive(local.reader, &fd, &size), -EAGAIN);
  (void)fill_up(local.writer);
  set_nonblocking(local.writer);
  assert_int_equal(zn_memfd_send(local.writer, memory, 100), -EAGAIN);
  close(local.reader);
  local.reader = -1;
  assert_int_equal(zn_memfd_send(local.writer, memory, 100), -EPIPE);
  struct pair other = pair_open(PAIR_UNIX);
  close(other.writer);
  other.writer = -1;
  assert_int_equal(zn_memfd_receive(other.reader, &fd, &size), -ECONNRESET);
  pair_close(&other);
  assert_int_equal(zn_memfd_close(memory), 0);
  pair_close(&tcp);
  pair_close(&pipe);
  pair_close(&local);
}

static void test_interrupted(void **state) {
  struct pair pair = pair_open(PAIR_UNIX);
  int memory;
  int fd;
  int64_t size;
  assert_int_equal(zn_memfd_create(100, &memory), 0);
  struct interrupter interrupter;
  interrupter_start(&interrupter);
  assert_int_equal(zn_memfd_receive(pair.reader, &fd, &size), -EINTR);
  (void)fill_up(pair.writer);
  assert_int_equal(zn_memfd_send(pair.writer, memory, 100), -EINTR);
  interrupter_stop(&interrupter);
  assert_int_equal(zn_memfd_close(memory), 0);
  pair_close(&pair);
}

static int64_t by_memfd(struct zn_end source, int socket, int64_t count,
                        struct zn_receipt *receipt) {
  struct zn_transfer_options options = {.path = ZN_PATH_MEMFD};
  struct zn_end target = end_of(ZN_END_UNIX, socket);
  return zn_transfer(&source, &target, count, &options, receipt);
}

static void expect_shared(int socket, const uint8_t *expected, int64_t size) {
  int fd;
  int64_t got;
  assert_int_equal(zn_memfd_receive(socket, &fd, &got), 0);
  assert_int_equal(got, size);
  assert_file_holds(fd, 0, expected, size);
  assert_int_equal(zn_memfd_close(fd), 0);
}

static void test_path(void **state) {
  static const int64_t sizes[] = {1, 4095, 4096, (1 << 20) + 1, 64 << 20};
  for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    int64_t size = sizes[s];
    uint8_t *bytes = malloc((size_t)size + 5);
    fill_pattern(bytes, size + 5, 3);
    int file = file_make(size + 5, 3);
    struct pair pair = pair_open(PAIR_UNIX);
    struct zn_receipt receipt;
    assert_int_equal(by_memfd(end_file(file, 5), pair.writer, size, &receipt), size);
    assert_int_equal(receipt.path, ZN_PATH_MEMFD);
    assert_int_equal(lseek(file, 0, SEEK_CUR), 0);
    expect_shared(pair.reader, bytes + 5, size);
    assert_int_equal(by_memfd(end_memory(bytes + 1), pair.writer, size, NULL), size);
    expect_shared(pair.reader, bytes + 1, size);
    lseek(file, 5, SEEK_SET); /* its own position, and more than there is */
    struct zn_end own = end_file(file, ZN_OFFSET_CURRENT);
    assert_int_equal(by_memfd(own, pair.writer, INT64_MAX, NULL), size);
    assert_int_equal(lseek(file, 0, SEEK_CUR), size + 5);
    expect_shared(pair.reader, bytes + 5, size);
    assert_int_equal(by_memfd(own, pair.writer, INT64_MAX, NULL), 0);
    pair_close(&pair);
    close(file);
    free(bytes);
  }
}

static void test_path_fails_whole(void **state) {
  static const int errors[] = {-EAGAIN, -EINTR, -EPIPE, -EMFILE};
  uint8_t bytes[100] = {0};
  int file = file_make(100, 3);
  struct pair pair = pair_open(PAIR_UNIX);
  for (int i = 0; i < 4; i++) {
    s_send_error = errors[i];
    assert_int_equal(by_memfd(end_memory(bytes), pair.writer, 100, NULL), errors[i]);
    struct zn_end own = end_file(file, ZN_OFFSET_CURRENT);
    assert_int_equal(by_memfd(own, pair.writer, 100, NULL), errors[i]);
    assert_int_equal(lseek(file, 0, SEEK_CUR), 0); /* the source is where it was */
    s_send_error = 0;
  }
  assert_int_equal(by_memfd(end_memory((void *)16), pair.writer, 100, NULL), -EFAULT);
  struct zn_end source = end_memory(bytes);
  struct pair tcp = pair_open(PAIR_TCP4);
  struct zn_end target = end_of(ZN_END_TCP, tcp.writer);
  struct zn_transfer_options options = {.path = ZN_PATH_MEMFD};
  assert_int_equal(zn_transfer(&source, &target, 100, &options, NULL), ZN_EPAIR);
  pair_close(&tcp);
  pair_close(&pair);
  close(file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BALANCED(test_size_is_sealed),
      BALANCED(test_two_processes_share),
      BALANCED(test_foreign_messages),
      BALANCED(test_too_many_descriptors),
      BALANCED(test_ends_of_the_wrong_kind),
      BALANCED(test_interrupted),
      BALANCED(test_path),
      BALANCED(test_path_fails_whole),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

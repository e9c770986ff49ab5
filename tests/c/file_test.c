/* SPDX-License-Identifier: Apache-2.0 */
/* WRAP zn_sys_open */
/* WRAP zn_sys_close */
/* Open files: flags, refusals, and locks against another process. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/balance.h"
#include "support/check.h"
#include "support/child.h"
#include "znio/znio.h"

static char s_path[64];
static int s_flags; /* of the last open */
static int s_close_error;

int __real_zn_sys_open(const char *path, int flags, unsigned mode);
int __wrap_zn_sys_open(const char *path, int flags, unsigned mode);
int __wrap_zn_sys_open(const char *path, int flags, unsigned mode) {
  s_flags = flags;
  return __real_zn_sys_open(path, flags, mode);
}

int __real_zn_sys_close(int fd);
int __wrap_zn_sys_close(int fd);
int __wrap_zn_sys_close(int fd) {
  int result = __real_zn_sys_close(fd);
  return result == 0 ? s_close_error : result;
}

static int make_path(void **state) {
  snprintf(s_path, sizeof s_path, "/tmp/zn-file-XXXXXX");
  int fd = mkstemp(s_path);
  if (fd < 0 || write(fd, "0123456789", 10) != 10) return -1;
  close(fd);
  s_close_error = 0;
  return balance_setup(state);
}

static int remove_path(void **state) {
  unlink(s_path);
  return balance_teardown(state);
}

static int open_file(uint32_t flags) {
  int fd;
  assert_int_equal(zn_file_open(s_path, flags, 0600, &fd), 0);
  return fd;
}

static void test_flags(void **state) {
  static const struct {
    uint32_t flags;
    int expected;
  } rows[] = {
      {ZN_FILE_READ, O_RDONLY},
      {ZN_FILE_WRITE, O_WRONLY},
      {ZN_FILE_READ | ZN_FILE_WRITE, O_RDWR},
      {ZN_FILE_WRITE | ZN_FILE_APPEND, O_WRONLY | O_APPEND},
      {ZN_FILE_WRITE | ZN_FILE_TRUNCATE, O_WRONLY | O_TRUNC},
      {ZN_FILE_WRITE | ZN_FILE_CREATE, O_WRONLY | O_CREAT},
      {ZN_FILE_READ | ZN_FILE_TRUNCATE | ZN_FILE_CREATE | ZN_FILE_CREATE_NEW, O_RDONLY},
      {ZN_FILE_READ | ZN_FILE_SYNC, O_SYNC},
      {ZN_FILE_READ | ZN_FILE_DSYNC, O_DSYNC},
      {ZN_FILE_READ | ZN_FILE_NO_FOLLOW, O_NOFOLLOW},
      {ZN_FILE_READ | ZN_FILE_DELETE, O_NOFOLLOW},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    int fd = open_file(rows[i].flags);
    assert_int_equal(s_flags, rows[i].expected);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(zn_file_close(fd), 0);
  }
  assert_int_equal(access(s_path, F_OK), -1); /* the last row */
}

static void test_refusals(void **state) {
  int fd = 1;
  assert_int_equal(zn_file_open(s_path, 0, 0600, &fd), -EINVAL);
  assert_int_equal(fd, -1);
  assert_int_equal(zn_file_open(s_path, ZN_FILE_APPEND, 0600, &fd), -EINVAL);
  assert_int_equal(zn_file_open(s_path, ZN_FILE_READ | 2048, 0600, &fd), -EINVAL);
  assert_int_equal(zn_file_open("/tmp/zn-file-none/x", ZN_FILE_READ, 0600, &fd), -ENOENT);
  uint32_t create_new = ZN_FILE_WRITE | ZN_FILE_CREATE_NEW;
  assert_int_equal(zn_file_open(s_path, create_new, 0600, &fd), -EEXIST);
  assert_int_equal(zn_file_open("/tmp", create_new, 0600, &fd), -EEXIST);
  assert_int_equal(zn_file_open(".", create_new, 0600, &fd), -EEXIST);
  assert_int_equal(zn_file_open("/tmp/.", create_new, 0600, &fd), -EEXIST);
  assert_int_equal(zn_file_close(-1), -EBADF);
  char byte;
  assert_int_equal(zn_file_read(-1, &byte, 1), -EBADF);
  fd = open_file(ZN_FILE_READ);
  assert_int_equal(zn_file_read(fd, &byte, -1), -EINVAL);
  assert_int_equal(zn_file_pread(fd, &byte, -1, 0), -EINVAL);
  assert_int_equal(zn_file_pread(fd, &byte, 1, -1), -EINVAL);
  assert_int_equal(zn_file_write(fd, &byte, -1), -EINVAL);
  assert_int_equal(zn_file_write(fd, &byte, 1), -EBADF);
  assert_int_equal(zn_file_pwrite(fd, &byte, -1, 0), -EINVAL);
  assert_int_equal(zn_file_readv(fd, NULL, ZN_FILE_PARTS_MAX + 1), -EINVAL);
  assert_int_equal(zn_file_lock(fd, -1, 1, true, false), -EINVAL);
  assert_int_equal(zn_file_lock(fd, 0, -1, true, false), -EINVAL);
  assert_int_equal(zn_file_lock(fd, 0, 1, false, false), -EBADF);
  assert_int_equal(zn_file_unlock(fd, 0, -1), -EINVAL);
  assert_int_equal(zn_file_close(fd), 0);
}

static void test_ledger_counts_descriptors(void **state) {
  struct zn_ledger_totals totals;
  int fd = open_file(ZN_FILE_READ);
  zn_ledger_read(&totals);
  assert_int_equal(totals.descriptors, balance.totals.descriptors + 1);
  s_close_error = -EINTR; /* Linux has closed it all the same */
  assert_int_equal(zn_file_close(fd), 0);
  fd = open_file(ZN_FILE_READ);
  s_close_error = -EIO;
  assert_int_equal(zn_file_close(fd), -EIO);
  zn_ledger_read(&totals);
  assert_int_equal(totals.descriptors, balance.totals.descriptors);
}

static void test_positions_and_sizes(void **state) {
  int fd = open_file(ZN_FILE_READ | ZN_FILE_WRITE);
  char bytes[8];
  assert_int_equal(zn_file_read(fd, bytes, 3), 3);
  assert_int_equal(zn_file_position(fd), 3);
  assert_int_equal(zn_file_pread(fd, bytes, 8, 6), 4);
  assert_memory_equal(bytes, "6789", 4);
  assert_int_equal(zn_file_pread(fd, bytes, 8, 10), 0);
  assert_int_equal(zn_file_seek(fd, 20), 20);
  assert_int_equal(zn_file_write(fd, "x", 1), 1);
  assert_int_equal(zn_file_size(fd), 21);
  assert_int_equal(zn_file_pwrite(fd, "ab", 2, 0), 2);
  assert_int_equal(zn_file_position(fd), 21);
  assert_int_equal(zn_file_truncate(fd, 5), 0);
  assert_int_equal(zn_file_size(fd), 5);
  assert_int_equal(zn_file_sync(fd, true), 0);
  assert_int_equal(zn_file_sync(fd, false), 0);
  assert_true(zn_file_alignment(fd) >= 512);
  struct stat status;
  uint64_t device;
  uint64_t inode;
  assert_int_equal(fstat(fd, &status), 0);
  assert_int_equal(zn_file_identify(fd, &device, &inode), 0);
  assert_true(device == status.st_dev && inode == status.st_ino);
  assert_int_equal(zn_file_seek(fd, 0), 0);
  struct zn_file_part parts[] = {{bytes, 2}, {bytes + 4, 0}, {bytes + 5, 3}};
  assert_int_equal(zn_file_readv(fd, parts, 3), 5);
  assert_memory_equal(bytes, "ab", 2);
  assert_memory_equal(bytes + 5, "234", 3);
  assert_int_equal(zn_file_writev(fd, parts, 3), 5);
  assert_int_equal(zn_file_size(fd), 10);
  assert_int_equal(zn_file_close(fd), 0);
}

static void child_locks(void) {
  int fd;
  CHECK_EQUAL(zn_file_open(s_path, ZN_FILE_READ | ZN_FILE_WRITE, 0, &fd), 0);
  CHECK_EQUAL(zn_file_lock(fd, 5, 1, false, false), -EAGAIN);
  CHECK_EQUAL(zn_file_lock(fd, 5, 1, true, false), -EAGAIN);
  CHECK_EQUAL(zn_file_lock(fd, INT64_MAX - 1, 1, false, false), -EAGAIN); /* to the end */
  CHECK_EQUAL(zn_file_lock(fd, 0, 5, false, true), 0);
  CHECK_EQUAL(zn_file_lock(fd, 10, 5, true, false), 0);
  CHECK_EQUAL(zn_file_lock(fd, 10, 5, false, false), -EAGAIN);
  CHECK_EQUAL(zn_file_lock(fd, 15, 5, false, false), 0);
}

static void test_type(void **state) {
  static const struct {
    const char *path;
    int type;
  } files[] = {{"/proc/self/exe", ZN_FILE_REGULAR},
               {"/dev/null", ZN_FILE_DEVICE},
               {"/proc/self", ZN_FILE_OTHER}};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    int fd = open(files[i].path, O_RDONLY | O_CLOEXEC);
    assert_int_equal(zn_file_type(fd), files[i].type);
    assert_int_equal(close(fd), 0);
  }
  int ends[2];
  assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
  assert_int_equal(zn_file_type(ends[1]), ZN_FILE_PIPE);
  assert_int_equal(close(ends[0]) | close(ends[1]), 0);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  assert_int_equal(zn_file_type(ends[0]), ZN_FILE_SOCKET);
  assert_int_equal(close(ends[0]) | close(ends[1]), 0);
  assert_int_equal(zn_file_type(-1), -EBADF);
}

static void test_locks(void **state) {
  int fd = open_file(ZN_FILE_READ | ZN_FILE_WRITE);
  assert_int_equal(zn_file_lock(fd, 5, 5, false, true), 0);
  assert_int_equal(zn_file_lock(fd, 10, 5, true, true), 0);
  assert_int_equal(zn_file_lock(fd, 15, 10, false, true), 0);
  assert_int_equal(zn_file_unlock(fd, 15, 5), 0);
  assert_int_equal(zn_file_lock(fd, 100, 100, false, true), 0);
  assert_int_equal(zn_file_lock(fd, 200, 0, false, true), 0);
  child_assert(child_locks);
  assert_int_equal(zn_file_close(fd), 0);
}

static void on_alarm(int signal) {}

static void child_waits(void) {
  struct sigaction action = {.sa_handler = on_alarm}; /* without SA_RESTART */
  sigaction(SIGALRM, &action, NULL);
  int fd;
  CHECK_EQUAL(zn_file_open(s_path, ZN_FILE_READ | ZN_FILE_WRITE, 0, &fd), 0);
  alarm(1);
  CHECK_EQUAL(zn_file_lock(fd, 0, 1, false, true), -EINTR);
}

static void test_a_signal_ends_the_wait_for_a_lock(void **state) {
  int fd = open_file(ZN_FILE_READ | ZN_FILE_WRITE);
  assert_int_equal(zn_file_lock(fd, 0, 1, false, true), 0);
  child_assert(child_waits);
  assert_int_equal(zn_file_close(fd), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_path, remove_path)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_flags),
      TEST(test_refusals),
      TEST(test_ledger_counts_descriptors),
      TEST(test_positions_and_sizes),
      TEST(test_type),
      TEST(test_locks),
      TEST(test_a_signal_ends_the_wait_for_a_lock),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

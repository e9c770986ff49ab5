/* SPDX-License-Identifier: Apache-2.0 */
/* WRAP zn_sys_open */
/* WRAP zn_sys_unlink */
/* WRAP zn_sys_close */
/* WRAP zn_sys_read */
/* WRAP zn_sys_pread */
/* WRAP zn_sys_write */
/* WRAP zn_sys_pwrite */
/* WRAP zn_sys_readv */
/* WRAP zn_sys_writev */
/* WRAP zn_sys_lseek */
/* WRAP zn_sys_fstat */
/* WRAP zn_sys_device_bytes */
/* WRAP zn_sys_truncate */
/* WRAP zn_sys_fsync */
/* WRAP zn_sys_fdatasync */
/* WRAP zn_sys_fragment_bytes */
/* WRAP zn_sys_lock */
/*
 * Every system call of file.c fails, in every way that its manual page knows: the caller gets the
 * error after one call, EINTR too, which Java repeats, and nothing has changed; a short count is
 * passed on.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "support/balance.h"
#include "support/check.h"
#include "znio/znio.h"

static char s_path[64];
static int s_fd;
static int64_t s_result; /* of the next call, without the kernel; 0: the kernel's */
static int s_calls;
static mode_t s_type; /* what fstat says */

#define WRAP(result, name, parameters, arguments)                                                  \
  result __real_##name parameters;                                                                 \
  result __wrap_##name parameters;                                                                 \
  result __wrap_##name parameters {                                                                \
    s_calls++;                                                                                     \
    return s_result != 0 ? (result)s_result : __real_##name arguments;                             \
  }

WRAP(int, zn_sys_open, (const char *path, int flags, unsigned mode), (path, flags, mode))
WRAP(int64_t, zn_sys_read, (int fd, void *buffer, size_t size), (fd, buffer, size))
WRAP(int64_t, zn_sys_pread, (int fd, void *buffer, size_t size, int64_t offset),
     (fd, buffer, size, offset))
WRAP(int64_t, zn_sys_write, (int fd, const void *buffer, size_t size), (fd, buffer, size))
WRAP(int64_t, zn_sys_pwrite, (int fd, const void *buffer, size_t size, int64_t offset),
     (fd, buffer, size, offset))
WRAP(int64_t, zn_sys_readv, (int fd, const struct iovec *vector, int count), (fd, vector, count))
WRAP(int64_t, zn_sys_writev, (int fd, const struct iovec *vector, int count), (fd, vector, count))
WRAP(int64_t, zn_sys_lseek, (int fd, int64_t offset, int whence), (fd, offset, whence))
WRAP(int64_t, zn_sys_device_bytes, (int fd), (fd))
WRAP(int, zn_sys_truncate, (int fd, int64_t size), (fd, size))
WRAP(int, zn_sys_fsync, (int fd), (fd))
WRAP(int, zn_sys_fdatasync, (int fd), (fd))
WRAP(int64_t, zn_sys_fragment_bytes, (int fd), (fd))
WRAP(int, zn_sys_lock, (int fd, int type, int64_t position, int64_t size, bool wait),
     (fd, type, position, size, wait))

/* These two fail on their own, so that what comes before them does not. */
static int s_unlink_error;
static int s_fstat_error;

int __real_zn_sys_unlink(const char *path);
int __wrap_zn_sys_unlink(const char *path);
int __wrap_zn_sys_unlink(const char *path) {
  return s_unlink_error != 0 ? s_unlink_error : __real_zn_sys_unlink(path);
}

int __real_zn_sys_fstat(int fd, struct stat *status);
int __wrap_zn_sys_fstat(int fd, struct stat *status);
int __wrap_zn_sys_fstat(int fd, struct stat *status) {
  if (s_fstat_error != 0) return s_fstat_error;
  int result = __real_zn_sys_fstat(fd, status);
  if (s_type != 0) status->st_mode = s_type;
  return result;
}

/* Closes, and then says that something went wrong. */
int __real_zn_sys_close(int fd);
int __wrap_zn_sys_close(int fd);
int __wrap_zn_sys_close(int fd) {
  int result = __real_zn_sys_close(fd);
  return s_result != 0 ? (int)s_result : result;
}

static int open_file(void **state) {
  snprintf(s_path, sizeof s_path, "/tmp/zn-fault-XXXXXX");
  int fd = mkstemp(s_path);
  if (fd < 0 || write(fd, "0123456789", 10) != 10 || close(fd) != 0) return -1;
  int result = balance_setup(state);
  s_result = s_unlink_error = s_fstat_error = 0;
  s_type = 0;
  return result != 0 ? result : zn_file_open(s_path, ZN_FILE_READ | ZN_FILE_WRITE, 0, &s_fd);
}

static int close_file(void **state) {
  s_result = 0;
  if (zn_file_close(s_fd) != 0) return -1;
  unlink(s_path);
  return balance_teardown(state);
}

/* --- each call, on the same file --- */

static char s_bytes[4];
static const struct zn_file_part s_parts[] = {{s_bytes, 1}, {s_bytes + 1, 3}};

static int64_t call_read(void) { return zn_file_read(s_fd, s_bytes, 4); }
static int64_t call_pread(void) { return zn_file_pread(s_fd, s_bytes, 4, 2); }
static int64_t call_write(void) { return zn_file_write(s_fd, "abcd", 4); }
static int64_t call_pwrite(void) { return zn_file_pwrite(s_fd, "abcd", 4, 2); }
static int64_t call_readv(void) { return zn_file_readv(s_fd, s_parts, 2); }
static int64_t call_writev(void) { return zn_file_writev(s_fd, s_parts, 2); }
static int64_t call_seek(void) { return zn_file_seek(s_fd, 5); }
static int64_t call_position(void) { return zn_file_position(s_fd); }
static int64_t call_truncate(void) { return zn_file_truncate(s_fd, 5); }
static int64_t call_sync(void) { return zn_file_sync(s_fd, true); }
static int64_t call_sync_data(void) { return zn_file_sync(s_fd, false); }
static int64_t call_alignment(void) { return zn_file_alignment(s_fd); }
static int64_t call_lock(void) { return zn_file_lock(s_fd, 0, 5, false, true); }
static int64_t call_try_lock(void) { return zn_file_lock(s_fd, 0, 5, true, false); }
static int64_t call_unlock(void) { return zn_file_unlock(s_fd, 0, 5); }

static const struct {
  int64_t (*call)(void);
  int errors[12];
} s_rows[] = {
    {call_read, {EINTR, EAGAIN, EIO, EINVAL, EFAULT, EISDIR, EBADF}},
    {call_pread, {EINTR, EAGAIN, EIO, EINVAL, EFAULT, EISDIR, EBADF, ESPIPE}},
    {call_write, {EINTR, EAGAIN, EIO, EINVAL, EFAULT, ENOSPC, EDQUOT, EFBIG, EPIPE, EPERM}},
    {call_pwrite, {EINTR, EAGAIN, EIO, EINVAL, EFAULT, ENOSPC, EDQUOT, EFBIG, ESPIPE, EPERM}},
    {call_readv, {EINTR, EAGAIN, EIO, EINVAL, EFAULT, EISDIR}},
    {call_writev, {EINTR, EAGAIN, EIO, EINVAL, EFAULT, ENOSPC, EDQUOT, EFBIG, EPIPE}},
    {call_seek, {EINVAL, ESPIPE, EOVERFLOW}},
    {call_position, {ESPIPE, EOVERFLOW}},
    {call_truncate, {EINTR, EFBIG, EIO, EPERM, EINVAL, ETXTBSY}},
    {call_sync, {EINTR, EIO, ENOSPC, EDQUOT, EROFS, EINVAL}},
    {call_sync_data, {EINTR, EIO, ENOSPC, EDQUOT, EROFS, EINVAL}},
    {call_alignment, {EINTR, EIO, ENOSYS, EOVERFLOW}},
    {call_lock, {EINTR, EDEADLK, ENOLCK, EBADF, EINVAL}},
    {call_try_lock, {EAGAIN, ENOLCK, EBADF, EINVAL}},
    {call_unlock, {ENOLCK, EINVAL}},
};
#define ROWS (sizeof s_rows / sizeof s_rows[0])

static void test_each_error_ends_the_call(void **state) {
  for (size_t i = 0; i < ROWS; i++) {
    for (const int *error = s_rows[i].errors; *error != 0; error++) {
      s_result = -*error;
      s_calls = 0;
      assert_int_equal(s_rows[i].call(), -*error);
      assert_int_equal(s_calls, 1);
      s_result = 0;
      assert_int_equal(zn_file_position(s_fd), 0);
      assert_int_equal(zn_file_size(s_fd), 10);
    }
  }
  for (size_t i = 0; i < ROWS; i++) assert_true(s_rows[i].call() >= 0);
}

static void test_short_counts_are_passed_on(void **state) {
  for (size_t i = 0; i < 6; i++) {
    for (int64_t n = 1; n < 4; n++) {
      s_result = n;
      s_calls = 0;
      assert_int_equal(s_rows[i].call(), n);
      assert_int_equal(s_calls, 1);
    }
  }
}

static void test_open(void **state) {
  static const int errors[] = {EINTR, ENOENT, EACCES, EPERM,  ELOOP,  ENOTDIR, ENAMETOOLONG, EROFS,
                               ENXIO, ENOSPC, EDQUOT, EMFILE, ENFILE, EINVAL,  ETXTBSY};
  for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
    int fd = 1;
    s_result = -errors[i];
    s_calls = 0;
    assert_int_equal(zn_file_open(s_path, ZN_FILE_READ, 0, &fd), -errors[i]);
    assert_int_equal(fd, -1);
    assert_int_equal(s_calls, 1);
  }
  struct zn_ledger_totals totals;
  zn_ledger_read(&totals);
  assert_int_equal(totals.descriptors, balance.totals.descriptors + 1);
}

/* As in the JDK: it is open, and its name stays. */
static void test_a_name_that_cannot_be_removed(void **state) {
  int fd;
  s_unlink_error = -EACCES;
  assert_int_equal(zn_file_open(s_path, ZN_FILE_READ | ZN_FILE_DELETE, 0, &fd), 0);
  assert_int_equal(access(s_path, F_OK), 0);
  assert_int_equal(zn_file_close(fd), 0);
}

static void test_close(void **state) {
  static const int errors[] = {EIO, ENOSPC, EDQUOT};
  for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
    int fd;
    s_result = 0;
    assert_int_equal(zn_file_open(s_path, ZN_FILE_READ, 0, &fd), 0);
    s_result = -errors[i];
    assert_int_equal(zn_file_close(fd), -errors[i]);
    assert_int_equal(fcntl(fd, F_GETFD), -1); /* closed all the same */
  }
}

static void test_size(void **state) {
  static const int errors[] = {EOVERFLOW, EBADF, EIO};
  for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
    s_fstat_error = -errors[i];
    assert_int_equal(zn_file_size(s_fd), -errors[i]);
    uint64_t device;
    uint64_t inode;
    assert_int_equal(zn_file_identify(s_fd, &device, &inode), -errors[i]);
  }
  s_fstat_error = 0;
  s_type = S_IFBLK;
  s_result = -EINVAL;
  assert_int_equal(zn_file_size(s_fd), -EINVAL);
  s_result = (int64_t)3 << 40;
  assert_int_equal(zn_file_size(s_fd), (int64_t)3 << 40);
}

static void test_locks_of_others(void **state) {
  s_result = -EACCES; /* fcntl(2): or EAGAIN */
  assert_int_equal(call_try_lock(), -EAGAIN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_file, close_file)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_each_error_ends_the_call),
      TEST(test_short_counts_are_passed_on),
      TEST(test_open),
      TEST(test_a_name_that_cannot_be_removed),
      TEST(test_close),
      TEST(test_size),
      TEST(test_locks_of_others),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "znio/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "ledger_count.h"
#include "sys.h"
#include "znio/guard.h"

#define ZN_FILE_FLAGS_ALL 2047u

_Static_assert(sizeof(struct zn_file_part) == sizeof(struct iovec), "a part is the kernel's iovec");
_Static_assert(offsetof(struct zn_file_part, size) == offsetof(struct iovec, iov_len), "likewise");

static int access_of(uint32_t flags) {
  if ((flags & ZN_FILE_WRITE) == 0) return O_RDONLY;
  return (flags & ZN_FILE_READ) != 0 ? O_RDWR : O_WRONLY;
}

static int kernel_flags(uint32_t flags) {
  static const struct {
    uint32_t flag;
    int kernel;
    bool writes; /* counts with WRITE only */
  } table[] = {
      {ZN_FILE_APPEND, O_APPEND, true},  {ZN_FILE_TRUNCATE, O_TRUNC, true},
      {ZN_FILE_CREATE, O_CREAT, true},   {ZN_FILE_CREATE_NEW, O_CREAT | O_EXCL, true},
      {ZN_FILE_SYNC, O_SYNC, false},     {ZN_FILE_DSYNC, O_DSYNC, false},
      {ZN_FILE_DIRECT, O_DIRECT, false}, {ZN_FILE_NO_FOLLOW, O_NOFOLLOW, false},
  };
  int result = access_of(flags);
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    bool counts = !table[i].writes || (flags & ZN_FILE_WRITE) != 0;
    if (counts && (flags & table[i].flag) != 0) result |= table[i].kernel;
  }
  /* Else the link would lose its name, and the file keep its own. */
  return (flags & ZN_FILE_DELETE) != 0 ? result | O_NOFOLLOW : result;
}

/* "." and "a/." exist, but open says EISDIR or ENOENT of them. */
static bool is_dot(const char *path) {
  size_t length = strlen(path);
  return length > 0 && path[length - 1] == '.' && (length == 1 || path[length - 2] == '/');
}

int zn_file_open(const char *path, uint32_t flags, uint32_t mode, int *fd) {
  *fd = -1;
  if ((flags & ~ZN_FILE_FLAGS_ALL) != 0) return -EINVAL;
  if ((flags & (ZN_FILE_READ | ZN_FILE_WRITE)) == 0) return -EINVAL;
  bool is_new = (flags & ZN_FILE_CREATE_NEW) != 0 && (flags & ZN_FILE_WRITE) != 0;
  if (is_new && is_dot(path)) return -EEXIST;
  int opened = zn_sys_open(path, kernel_flags(flags), mode);
  if (opened < 0) return is_new && opened == -EISDIR ? -EEXIST : opened;
  if ((flags & ZN_FILE_DELETE) != 0) (void)zn_sys_unlink(path);
  zn_ledger_count(ZN_LEDGER_DESCRIPTOR, 1);
  *fd = opened;
  return 0;
}

int zn_file_close(int fd) {
  int result = zn_sys_close(fd);
  if (result == -EBADF) return result;
  zn_ledger_count(ZN_LEDGER_DESCRIPTOR, -1);
  return result == -EINTR ? 0 : result; /* closed all the same */
}

/* Asked before a call, and after it of its result: INV-54. */
static int64_t undamaged(const void *buffer, int64_t size, int64_t result) {
  int64_t offset;
  int damaged = zn_guard_check(buffer, size, &offset);
  return damaged < 0 ? damaged : result;
}

static int64_t undamaged_parts(const struct zn_file_part *parts, int count, int64_t result) {
  for (int i = 0; i < count; i++) {
    int64_t damaged = undamaged(parts[i].address, parts[i].size, 0);
    if (damaged < 0) return damaged;
  }
  return result;
}

static int64_t check(const void *buffer, int64_t size) {
  return size < 0 ? -EINVAL : undamaged(buffer, size, 0);
}

static int64_t check_parts(const struct zn_file_part *parts, int count) {
  return count < 0 || count > ZN_FILE_PARTS_MAX ? -EINVAL : undamaged_parts(parts, count, 0);
}

int64_t zn_file_read(int fd, void *buffer, int64_t size) {
  int64_t refusal = check(buffer, size);
  return refusal < 0 ? refusal : undamaged(buffer, size, zn_sys_read(fd, buffer, (size_t)size));
}

int64_t zn_file_pread(int fd, void *buffer, int64_t size, int64_t offset) {
  int64_t refusal = check(buffer, size);
  if (refusal < 0) return refusal;
  return undamaged(buffer, size, zn_sys_pread(fd, buffer, (size_t)size, offset));
}

int64_t zn_file_write(int fd, const void *buffer, int64_t size) {
  int64_t refusal = check(buffer, size);
  return refusal < 0 ? refusal : undamaged(buffer, size, zn_sys_write(fd, buffer, (size_t)size));
}

int64_t zn_file_pwrite(int fd, const void *buffer, int64_t size, int64_t offset) {
  int64_t refusal = check(buffer, size);
  if (refusal < 0) return refusal;
  return undamaged(buffer, size, zn_sys_pwrite(fd, buffer, (size_t)size, offset));
}

int64_t zn_file_readv(int fd, const struct zn_file_part *parts, int count) {
  int64_t refusal = check_parts(parts, count);
  if (refusal < 0) return refusal;
  return undamaged_parts(parts, count, zn_sys_readv(fd, (const struct iovec *)parts, count));
}

int64_t zn_file_writev(int fd, const struct zn_file_part *parts, int count) {
  int64_t refusal = check_parts(parts, count);
  if (refusal < 0) return refusal;
  return undamaged_parts(parts, count, zn_sys_writev(fd, (const struct iovec *)parts, count));
}

int64_t zn_file_seek(int fd, int64_t position) { return zn_sys_lseek(fd, position, SEEK_SET); }

int64_t zn_file_position(int fd) { return zn_sys_lseek(fd, 0, SEEK_CUR); }

int64_t zn_file_size(int fd) {
  struct stat status;
  int result = zn_sys_fstat(fd, &status);
  if (result < 0) return result;
  return S_ISBLK(status.st_mode) ? zn_sys_device_bytes(fd) : status.st_size;
}

int zn_file_type(int fd) {
  struct stat status;
  int result = zn_sys_fstat(fd, &status);
  if (result < 0) return result;
  switch (status.st_mode & S_IFMT) {
    case S_IFREG:
      return ZN_FILE_REGULAR;
    case S_IFBLK:
    case S_IFCHR:
      return ZN_FILE_DEVICE;
    case S_IFIFO:
      return ZN_FILE_PIPE;
    case S_IFSOCK:
      return ZN_FILE_SOCKET;
    default:
      return ZN_FILE_OTHER;
  }
}

int zn_file_identify(int fd, uint64_t *device, uint64_t *inode) {
  struct stat status;
  int result = zn_sys_fstat(fd, &status);
  if (result < 0) return result;
  *device = status.st_dev;
  *inode = status.st_ino;
  return 0;
}

int zn_file_truncate(int fd, int64_t size) { return zn_sys_truncate(fd, size); }

int zn_file_sync(int fd, bool metadata) {
  return metadata ? zn_sys_fsync(fd) : zn_sys_fdatasync(fd);
}

int64_t zn_file_alignment(int fd) {
  int64_t bytes = zn_sys_fragment_bytes(fd);
  return bytes == 0 ? -EIO : bytes;
}

int zn_file_lock(int fd, int64_t position, int64_t size, bool shared, bool wait) {
  if (position < 0 || size < 0) return -EINVAL;
  int result = zn_sys_lock(fd, shared ? F_RDLCK : F_WRLCK, position, size, wait);
  return result == -EACCES ? -EAGAIN : result; /* fcntl(2): either */
}

int zn_file_unlock(int fd, int64_t position, int64_t size) {
  if (position < 0 || size < 0) return -EINVAL;
  return zn_sys_lock(fd, F_UNLCK, position, size, false);
}

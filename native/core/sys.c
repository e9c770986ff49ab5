/* SPDX-License-Identifier: Apache-2.0 */
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/fs.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

/*
 * glibc 2.17 and older kernel headers are enough: what either may lack is called by number, and the
 * kernel's structures and flags that they may not know stand here (asm-generic, uapi/linux/stat.h).
 */

#define ZN_STATX_DIOALIGN 0x2000U

struct kernel_statx {
  uint32_t mask;
  uint32_t skipped[37];
  uint32_t memory_alignment; /* stx_dio_mem_align */
  uint32_t offset_alignment; /* stx_dio_offset_align */
  uint32_t spare[24];
};
_Static_assert(sizeof(struct kernel_statx) == 256, "struct statx has 256 bytes");

static _Thread_local int64_t t_calls;

int64_t zn_sys_count(void) { return t_calls; }

void zn_sys_count_add(int64_t calls) { t_calls += calls; }

int64_t zn_sys_page_bytes(void) {
  static _Atomic int64_t s_page_bytes; /* racing threads write the same value */
  int64_t bytes = atomic_load_explicit(&s_page_bytes, memory_order_relaxed);
  if (bytes == 0) {
    bytes = sysconf(_SC_PAGESIZE);
    atomic_store_explicit(&s_page_bytes, bytes, memory_order_relaxed);
  }
  return bytes;
}

/* Counts the call and turns -1 into -errno. */
static inline int64_t counted(int64_t result) {
  t_calls++;
  return result < 0 ? -errno : result;
}

int64_t zn_sys_read(int fd, void *buffer, size_t size) { return counted(read(fd, buffer, size)); }

int64_t zn_sys_write(int fd, const void *buffer, size_t size) {
  return counted(write(fd, buffer, size));
}

int64_t zn_sys_pread(int fd, void *buffer, size_t size, int64_t offset) {
  return counted(pread(fd, buffer, size, offset));
}

/* On a descriptor with O_APPEND Linux appends, whatever the offset (pwrite(2), BUGS). */
int64_t zn_sys_pwrite(int fd, const void *buffer, size_t size, int64_t offset) {
  return counted(pwrite(fd, buffer, size, offset));
}

int64_t zn_sys_readv(int fd, const struct iovec *vector, int count) {
  return counted(readv(fd, vector, count));
}

int64_t zn_sys_writev(int fd, const struct iovec *vector, int count) {
  return counted(writev(fd, vector, count));
}

int64_t zn_sys_sendfile(int target, int source, int64_t *offset, size_t size) {
  return counted(sendfile(target, source, offset, size));
}

int64_t zn_sys_splice(int source, int64_t *source_offset, int target, int64_t *target_offset,
                      size_t size, unsigned flags) {
  return counted(splice(source, source_offset, target, target_offset, size, flags));
}

int64_t zn_sys_vmsplice(int pipe, const struct iovec *vector, size_t count, unsigned flags) {
  return counted(vmsplice(pipe, vector, count, flags));
}

int64_t zn_sys_tee(int source, int target, size_t size, unsigned flags) {
  return counted(tee(source, target, size, flags));
}

/* By number: glibc has a wrapper since 2.27, and emulated it by a copy loop until 2.30. */
int64_t zn_sys_copy_file_range(int source, int64_t *source_offset, int target,
                               int64_t *target_offset, size_t size) {
  return counted(
      syscall(SYS_copy_file_range, source, source_offset, target, target_offset, size, 0U));
}

int zn_sys_ficlonerange(int target, int source, int64_t source_offset, int64_t size,
                        int64_t target_offset) {
  struct file_clone_range range = {.src_fd = source,
                                   .src_offset = (uint64_t)source_offset,
                                   .src_length = (uint64_t)size,
                                   .dest_offset = (uint64_t)target_offset};
  return (int)counted(ioctl(target, FICLONERANGE, &range));
}

int64_t zn_sys_send(int fd, const void *buffer, size_t size, int flags) {
  return counted(send(fd, buffer, size, flags));
}

int64_t zn_sys_sendmsg(int fd, const struct msghdr *message, int flags) {
  return counted(sendmsg(fd, message, flags));
}

int64_t zn_sys_recvmsg(int fd, struct msghdr *message, int flags) {
  return counted(recvmsg(fd, message, flags));
}

int zn_sys_setsockopt(int fd, int level, int option, int value) {
  return (int)counted(setsockopt(fd, level, option, &value, sizeof value));
}

int zn_sys_getsockopt(int fd, int level, int option, int *value) {
  socklen_t size = sizeof *value;
  return (int)counted(getsockopt(fd, level, option, value, &size));
}

int zn_sys_poll(int fd, short events, int timeout_ms, short *revents) {
  struct pollfd poll_fd = {.fd = fd, .events = events};
  int result = (int)counted(poll(&poll_fd, 1, timeout_ms));
  *revents = poll_fd.revents;
  return result;
}

int zn_sys_poll_many(struct pollfd *fds, unsigned count, int timeout_ms) {
  return (int)counted(poll(fds, count, timeout_ms));
}

int zn_sys_shutdown(int fd, int how) { return (int)counted(shutdown(fd, how)); }

int zn_sys_socket_cookie(int fd, uint64_t *cookie) {
  socklen_t size = sizeof *cookie;
  return (int)counted(getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie, &size));
}

int zn_sys_socket_unsent(int fd) {
  int bytes = 0;
  int64_t result = counted(ioctl(fd, TIOCOUTQ, &bytes)); /* SIOCOUTQ, by its older name */
  return result < 0 ? (int)result : bytes;
}

int zn_sys_pipe(int fds[2]) { return (int)counted(pipe2(fds, O_CLOEXEC)); }

/* EPERM: more than /proc/sys/fs/pipe-max-size, or this user's pages are used up (Linux 4.5). */
int64_t zn_sys_pipe_resize(int fd, int64_t bytes) {
  return counted(fcntl(fd, F_SETPIPE_SZ, (int)bytes));
}

int64_t zn_sys_pipe_capacity(int fd) { return counted(fcntl(fd, F_GETPIPE_SZ)); }

int64_t zn_sys_pipe_bytes(int fd) {
  int bytes = 0;
  int64_t result = counted(ioctl(fd, FIONREAD, &bytes));
  return result < 0 ? result : bytes;
}

int zn_sys_open(const char *path, int flags, unsigned mode) {
  return (int)counted(open(path, flags | O_CLOEXEC, mode));
}

int zn_sys_reopen(int fd, int flags) {
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return zn_sys_open(path, flags, 0);
}

int zn_sys_unlink(const char *path) { return (int)counted(unlink(path)); }

/* After EINTR the descriptor is gone all the same (Linux): never close twice. */
int zn_sys_close(int fd) { return (int)counted(close(fd)); }

int zn_sys_dup(int fd) { return (int)counted(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

int zn_sys_fstat(int fd, struct stat *status) { return (int)counted(fstat(fd, status)); }

int zn_sys_direct_alignment(int fd, uint32_t *memory, uint32_t *offset) {
  struct kernel_statx status;
  int result = (int)counted(syscall(SYS_statx, fd, "", AT_EMPTY_PATH, ZN_STATX_DIOALIGN, &status));
  if (result < 0 || (status.mask & ZN_STATX_DIOALIGN) == 0) return -EOPNOTSUPP;
  *memory = status.memory_alignment;
  *offset = status.offset_alignment;
  return 0;
}

int64_t zn_sys_lseek(int fd, int64_t offset, int whence) {
  return counted(lseek(fd, offset, whence));
}

int zn_sys_status_flags(int fd) { return (int)counted(fcntl(fd, F_GETFL)); }

int zn_sys_mmap(int fd, int64_t offset, size_t size, int protection, int flags, void **out) {
  void *address = mmap(NULL, size, protection, flags, fd, offset);
  t_calls++;
  *out = address == MAP_FAILED ? NULL : address;
  return address == MAP_FAILED ? -errno : 0;
}

int zn_sys_munmap(void *address, size_t size) { return (int)counted(munmap(address, size)); }

int zn_sys_mprotect(void *address, size_t size, int protection) {
  return (int)counted(mprotect(address, size, protection));
}

int zn_sys_msync(void *address, size_t size) { return (int)counted(msync(address, size, MS_SYNC)); }

int zn_sys_mincore(void *address, size_t size, unsigned char *pages) {
  return (int)counted(mincore(address, size, pages));
}

int zn_sys_madvise(void *address, size_t size, int advice) {
  return (int)counted(madvise(address, size, advice));
}

int zn_sys_mmap_fixed(void *address, int fd, int64_t offset, size_t size, int protection,
                      int flags) {
  void *mapped = mmap(address, size, protection, flags | MAP_FIXED, fd, offset);
  t_calls++;
  return mapped == MAP_FAILED ? -errno : 0;
}

int zn_sys_mlock(void *address, size_t size, bool on_fault) {
  return (int)counted(syscall(SYS_mlock2, address, size, on_fault ? MLOCK_ONFAULT : 0));
}

int zn_sys_truncate(int fd, int64_t size) { return (int)counted(ftruncate(fd, size)); }

int zn_sys_fsync(int fd) { return (int)counted(fsync(fd)); }

int zn_sys_fdatasync(int fd) { return (int)counted(fdatasync(fd)); }

int zn_sys_lock(int fd, int type, int64_t position, int64_t size, bool wait) {
  struct flock lock = {.l_type = (short)type,
                       .l_whence = SEEK_SET,
                       .l_start = position,
                       .l_len = size == INT64_MAX ? 0 : size};
  return (int)counted(fcntl(fd, wait ? F_SETLKW : F_SETLK, &lock));
}

int64_t zn_sys_device_bytes(int fd) {
  uint64_t bytes = 0;
  int64_t result = counted(ioctl(fd, BLKGETSIZE64, &bytes));
  return result < 0 ? result : (int64_t)bytes;
}

int64_t zn_sys_fragment_bytes(int fd) {
  struct statvfs status;
  int64_t result = counted(fstatvfs(fd, &status));
  return result < 0 ? result : (int64_t)status.f_frsize;
}

int zn_sys_fallocate(int fd, int mode, int64_t offset, int64_t size) {
  return (int)counted(fallocate(fd, mode, offset, size));
}

int64_t zn_sys_block_bytes(int fd, int64_t *type) {
  struct statfs status;
  int64_t result = counted(fstatfs(fd, &status));
  if (result < 0) return result;
  *type = (int64_t)status.f_type;
  return (int64_t)status.f_bsize;
}

void zn_sys_yield(void) {
  t_calls++;
  (void)sched_yield();
}

int64_t zn_sys_process_id(void) { return counted(getpid()); }

int zn_sys_errno(void) { return errno; }

void zn_sys_errno_restore(int value) { errno = value; }

int zn_sys_membarrier_register(void) {
  return (int)counted(syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0));
}

int zn_sys_membarrier(void) {
  return (int)counted(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
}

int64_t zn_sys_process_vm_writev(void *target, const void *source, size_t size) {
  struct iovec from = {.iov_base = (void *)source, .iov_len = size};
  struct iovec to = {.iov_base = target, .iov_len = size};
  t_calls++; /* getpid: glibc does not remember it */
  return counted(process_vm_writev(getpid(), &from, 1, &to, 1, 0));
}

int zn_sys_memfd_create(const char *name, int64_t size) {
  int fd = (int)counted(syscall(SYS_memfd_create, name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (fd < 0) return fd;
  int64_t result = counted(ftruncate(fd, size));
  if (result == 0) return fd;
  (void)zn_sys_close(fd);
  return (int)result;
}

int zn_sys_memfd_seal(int fd, bool read_only) {
  int seals = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL | (read_only ? F_SEAL_FUTURE_WRITE : 0);
  return (int)counted(fcntl(fd, F_ADD_SEALS, seals));
}

int zn_sys_memfd_seals(int fd) { return (int)counted(fcntl(fd, F_GET_SEALS)); }

/* liburing returns -errno itself. */

int zn_sys_uring_init(struct io_uring *ring, unsigned entries) {
  t_calls++;
  return io_uring_queue_init(entries, ring, 0);
}

void zn_sys_uring_exit(struct io_uring *ring) {
  t_calls++;
  io_uring_queue_exit(ring);
}

int zn_sys_uring_register_buffers(struct io_uring *ring, const struct iovec *vector,
                                  unsigned count) {
  t_calls++;
  return io_uring_register_buffers(ring, vector, count);
}

/* Replaces one registered buffer (Linux 5.13); an empty vector takes it out. */
int zn_sys_uring_update_buffer(struct io_uring *ring, unsigned index, const struct iovec *vector) {
  t_calls++;
  return io_uring_register_buffers_update_tag(ring, index, vector, NULL, 1);
}

int zn_sys_uring_submit(struct io_uring *ring) {
  t_calls++;
  return io_uring_submit(ring);
}

int zn_sys_uring_submit_and_wait(struct io_uring *ring, unsigned count) {
  t_calls++;
  return io_uring_submit_and_wait(ring, count);
}

bool zn_sys_uring_supports(struct io_uring *ring, int opcode) {
  t_calls++;
  struct io_uring_probe *probe = io_uring_get_probe_ring(ring);
  bool supported = probe != NULL && io_uring_opcode_supported(probe, opcode);
  io_uring_free_probe(probe);
  return supported;
}

static int64_t read_clock(clockid_t clock, int64_t per_second) {
  struct timespec time;
  if (clock_gettime(clock, &time) != 0) return 0; /* every Linux has both */
  return time.tv_sec * per_second + time.tv_nsec / (1000000000 / per_second);
}

int64_t zn_sys_monotonic_us(void) { return read_clock(CLOCK_MONOTONIC, 1000000); }

int64_t zn_sys_unix_ms(void) { return read_clock(CLOCK_REALTIME, 1000); }

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edge to the kernel: every system call of znio is made here and nowhere else.
 *
 * Conventions: a function is zn_sys_<call>, takes the call's own arguments, makes exactly one
 * system call, adds one to the thread's counter, and returns its result, or -errno. EINTR is
 * returned. No function above touches errno. Addresses are never checked: the kernel answers
 * -EFAULT.
 *
 * Tests put a second implementation in front of each of these functions (ld --wrap), which fails
 * the n-th call or gives a short count.
 */
#ifndef ZN_CORE_SYS_H
#define ZN_CORE_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "znio/error.h"

/* madvise(2), Linux 5.14; musl's headers do not have them. */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

/* cmsg(3): the one behind it, or NULL. Musl's macro compares a size with a difference. */
static inline struct cmsghdr *zn_sys_next_control(struct msghdr *message, struct cmsghdr *control) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-compare"
  return CMSG_NXTHDR(message, control);
#pragma GCC diagnostic pop
}

/* sendfile, read, write and splice move at most this many bytes a call (MAX_RW_COUNT of Linux). */
#define ZN_SYS_IO_MAX ((int64_t)0x7ffff000)

/* System calls made by this thread. */
int64_t zn_sys_count(void);

/* Adds calls that a library makes for us on this thread (liburing). */
void zn_sys_count_add(int64_t calls);

int64_t zn_sys_page_bytes(void); /* no system call after the first */

int64_t zn_sys_read(int fd, void *buffer, size_t size);
int64_t zn_sys_write(int fd, const void *buffer, size_t size);
int64_t zn_sys_pread(int fd, void *buffer, size_t size, int64_t offset);
int64_t zn_sys_pwrite(int fd, const void *buffer, size_t size, int64_t offset);
int64_t zn_sys_readv(int fd, const struct iovec *vector, int count);
int64_t zn_sys_writev(int fd, const struct iovec *vector, int count);
int64_t zn_sys_sendfile(int target, int source, int64_t *offset, size_t size);
int64_t zn_sys_splice(int source, int64_t *source_offset, int target, int64_t *target_offset,
                      size_t size, unsigned flags);
int64_t zn_sys_vmsplice(int pipe, const struct iovec *vector, size_t count, unsigned flags);
int64_t zn_sys_tee(int source, int target, size_t size, unsigned flags);
int64_t zn_sys_copy_file_range(int source, int64_t *source_offset, int target,
                               int64_t *target_offset, size_t size);
int zn_sys_ficlonerange(int target, int source, int64_t source_offset, int64_t size,
                        int64_t target_offset);
int64_t zn_sys_send(int fd, const void *buffer, size_t size, int flags);
int64_t zn_sys_sendmsg(int fd, const struct msghdr *message, int flags);
int64_t zn_sys_recvmsg(int fd, struct msghdr *message, int flags);
int zn_sys_setsockopt(int fd, int level, int option, int value);
int zn_sys_getsockopt(int fd, int level, int option, int *value);
int zn_sys_poll(int fd, short events, int timeout_ms, short *revents);
struct pollfd;
int zn_sys_poll_many(struct pollfd *fds, unsigned count, int timeout_ms);
int zn_sys_shutdown(int fd, int how);
int zn_sys_socket_cookie(int fd,
                         uint64_t *cookie); /* SO_COOKIE (4.6): never used for another socket */
int zn_sys_socket_unsent(int fd);           /* SIOCOUTQ: bytes the peer has not acknowledged */

int zn_sys_pipe(int fds[2]);
int64_t zn_sys_pipe_resize(int fd, int64_t bytes); /* F_SETPIPE_SZ: the capacity set */
int64_t zn_sys_pipe_capacity(int fd);              /* F_GETPIPE_SZ */
int64_t zn_sys_pipe_bytes(int fd);                 /* FIONREAD */

int zn_sys_open(const char *path, int flags, unsigned mode);
int zn_sys_reopen(int fd, int flags); /* the same file again, through /proc/self/fd */
int zn_sys_unlink(const char *path);
int zn_sys_close(int fd);
int zn_sys_dup(int fd); /* close-on-exec */
int zn_sys_fstat(int fd, struct stat *status);
/* STATX_DIOALIGN (6.1): what O_DIRECT wants of addresses and of offsets and lengths. 0: O_DIRECT is
 * not possible on this file. returns: 0; -EOPNOTSUPP when kernel or file system cannot tell. */
int zn_sys_direct_alignment(int fd, uint32_t *memory, uint32_t *offset);
int64_t zn_sys_lseek(int fd, int64_t offset, int whence);
int zn_sys_status_flags(int fd); /* F_GETFL */

int zn_sys_mmap(int fd, int64_t offset, size_t size, int protection, int flags, void **out);
int zn_sys_munmap(void *address, size_t size);
int zn_sys_mprotect(void *address, size_t size, int protection);
int zn_sys_msync(void *address, size_t size);
int zn_sys_mincore(void *address, size_t size, unsigned char *pages);
int zn_sys_madvise(void *address, size_t size, int advice);
/* Over whatever lies at address: it is unmapped in the same step. */
int zn_sys_mmap_fixed(void *address, int fd, int64_t offset, size_t size, int protection,
                      int flags);
/* -ENOMEM: over RLIMIT_MEMLOCK, or a page cannot be had; -EPERM: that limit is 0. */
int zn_sys_mlock(void *address, size_t size, bool on_fault); /* mlock2 (4.4) */
int zn_sys_truncate(int fd, int64_t size);
int zn_sys_fsync(int fd);
int zn_sys_fdatasync(int fd);
/* F_SETLK, F_SETLKW of type F_RDLCK, F_WRLCK or F_UNLCK; size INT64_MAX: to the end. */
int zn_sys_lock(int fd, int type, int64_t position, int64_t size, bool wait);
int64_t zn_sys_device_bytes(int fd);   /* BLKGETSIZE64 */
int64_t zn_sys_fragment_bytes(int fd); /* fstatvfs: f_frsize */
int zn_sys_fallocate(int fd, int mode, int64_t offset, int64_t size);
int64_t zn_sys_block_bytes(int fd, int64_t *type); /* fstatfs: f_bsize and f_type */
void zn_sys_yield(void);
int64_t zn_sys_process_id(void);
/* Clocks; no system call where the kernel's vDSO reads them, and not counted. */
int64_t zn_sys_monotonic_us(void);
int64_t zn_sys_unix_ms(void);

/* For signal handlers, which must leave errno as they found it. */
int zn_sys_errno(void);
void zn_sys_errno_restore(int value);

/* Barriers on all threads of this process that run now (Linux 4.14). Register once, before the
 * first. */
int zn_sys_membarrier_register(void);
int zn_sys_membarrier(void);

/* Copies within this process through the kernel: a page that is gone gives EFAULT, not a signal. */
int64_t zn_sys_process_vm_writev(void *target, const void *source, size_t size);

int zn_sys_memfd_create(const char *name, int64_t size); /* created, sized, not sealed */
/* F_SEAL_GROW and F_SEAL_SHRINK. read_only: F_SEAL_FUTURE_WRITE too (Linux 5.1, else -EINVAL and no
 * seal): who maps it from now on reads only. */
int zn_sys_memfd_seal(int fd, bool read_only);
int zn_sys_memfd_seals(int fd);

struct io_uring;
int zn_sys_uring_init(struct io_uring *ring, unsigned entries);
void zn_sys_uring_exit(struct io_uring *ring);
int zn_sys_uring_register_buffers(struct io_uring *ring, const struct iovec *vector,
                                  unsigned count);
int zn_sys_uring_update_buffer(struct io_uring *ring, unsigned index, const struct iovec *vector);
int zn_sys_uring_submit(struct io_uring *ring); /* submits, waits for nothing */
int zn_sys_uring_submit_and_wait(struct io_uring *ring, unsigned count);
bool zn_sys_uring_supports(struct io_uring *ring, int opcode);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File: one open file, read, written and locked through its descriptor, one system call a function.
 *
 * A descriptor comes from zn_file_open, belongs to the caller, and ends by zn_file_close. Nothing
 * here keeps it from being closed during a call of another thread: the caller sees to that. -EINTR
 * is never repeated: a signal is how a blocked thread is woken before its descriptor is closed.
 * Counts, sizes and offsets are bytes. A short count is success. All functions: any thread.
 */
#ifndef ZNIO_FILE_H
#define ZNIO_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "znio/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How a file is opened; the options of FileChannel.open. At least one of READ and WRITE. */
enum zn_file_flag {
  ZN_FILE_READ = 1,
  ZN_FILE_WRITE = 2,
  ZN_FILE_APPEND = 4,      /* every write goes to the end, whatever offset is named */
  ZN_FILE_TRUNCATE = 8,    /* cut to nothing */
  ZN_FILE_CREATE = 16,     /* created if it is missing */
  ZN_FILE_CREATE_NEW = 32, /* created; -EEXIST if it is there, a symbolic link included */
  ZN_FILE_SYNC = 64,       /* a write returns when bytes and metadata are on the device */
  ZN_FILE_DSYNC = 128,     /* the same without the metadata that reading does not need */
  ZN_FILE_DIRECT = 256,    /* O_DIRECT: offsets, sizes and addresses must be aligned */
  ZN_FILE_NO_FOLLOW = 512, /* -ELOOP if the last part of the path is a symbolic link */
  /* Its name goes as soon as it is open, its bytes with the descriptor. With NO_FOLLOW. */
  ZN_FILE_DELETE = 1024, /* its name goes as soon as it is open, its bytes with the descriptor */
};

/*
 * Opens a file, close-on-exec. path: a C string in the file system's own bytes. mode: permissions
 * of a new file, less the umask. TRUNCATE, CREATE, CREATE_NEW and APPEND count with WRITE only. On
 * failure *fd is -1; with DELETE a name that cannot be removed is no failure, as in the JDK.
 * returns: 0; -EINVAL unknown flags, neither READ nor WRITE, or a file system without O_DIRECT;
 * -ENOENT, -EEXIST, -EACCES, -EPERM, -ELOOP, -EISDIR, -ENOTDIR, -ENAMETOOLONG, -EROFS, -ENXIO,
 * -ETXTBSY, -ENOSPC, -EDQUOT, -EMFILE, -ENFILE, -EINTR (a FIFO waits for its other end).
 */
ZN_API ZN_MUST_CHECK int zn_file_open(const char *path, uint32_t flags, uint32_t mode, int *fd);

/*
 * Closes a descriptor; POSIX locks of this process on the file go with it. returns: 0; -EIO,
 * -ENOSPC, -EDQUOT an earlier write failed, the descriptor is closed; -EBADF.
 */
ZN_API ZN_MUST_CHECK int zn_file_close(int fd);

/*
 * Reads at the descriptor's own position, which moves, or at offset. One call moves at most
 * 0x7ffff000 bytes. returns: bytes; 0 at the end; -EINVAL (misaligned, with DIRECT), -ESPIPE,
 * -EISDIR, -EFAULT, -EIO, -EAGAIN, -EINTR; ZN_EDAMAGED buffer lies in a mapping of zn_mapping_open
 * in which a page was lost: nothing was moved, or, if that was while the call ran, some bytes were.
 */
ZN_API ZN_MUST_CHECK int64_t zn_file_read(int fd, void *buffer, int64_t size);
ZN_API ZN_MUST_CHECK int64_t zn_file_pread(int fd, void *buffer, int64_t size, int64_t offset);

/*
 * The same for writing; zn_file_pwrite appends to a file that is open with APPEND. returns: bytes;
 * as above, and -ENOSPC, -EDQUOT, -EFBIG, -EPIPE.
 */
ZN_API ZN_MUST_CHECK int64_t zn_file_write(int fd, const void *buffer, int64_t size);
ZN_API ZN_MUST_CHECK int64_t zn_file_pwrite(int fd, const void *buffer, int64_t size,
                                            int64_t offset);

/* A piece of memory. */
struct zn_file_part {
  void *address;
  int64_t size;
};

/* Pieces that one call takes: IOV_MAX of Linux. */
#define ZN_FILE_PARTS_MAX 1024

/*
 * Reads into, or writes out of, several pieces at the descriptor's own position. returns: as
 * zn_file_read and zn_file_write; -EINVAL also for more than ZN_FILE_PARTS_MAX pieces.
 */
ZN_API ZN_MUST_CHECK int64_t zn_file_readv(int fd, const struct zn_file_part *parts, int count);
ZN_API ZN_MUST_CHECK int64_t zn_file_writev(int fd, const struct zn_file_part *parts, int count);

/* Moves the descriptor's own position, also past the end. returns: it, or -EINVAL, -ESPIPE. */
ZN_API ZN_MUST_CHECK int64_t zn_file_seek(int fd, int64_t position);

/* returns: the descriptor's own position, or -ESPIPE. */
ZN_API ZN_MUST_CHECK int64_t zn_file_position(int fd);

/* What a descriptor is open on. */
enum zn_file_type {
  ZN_FILE_REGULAR,
  ZN_FILE_DEVICE, /* block or character */
  ZN_FILE_PIPE,
  ZN_FILE_SOCKET,
  ZN_FILE_OTHER /* a directory; what has no name, as an epoll */
};

/* By one fstat. returns: enum zn_file_type; -EBADF. */
ZN_API ZN_MUST_CHECK int zn_file_type(int fd);

/* Sets what two descriptors of one file have in common, and no others as long as one of them is
 * open. returns: 0; -EBADF, -EOVERFLOW, -EIO. */
ZN_API ZN_MUST_CHECK int zn_file_identify(int fd, uint64_t *device, uint64_t *inode);

/* returns: bytes of the file, or of the block device; 0 where there is no size; -EOVERFLOW. */
ZN_API ZN_MUST_CHECK int64_t zn_file_size(int fd);

/* Cuts or lengthens (by a hole). returns: 0; -EINVAL not a file; -EFBIG, -EPERM, -EIO, -EINTR. */
ZN_API ZN_MUST_CHECK int zn_file_truncate(int fd, int64_t size);

/* Waits until written bytes are on the device; metadata: all of it too. returns: 0; -EIO, -EINVAL,
 * -ENOSPC, -EDQUOT, -EROFS, -EINTR. */
ZN_API ZN_MUST_CHECK int zn_file_sync(int fd, bool metadata);

/* What offsets, sizes and addresses must be multiples of with ZN_FILE_DIRECT: the file system's
 * fragment size, as in the JDK. returns: bytes > 0, or -EIO. */
ZN_API ZN_MUST_CHECK int64_t zn_file_alignment(int fd);

/*
 * Locks size bytes from position for this process, against other processes (POSIX lock: threads of
 * the process do not exclude each other, and closing any descriptor of the file ends it). size
 * INT64_MAX or, as for fcntl(2), 0: to the end, wherever it will be. shared: the descriptor must be
 * readable, else writable. wait: until it is free. returns: 0; -EAGAIN another process has it;
 * -EINTR; -EDEADLK; -ENOLCK; -EBADF not open for that; -EINVAL.
 */
ZN_API ZN_MUST_CHECK int zn_file_lock(int fd, int64_t position, int64_t size, bool shared,
                                      bool wait);

/* Gives a range up. returns: 0; -EINVAL, -ENOLCK. */
ZN_API ZN_MUST_CHECK int zn_file_unlock(int fd, int64_t position, int64_t size);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipe: a kernel pipe of up to 1 MiB that carries page references between two splices.
 *
 * Pipes are pooled by the process (at most 16 idle ones). A pipe is owned by the caller that
 * acquired it, until it releases it. Not thread-safe: one owner at a time.
 */
#ifndef ZNIO_PIPE_H
#define ZNIO_PIPE_H

#include <stddef.h>
#include <stdint.h>

#include "znio/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct zn_pipe;

/*
 * Takes an empty pipe out of the pool, or makes one. Its capacity is 1 MiB, or less where
 * /proc/sys/fs/pipe-user-pages-soft (Linux 4.5) forbids it to an unprivileged user.
 * Give it back with zn_pipe_release. returns: 0; -EMFILE, -ENFILE, -ENOMEM.
 */
ZN_API ZN_MUST_CHECK int zn_pipe_acquire(struct zn_pipe **out);

/* Gives a pipe back. One that still holds bytes is closed, and they are gone. NULL does nothing. */
ZN_API void zn_pipe_release(struct zn_pipe *pipe);

/* Returns the bytes that lie in the pipe by the owner's own account. */
ZN_API int64_t zn_pipe_bytes(const struct zn_pipe *pipe);

/*
 * Reads up to size bytes out of the pipe, without blocking.
 * returns: bytes read, 0 when it is empty; -EINTR.
 */
ZN_API ZN_MUST_CHECK int64_t zn_pipe_drain(struct zn_pipe *pipe, void *buffer, size_t size);

/*
 * Splices up to size bytes of a socket or of another pipe into this one, which must be empty: one
 * system call, which waits as reading the source would. returns: bytes; 0 at the end, or there is
 * urgent data next (TCP); -EINVAL the source cannot be spliced, -EAGAIN, -EINTR, -ECONNRESET and
 * whatever error the socket has: it is taken from the socket, as by a read.
 */
ZN_API ZN_MUST_CHECK int64_t zn_pipe_fill(struct zn_pipe *pipe, int source, int64_t size);

/*
 * Splices what lies in the pipe to a file, from offset on. Not what zn_pipe_drain would copy.
 * returns: bytes, less than zn_pipe_bytes if an error came, which the next call meets; -EINVAL: the
 * file cannot be spliced to (O_APPEND, some file systems); -EFBIG, -ENOSPC, -EDQUOT, -EIO, -EINTR.
 */
ZN_API ZN_MUST_CHECK int64_t zn_pipe_pour(struct zn_pipe *pipe, int target, int64_t offset);

/* The write end, the read end, and the capacity in bytes. They stay the pipe's: never close them.
 */
ZN_API int zn_pipe_write_fd(const struct zn_pipe *pipe);
ZN_API int zn_pipe_read_fd(const struct zn_pipe *pipe);
ZN_API int64_t zn_pipe_capacity(const struct zn_pipe *pipe);

/* Closes every idle pipe of the pool. Any thread. */
ZN_API void zn_pipe_trim(void);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memfd: memory without a name in any file system, which two processes share by passing its descriptor
 * over a unix socket (memfd_create, Linux 3.17; SCM_RIGHTS). What fbufs were on Solaris.
 */
#ifndef ZNIO_MEMFD_H
#define ZNIO_MEMFD_H

#include <stdint.h>

#include "znio/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Creates size bytes of shared memory. *fd belongs to the caller, who closes it with zn_memfd_close;
 * mappings and received copies keep the memory alive. The size is sealed (F_SEAL_GROW, F_SEAL_SHRINK):
 * no holder can cut it short under another's mapping.
 * returns: 0; -EINVAL size <= 0; -ENOMEM, -EMFILE.
 */
ZN_API ZN_MUST_CHECK int zn_memfd_create(int64_t size, int *fd);

/*
 * Sends a descriptor and its size to the peer of a unix stream socket. The caller keeps its own.
 * returns: 0; -EAGAIN, -EPIPE, -EINTR; ZN_EPAIR when socket is not a unix socket.
 */
ZN_API ZN_MUST_CHECK int zn_memfd_send(int socket, int fd, int64_t size);

/*
 * Receives what zn_memfd_send sent. *fd belongs to the caller. The size is checked against the
 * descriptor and its seals.
 * returns: 0; -EAGAIN, -EINTR, -ECONNRESET at end of stream; -EPROTO when something else was sent.
 */
ZN_API ZN_MUST_CHECK int zn_memfd_receive(int socket, int *fd, int64_t *size);

/* Closes a descriptor made by zn_memfd_create or zn_memfd_receive. returns: 0; -EBADF. */
ZN_API ZN_MUST_CHECK int zn_memfd_close(int fd);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memfd: memory without a name in any file system, which two processes share by passing its
 * descriptor over a unix socket (memfd_create, Linux 3.17; SCM_RIGHTS). What fbufs were on Solaris.
 *
 * The transfer path memfd (ZN_PATH_MEMFD) fills such memory once and sends it with zn_memfd_send:
 * the peer takes it with zn_memfd_receive and maps it. The stream carries no other bytes of the
 * transfer, so a peer that only reads gets a 16-byte message and loses the descriptor.
 *
 * Any thread.
 */
#ifndef ZNIO_MEMFD_H
#define ZNIO_MEMFD_H

#include <stdint.h>

#include "znio/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Creates size zeroed bytes of shared memory. *fd belongs to the caller, who closes it with
 * zn_memfd_close; mappings and received copies keep the memory alive. The size is sealed
 * (F_SEAL_GROW, F_SEAL_SHRINK): no holder can cut it short under another's mapping. The descriptor
 * is in the ledger (kind MEMFD) until it is closed; no limit counts its bytes. returns: 0; -EINVAL
 * size <= 0; -EFBIG more than 2^47; -ENOMEM, -EMFILE.
 */
ZN_API ZN_MUST_CHECK int zn_memfd_create(int64_t size, int *fd);

/*
 * Sends a descriptor and its size to the peer of a unix stream socket, whole or not at all. The
 * caller keeps its own. returns: 0; -EINVAL size <= 0; -EBADF; -EAGAIN, -EPIPE, -EINTR;
 * -ETOOMANYREFS too many descriptors are on their way; ZN_EPAIR when socket is not a unix stream
 * socket.
 */
ZN_API ZN_MUST_CHECK int zn_memfd_send(int socket, int fd, int64_t size);

/*
 * Receives what zn_memfd_send sent. *fd belongs to the caller, who closes it with zn_memfd_close.
 * The size is checked against the descriptor and its seals. On failure *fd is -1. returns: 0;
 * -EAGAIN, -EINTR, -ECONNRESET at end of stream; -ENOMEM what came is lost; -EPROTO when something
 * else was sent: up to 16 bytes of it are consumed, descriptors that came with it are closed.
 */
ZN_API ZN_MUST_CHECK int zn_memfd_receive(int socket, int *fd, int64_t *size);

/* Closes a descriptor made by zn_memfd_create or zn_memfd_receive. returns: 0; -EBADF it is none,
 * or closed already; -EIO, and it is closed. */
ZN_API ZN_MUST_CHECK int zn_memfd_close(int fd);

/* The same, with what the ledger counts as the cause (enum zn_cause). returns: also -EINVAL. */
ZN_API ZN_MUST_CHECK int zn_memfd_end(int fd, int cause);

/* Returns the handle of the descriptor's record in the ledger, or 0: it is none of znio's. Who made
 * it is told by zn_ledger_set_birth. Any thread. */
ZN_API uint64_t zn_memfd_record(int fd);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ring: an io_uring instance (Linux 5.1) with an arena of registered buffers, pooled by the
 * process.
 *
 * states of a ring
 *   OWNED     acquired: one owner, one thread at a time
 *   IDLE      in the pool; no request and no notification is outstanding
 *   DRAINING  released while the kernel may still read its memory (SEND_ZC, Linux 6.0): never
 * reused before its last notification has come; every acquire looks at it
 *
 * INV-RING-1: a ring in the pool has no request in flight. Its owner reaps all of them first.
 * INV-RING-2: an IDLE ring has no notification outstanding.
 *
 * A forked child starts with an empty pool: requests on an inherited ring would be its parent's.
 */
#ifndef ZN_CORE_RING_H
#define ZN_CORE_RING_H

#include <liburing.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "znio/error.h"

/* Buffer indexes, as requests with registered buffers name them. */
#define ZN_RING_ARENA 0u  /* the ring's own arena: any range of it */
#define ZN_RING_WINDOW 1u /* memory of the caller, see zn_ring_window_open */

struct zn_ring {
  struct io_uring uring;
  char *arena; /* page-aligned */
  size_t arena_bytes;
  bool has_window; /* the kernel lets one registered buffer be replaced (Linux 5.13) */
  bool broken;     /* the kernel refused to reap: the ring is closed at its release */
  bool copied;     /* a notification said that the kernel copied */
  bool silent;     /* the kernel's notifications say nothing about copying (before Linux 6.2) */
  unsigned notifications;
  struct zn_ring *next; /* in the pool */
};

/*
 * Takes a ring with at least arena_bytes of registered buffers out of the pool, or makes one. It
 * has room for 128 requests. Give it back with zn_ring_release. returns: 0; ZN_EKERNEL no io_uring;
 * ZN_EFORBIDDEN kernel.io_uring_disabled or a seccomp filter; ZN_EMEMLOCK; -ENOBUFS too many rings
 * are draining; -EMFILE, -ENFILE, -ENOMEM.
 */
ZN_MUST_CHECK int zn_ring_acquire(size_t arena_bytes, struct zn_ring **out);

/* Gives a ring back: to the pool, to the draining ones, or it is closed. NULL does nothing. */
void zn_ring_release(struct zn_ring *ring);

/* Closes every idle ring of the pool, and the draining ones that are done. Any thread. */
void zn_ring_trim(void);

/*
 * Registers memory of the caller as buffer ZN_RING_WINDOW until zn_ring_window_close.
 * returns: 0; ZN_EMEMLOCK; -EOPNOTSUPP when this memory cannot be registered (a mapped file, an old
 * kernel): requests may still use it unregistered.
 */
ZN_MUST_CHECK int zn_ring_window_open(struct zn_ring *ring, void *address, size_t size);
void zn_ring_window_close(struct zn_ring *ring);

/* Returns an empty request. There is always room for two a slot of the deepest flow. */
struct io_uring_sqe *zn_ring_request(struct zn_ring *ring);

/* Hands the requests to the kernel. returns: 0 or -errno. */
ZN_MUST_CHECK int zn_ring_submit(struct zn_ring *ring);

/* The same, and waits for a completion. returns: 0; -EINTR a signal came first; -errno. */
ZN_MUST_CHECK int zn_ring_wait(struct zn_ring *ring);

/* Takes the next completion, and keeps account of notifications. returns: false when there is none.
 */
bool zn_ring_next(struct zn_ring *ring, struct io_uring_cqe *out);

/*
 * Waits up to timeout_ms (-1: for ever) until there is a completion or, with fd >= 0, until fd has
 * hung up. returns: 1 a completion; 0 time is up; -EPIPE fd has hung up; -EINTR.
 */
ZN_MUST_CHECK int zn_ring_wait_completion(struct zn_ring *ring, int fd, int timeout_ms);

/*
 * Takes notifications until none is outstanding, waiting up to timeout_ms for each.
 * returns: 1 none is outstanding; 0 time is up; -EINTR.
 */
ZN_MUST_CHECK int zn_ring_drain(struct zn_ring *ring, int timeout_ms);

#endif

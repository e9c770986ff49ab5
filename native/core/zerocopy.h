/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zerocopy: the account of sends with MSG_ZEROCOPY (Linux 4.14) on each socket.
 *
 * The kernel numbers the successful zero-copy sends of a socket from 0, in 32 bits that wrap, and
 * reports ranges of numbers as complete in the socket's error queue, each number once, in any
 * order. Whoever reads the queue takes the reports of everybody. So the account is per socket,
 * found by its cookie (SO_COOKIE: the same for all duplicates, never given to another socket), and
 * every reader books what it finds for all watches of that socket: a range of send numbers that
 * someone waits for.
 *
 * The number of the next send is known
 *   - on a socket without SO_ZEROCOPY: it is 0, and we set the option;
 *   - on one whose account is kept (it has watches, or was used of late): we counted;
 *   - else not: someone else sets SO_ZEROCOPY too, or the account was forgotten. Then a begin waits
 *     until the peer has acknowledged everything, drops the reports of old, and takes the first
 * number that is reported afterwards for its first send.
 *
 * Someone else's zero-copy sends on a socket between znio's shift the numbers: they are not
 * allowed.
 *
 * INV-ZC-1: a watch is complete when every number of its range has been reported.
 */
#ifndef ZN_CORE_ZEROCOPY_H
#define ZN_CORE_ZEROCOPY_H

#include <stdbool.h>
#include <stdint.h>

#include "znio/error.h"

struct zn_zerocopy_socket;

struct zn_zerocopy_watch {
  struct zn_zerocopy_socket *socket;
  struct zn_zerocopy_watch *next; /* of the same socket */
  uint64_t first;                 /* send numbers, extended to 64 bits: [first, last) */
  uint64_t last;
  uint64_t left; /* of them not yet reported */
  bool copied;   /* a report said that the kernel copied */
};

/*
 * Begins to watch the sends that follow on a socket, one sender at a time. The watch stays where it
 * is until zn_zerocopy_end. returns: 0; ZN_EKERNEL no SO_ZEROCOPY; -EAGAIN see above, and the
 * socket is non-blocking; -EINTR; -ENOMEM; ZN_EPAIR not a TCP socket.
 */
ZN_MUST_CHECK int zn_zerocopy_begin(struct zn_zerocopy_watch *watch, int fd, bool blocking);

/* Books one send with MSG_ZEROCOPY that comes next: before it, for another thread may read the
 * queue. */
void zn_zerocopy_book(struct zn_zerocopy_watch *watch);

/* Takes the booking back: the send failed, and the kernel gave it no number. */
void zn_zerocopy_unbook(struct zn_zerocopy_watch *watch);

/* Reads the error queue dry, without waiting. fd: any duplicate of the socket. returns: sends of
 * the watch that are not yet reported. */
uint64_t zn_zerocopy_left(struct zn_zerocopy_watch *watch, int fd);

/*
 * Waits up to timeout_ms (-1: for ever) until at most left sends of the watch are not yet reported.
 * Looks at wait_fd, whose owner may replace it meanwhile; reads the queue of queue_fd. returns: 1;
 * 0 time is up; -EINTR; -EPIPE wait_fd has hung up, so that waiting for it makes no sense; not if
 * it is queue_fd.
 */
ZN_MUST_CHECK int zn_zerocopy_await(struct zn_zerocopy_watch *watch, uint64_t left, int wait_fd,
                                    int queue_fd, int timeout_ms);

/* returns: enum zn_kernel_copied, by the reports so far. */
int zn_zerocopy_copied(const struct zn_zerocopy_watch *watch);

/* Ends a watch. */
void zn_zerocopy_end(struct zn_zerocopy_watch *watch);

/* Moves a watch to another place, which zn_zerocopy_end must be given then. */
void zn_zerocopy_move(struct zn_zerocopy_watch *from, struct zn_zerocopy_watch *to);

/* Reads a socket's error queue dry and books the reports. */
void zn_zerocopy_drain(int fd);

/* Forgets the accounts of sockets without a watch. Any thread. */
void zn_zerocopy_trim(void);

#endif

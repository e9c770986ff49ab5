/* SPDX-License-Identifier: Apache-2.0 */
/* Link: one receive or send command of the peer and the worker's ends of its connections. */
#ifndef BENCH_LINK_H
#define BENCH_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "runner_peer.h"

#define LINK_ENDS_MAX 2

/* What the peer is asked for. */
struct link_request {
  const char *kind; /* tcp, unix, pipe, memfd */
  const char *file; /* the peer sends this file; NULL: it receives */
  const char *keep; /* it also writes what came to this file, or NULL */
  const char *ip;   /* NULL: loopback */
  int ipv;          /* tcp: 4 or 6 */
  int copies;       /* 1 or 2 connections */
  bool hold;
  bool flip;
  int64_t bytes;
  int64_t size; /* send and memfd */
};

struct link_done {
  int64_t bytes[LINK_ENDS_MAX];
  uint64_t hash[LINK_ENDS_MAX]; /* 0 when the peer sent */
  int64_t cpu_ns;
};

struct link {
  struct runner_peer *peer;
  int count;
  int fds[LINK_ENDS_MAX]; /* the worker's ends, -1 when closed */
  bool pending;           /* the peer owes an answer */
  bool holding;           /* the peer waits for "go" */
  bool receiving;         /* the peer receives */
};

/* Opens; link_close ends it in any case. */
int link_open(struct link *link, struct runner_peer *peer, const struct link_request *request,
              struct bench_fault *fault);

/* Lets a peer that holds go on. */
int link_go(struct link *link, struct bench_fault *fault);

/* Waits for the peer's last answer. */
int link_finish(struct link *link, struct link_done *done, struct bench_fault *fault);

/* Closes the worker's ends; takes an answer that is still owed, so that the next command has its
 * own. */
void link_close(struct link *link);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Net: sockets and pipes between a worker and its peer. Every descriptor is close-on-exec; sockets
 * get time-outs of BENCH_TIMEOUT_MS both ways and, with TCP, TCP_NODELAY.
 */
#ifndef BENCH_NET_H
#define BENCH_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "fault.h"

#define BENCH_TIMEOUT_MS 60000
#define BENCH_PIPE_BYTES 1048576 /* 1 MiB */

/* Where a listener can be reached. */
struct bench_address {
  int ipv;        /* 4 or 6; 0: unix */
  char ip[64];    /* "" : loopback */
  int port;       /* TCP */
  char path[108]; /* unix */
};

/* Listens; with TCP the port is chosen by the system and written to address->port.
 * receive_bytes > 0: the receive buffer of accepted sockets. returns: a descriptor, or -1. */
int bench_net_listen(struct bench_address *address, int receive_bytes, struct bench_fault *fault);

/* Connects. returns: a blocking descriptor, or -1. */
int bench_net_connect(const struct bench_address *address, struct bench_fault *fault);

/* Accepts a connection that poll has announced. returns: a blocking descriptor, or -1. */
int bench_net_accept(int listener, bool tcp, struct bench_fault *fault);

/* Opens the pipe that process pid has as fd, for writing or for reading, and raises its capacity to
 * BENCH_PIPE_BYTES where the limits allow. returns: a descriptor, or -1. */
int bench_net_open_pipe(int64_t pid, int64_t fd, bool writing, struct bench_fault *fault);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Peer: what the commands of znio-bench-peer share. */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stdbool.h>
#include <stdint.h>

#include "fault.h"
#include "net.h"
#include "words.h"

#define PEER_BUFFER_BYTES 262144 /* 256 KiB */
#define PEER_ENDS_MAX 2

struct peer {
  struct bench_reader control;
  char directory[96]; /* private, for the unix socket that is being listened on; "": none */
  char socket[108];
};

/* Removes the unix socket and its directory, if there are any. Safe in a signal handler. */
void peer_remove_socket(struct peer *peer);

/* The connections of one command: pipes, or sockets accepted after "ready" was said. */
struct peer_ends {
  int count;
  int fds[PEER_ENDS_MAX]; /* -1: none */
};

/* Says "ready ..." and opens count ends as the words say. Close with peer_ends_close in any case.
 */
int peer_ends_open(struct peer *peer, const struct bench_words *words, int count, bool writing,
                   struct peer_ends *ends, struct bench_fault *fault);
void peer_ends_close(struct peer_ends *ends);

/* Waits for the line "go". */
int peer_wait_go(struct peer *peer, struct bench_fault *fault);

/* Writes one line to the worker; the process ends when the worker is gone. */
void peer_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

int peer_receive(struct peer *peer, const struct bench_words *words, struct bench_fault *fault);
int peer_receive_memfd(struct peer *peer, const struct bench_words *words,
                       struct bench_fault *fault);
int peer_send(struct peer *peer, const struct bench_words *words, struct bench_fault *fault);
int peer_hash(const struct bench_words *words, struct bench_fault *fault);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The runner's peers: child processes, one for each command that starts one, and talk with them. */
#ifndef BENCH_RUNNER_PEER_H
#define BENCH_RUNNER_PEER_H

#include <stdint.h>
#include <sys/types.h>

#include "fault.h"
#include "words.h"

#define RUNNER_PEERS_MAX 4

struct runner_peer {
  char command[1024]; /* "": unused */
  pid_t pid;
  int to_fd;
  struct bench_reader from;
};

struct runner_peers {
  char own_command[1024]; /* the znio-bench-peer beside this program */
  struct runner_peer all[RUNNER_PEERS_MAX];
};

/* Returns the peer that command starts, started if need be (NULL: the own one); NULL with a fault.
 */
struct runner_peer *runner_peer_get(struct runner_peers *peers, const char *command,
                                    struct bench_fault *fault);

/* Writes one line to the peer. */
int runner_peer_say(struct runner_peer *peer, struct bench_fault *fault, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Reads the peer's next line and takes it apart; words point into the peer's buffer until the next
 * line. A line "error ..." is a fault. A peer that ends or says nothing for long is ended.
 */
int runner_peer_hear(struct runner_peer *peer, const char *verb, struct bench_words *words,
                     struct bench_fault *fault);

/* Asks for a hash. arguments: what follows "hash file=..." */
int runner_peer_hash(struct runner_peer *peer, const char *file, uint64_t *hash,
                     struct bench_fault *fault, const char *arguments, ...)
    __attribute__((format(printf, 5, 6)));

/* Reads a hash out of an answer. */
int runner_peer_hash_word(const struct bench_words *words, const char *key, uint64_t *hash,
                          struct bench_fault *fault);

/* Ends one peer, or all. */
void runner_peer_end(struct runner_peer *peer);
void runner_peers_end(struct runner_peers *peers);

#endif

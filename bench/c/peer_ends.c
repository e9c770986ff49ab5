/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "peer.h"

/* Enough for a probe's 64 KiB to leave the sender's queue while nobody reads. */
#define HOLD_RECEIVE_BYTES 1048576 /* 1 MiB */

/* A line that comes where none or only "go" is expected. The worker's end of stream ends the peer.
 */
static int read_word(struct peer *peer, const char *wanted, struct bench_fault *fault) {
  char *line;
  int got = bench_reader_line(&peer->control, BENCH_TIMEOUT_MS, &line);
  if (got == 0) {
    peer_remove_socket(peer);
    exit(0);
  }
  if (got < 0) return bench_fault_set(fault, "the worker said nothing for 60 s");
  if (wanted != NULL && strcmp(line, wanted) == 0) return 0;
  if (strcmp(line, "cancel") == 0) return bench_fault_set(fault, "cancelled");
  return bench_fault_set(fault, "'%.40s' came out of turn", line);
}

int peer_wait_go(struct peer *peer, struct bench_fault *fault) {
  return read_word(peer, "go", fault);
}

static int wait_connection(struct peer *peer, int listener, struct bench_fault *fault) {
  int64_t deadline_ns = bench_clock_now() + BENCH_TIMEOUT_MS * INT64_C(1000000);
  for (;;) {
    struct pollfd wanted[2] = {{.fd = listener, .events = POLLIN},
                               {.fd = peer->control.fd, .events = POLLIN}};
    int64_t left_ms = (deadline_ns - bench_clock_now()) / 1000000;
    int ready = poll(wanted, 2, left_ms > 0 ? (int)left_ms : 0);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return bench_fault_errno(fault, errno, "waiting for a connection");
    if (ready == 0) return bench_fault_set(fault, "nobody connected for 60 s");
    if (wanted[0].revents != 0) return 0;
    /* The worker may have connected and then written "go" while poll looked at the two in turn. */
    if (poll(wanted, 1, 0) == 1) return 0;
    return read_word(peer, NULL, fault);
  }
}

static int accept_ends(struct peer *peer, int listener, bool tcp, struct peer_ends *ends,
                       struct bench_fault *fault) {
  for (int i = 0; i < ends->count; i++) {
    if (wait_connection(peer, listener, fault) != 0) return -1;
    ends->fds[i] = bench_net_accept(listener, tcp, fault);
    if (ends->fds[i] < 0) return -1;
  }
  return 0;
}

/* A directory of its own for each socket, gone as soon as the worker has connected. */
static int make_socket_path(struct peer *peer, struct bench_address *address,
                            struct bench_fault *fault) {
  const char *parent = getenv("TMPDIR");
  if (parent == NULL || parent[0] == '\0') parent = "/tmp";
  char made[sizeof peer->directory];
  int used = snprintf(made, sizeof made, "%s/znio-peer-XXXXXX", parent);
  if (used >= (int)sizeof made) {
    return bench_fault_set(fault, "TMPDIR=%s is too long for a unix socket's path", parent);
  }
  if (mkdtemp(made) == NULL) return bench_fault_errno(fault, errno, "making %s", made);
  memcpy(peer->directory, made, sizeof made);
  snprintf(address->path, sizeof address->path, "%s/s", made);
  memcpy(peer->socket, address->path, sizeof peer->socket);
  return 0;
}

static int open_sockets(struct peer *peer, const struct bench_words *words, bool tcp,
                        struct peer_ends *ends, struct bench_fault *fault) {
  struct bench_address address = {0};
  int64_t ipv;
  int64_t hold;
  if (bench_words_number(words, "ipv", 4, &ipv, fault) != 0) return -1;
  if (bench_words_number(words, "hold", 0, &hold, fault) != 0) return -1;
  if (ipv != 4 && ipv != 6) return bench_fault_set(fault, "ipv is 4 or 6");
  address.ipv = tcp ? (int)ipv : 0;
  const char *ip = bench_words_get(words, "address");
  if (ip != NULL) snprintf(address.ip, sizeof address.ip, "%s", ip);
  if (!tcp && make_socket_path(peer, &address, fault) != 0) return -1;
  int listener = bench_net_listen(&address, tcp && hold ? HOLD_RECEIVE_BYTES : 0, fault);
  if (listener < 0) {
    peer_remove_socket(peer);
    return -1;
  }
  char encoded[3 * sizeof address.path + 1];
  if (tcp) {
    peer_say("ready port=%d", address.port);
  } else if (bench_words_encode(address.path, encoded, sizeof encoded) == 0) {
    peer_say("ready path=%s", encoded);
  }
  int status = accept_ends(peer, listener, tcp, ends, fault);
  close(listener);
  peer_remove_socket(peer);
  return status;
}

static int open_pipes(const struct bench_words *words, bool writing, struct peer_ends *ends,
                      struct bench_fault *fault) {
  static const char *const keys[PEER_ENDS_MAX] = {"fd", "fd2"};
  int64_t pid;
  if (bench_words_number(words, "pid", -1, &pid, fault) != 0) return -1;
  for (int i = 0; i < ends->count && i < PEER_ENDS_MAX; i++) {
    int64_t fd;
    if (bench_words_number(words, keys[i], -1, &fd, fault) != 0) return -1;
    ends->fds[i] = bench_net_open_pipe(pid, fd, writing, fault);
    if (ends->fds[i] < 0) return -1;
  }
  peer_say("ready");
  return 0;
}

int peer_ends_open(struct peer *peer, const struct bench_words *words, int count, bool writing,
                   struct peer_ends *ends, struct bench_fault *fault) {
  ends->count = count;
  for (int i = 0; i < PEER_ENDS_MAX; i++) ends->fds[i] = -1;
  const char *kind = bench_words_need(words, "kind", fault);
  if (kind == NULL) return -1;
  if (strcmp(kind, "pipe") == 0) return open_pipes(words, writing, ends, fault);
  bool tcp = strcmp(kind, "tcp") == 0;
  if (!tcp && strcmp(kind, "unix") != 0 && strcmp(kind, "memfd") != 0) {
    return bench_fault_set(fault, "kind=%s is none of tcp, unix, pipe, memfd", kind);
  }
  return open_sockets(peer, words, tcp, ends, fault);
}

void peer_ends_close(struct peer_ends *ends) {
  for (int i = 0; i < ends->count; i++) {
    if (ends->fds[i] >= 0) close(ends->fds[i]);
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "runner_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Longer than any time-out inside the peer, so that its own sentence comes first. */
#define ANSWER_TIMEOUT_MS 150000
/* A peer removes its socket before it ends. */
#define END_PATIENCE_MS 2000

#define COMMAND_WORDS_MAX 32

static void exec_peer(char *command, int in, int out, pid_t parent) {
  char *arguments[COMMAND_WORDS_MAX + 1];
  int count = 0;
  char *word;
  while ((word = strsep(&command, " ")) != NULL && count < COMMAND_WORDS_MAX) {
    if (*word != '\0') arguments[count++] = word;
  }
  arguments[count] = NULL;
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (count == 0 || getppid() != parent) _exit(127);
  if (dup2(in, 0) < 0 || dup2(out, 1) < 0) _exit(127);
  execvp(arguments[0], arguments);
  _exit(127);
}

static int start(struct runner_peer *peer, const char *command, struct bench_fault *fault) {
  int to[2];
  int from[2];
  if (pipe2(to, O_CLOEXEC) != 0) return bench_fault_errno(fault, errno, "making a pipe");
  if (pipe2(from, O_CLOEXEC) != 0) {
    close(to[0]);
    close(to[1]);
    return bench_fault_errno(fault, errno, "making a pipe");
  }
  snprintf(peer->command, sizeof peer->command, "%s", command);
  char copy[sizeof peer->command];
  memcpy(copy, peer->command, sizeof copy);
  pid_t parent = getpid();
  peer->pid = fork();
  if (peer->pid == 0) exec_peer(copy, to[0], from[1], parent);
  int error = errno;
  close(to[0]);
  close(from[1]);
  if (peer->pid < 0) {
    close(to[1]);
    close(from[0]);
    peer->command[0] = '\0';
    return bench_fault_errno(fault, error, "starting the peer");
  }
  peer->to_fd = to[1];
  peer->from.fd = from[0];
  peer->from.used = 0;
  peer->from.line = 0;
  return 0;
}

struct runner_peer *runner_peer_get(struct runner_peers *peers, const char *command,
                                    struct bench_fault *fault) {
  if (command == NULL) command = peers->own_command;
  struct runner_peer *free_peer = NULL;
  for (int i = 0; i < RUNNER_PEERS_MAX; i++) {
    struct runner_peer *peer = &peers->all[i];
    if (strcmp(peer->command, command) == 0) return peer;
    if (peer->command[0] == '\0') free_peer = peer;
  }
  if (strlen(command) >= sizeof peers->own_command) {
    bench_fault_set(fault, "the command that starts the peer is too long");
    return NULL;
  }
  if (free_peer == NULL) {
    free_peer = &peers->all[RUNNER_PEERS_MAX - 1];
    runner_peer_end(free_peer);
  }
  return start(free_peer, command, fault) == 0 ? free_peer : NULL;
}

void runner_peer_end(struct runner_peer *peer) {
  if (peer->command[0] == '\0') return;
  close(peer->to_fd);
  close(peer->from.fd);
  peer->command[0] = '\0';
  kill(peer->pid, SIGTERM);
  for (int i = 0; i < END_PATIENCE_MS; i++) {
    if (waitpid(peer->pid, NULL, WNOHANG) == peer->pid) return;
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  kill(peer->pid, SIGKILL);
  while (waitpid(peer->pid, NULL, 0) < 0 && errno == EINTR) continue;
}

void runner_peers_end(struct runner_peers *peers) {
  for (int i = 0; i < RUNNER_PEERS_MAX; i++) {
    struct runner_peer *peer = &peers->all[i];
    struct bench_fault ignored;
    char *line;
    if (peer->command[0] == '\0') continue;
    /* The end of its output says that it has cleaned up. */
    if (runner_peer_say(peer, &ignored, "quit") != 0) continue;
    while (bench_reader_line(&peer->from, 2000, &line) == 1) continue;
    runner_peer_end(peer);
  }
}

static int broken(struct runner_peer *peer, struct bench_fault *fault, const char *what) {
  bench_fault_set(fault, "the peer (%.200s) %s", peer->command, what);
  runner_peer_end(peer);
  return -1;
}

static int __attribute__((format(printf, 3, 0)))
say(struct runner_peer *peer, struct bench_fault *fault, const char *format, va_list arguments) {
  char line[BENCH_LINE_MAX];
  int size = vsnprintf(line, sizeof line - 1, format, arguments);
  if (size < 0 || size >= (int)sizeof line - 1) {
    return bench_fault_set(fault, "a line to the peer is too long");
  }
  line[size++] = '\n';
  for (int done = 0; done < size;) {
    ssize_t written = write(peer->to_fd, line + done, (size_t)(size - done));
    if (written < 0 && errno != EINTR) return broken(peer, fault, "has ended or cannot be started");
    if (written > 0) done += (int)written;
  }
  return 0;
}

int runner_peer_say(struct runner_peer *peer, struct bench_fault *fault, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int status = say(peer, fault, format, arguments);
  va_end(arguments);
  return status;
}

int runner_peer_hear(struct runner_peer *peer, const char *verb, struct bench_words *words,
                     struct bench_fault *fault) {
  if (peer->command[0] == '\0') return bench_fault_set(fault, "the peer has ended");
  char *line;
  int got = bench_reader_line(&peer->from, ANSWER_TIMEOUT_MS, &line);
  if (got == 0) return broken(peer, fault, "has ended or cannot be started");
  if (got < 0) return broken(peer, fault, "does not answer");
  if (strncmp(line, "error ", 6) == 0) {
    bench_fault_set(fault, "the peer says: %s", line + 6);
    fault->skipped = strncmp(line + 6, "this machine", 12) == 0;
    return -1;
  }
  if (bench_words_parse(line, words, fault) != 0 || strcmp(words->verb, verb) != 0) {
    return broken(peer, fault, "answered out of turn");
  }
  return 0;
}

int runner_peer_hash_word(const struct bench_words *words, const char *key, uint64_t *hash,
                          struct bench_fault *fault) {
  const char *text = bench_words_need(words, key, fault);
  if (text == NULL) return -1;
  char *end;
  *hash = strtoull(text, &end, 16);
  return *end == '\0' ? 0 : bench_fault_set(fault, "the peer's hash '%s' is none", text);
}

int runner_peer_hash(struct runner_peer *peer, const char *file, uint64_t *hash,
                     struct bench_fault *fault, const char *arguments, ...) {
  char encoded[BENCH_LINE_MAX / 2];
  char rest[512];
  if (bench_words_encode(file, encoded, sizeof encoded) != 0) {
    return bench_fault_set(fault, "the path of a file is too long");
  }
  va_list list;
  va_start(list, arguments);
  vsnprintf(rest, sizeof rest, arguments, list);
  va_end(list);
  struct bench_words words;
  if (runner_peer_say(peer, fault, "hash file=%s %s", encoded, rest) != 0) return -1;
  if (runner_peer_hear(peer, "done", &words, fault) != 0) return -1;
  return runner_peer_hash_word(&words, "hash", hash, fault);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net.h"

static int append_encoded(char *line, size_t size, const char *key, const char *value,
                          struct bench_fault *fault) {
  if (value == NULL) return 0;
  size_t used = strlen(line);
  int more = snprintf(line + used, size - used, " %s=", key);
  used += (size_t)more;
  if (used >= size || bench_words_encode(value, line + used, size - used) != 0) {
    return bench_fault_set(fault, "%s=%.100s is too long", key, value);
  }
  return 0;
}

/* pipe_fds: the pipes' ends in this process, through which the peer finds them. */
static int ask(struct link *link, const struct link_request *request, const int *pipe_fds,
               struct bench_words *words, struct bench_fault *fault) {
  char line[BENCH_LINE_MAX - 16];
  int used = snprintf(line, sizeof line,
                      "%s kind=%s bytes=%" PRId64 " size=%" PRId64 " ipv=%d hold=%d flip=%d",
                      request->file != NULL ? "send" : "receive", request->kind, request->bytes,
                      request->size, request->ipv, request->hold, request->flip);
  if (request->file == NULL) {
    used += snprintf(line + used, sizeof line - (size_t)used, " copies=%d", request->copies);
  }
  if (pipe_fds != NULL) {
    used +=
        snprintf(line + used, sizeof line - (size_t)used, " pid=%d fd=%d", getpid(), pipe_fds[0]);
    if (request->copies == 2) {
      snprintf(line + used, sizeof line - (size_t)used, " fd2=%d", pipe_fds[1]);
    }
  }
  if (append_encoded(line, sizeof line, "file", request->file, fault) != 0) return -1;
  if (append_encoded(line, sizeof line, "keep", request->keep, fault) != 0) return -1;
  if (append_encoded(line, sizeof line, "address", request->ip, fault) != 0) return -1;
  if (runner_peer_say(link->peer, fault, "%s", line) != 0) return -1;
  if (runner_peer_hear(link->peer, "ready", words, fault) != 0) return -1;
  link->pending = true;
  link->holding = request->hold;
  return 0;
}

static int connect_sockets(struct link *link, const struct link_request *request,
                           struct bench_words *words, struct bench_fault *fault) {
  struct bench_address address = {0};
  if (strcmp(request->kind, "tcp") == 0) {
    int64_t port;
    if (bench_words_number(words, "port", -1, &port, fault) != 0) return -1;
    address.ipv = request->ipv;
    address.port = (int)port;
    if (request->ip != NULL) snprintf(address.ip, sizeof address.ip, "%s", request->ip);
  } else {
    const char *path = bench_words_need(words, "path", fault);
    if (path == NULL) return -1;
    snprintf(address.path, sizeof address.path, "%s", path);
  }
  for (int i = 0; i < link->count; i++) {
    link->fds[i] = bench_net_connect(&address, fault);
    if (link->fds[i] < 0) {
      struct bench_fault ignored;
      (void)runner_peer_say(link->peer, &ignored, "cancel");
      link->holding = false;
      return -1;
    }
  }
  return 0;
}

/* The peer opens the pipe through /proc; then the far end that we made is closed, so that each side
 * sees when the other is gone. */
static int join_pipes(struct link *link, const struct link_request *request,
                      struct bench_fault *fault) {
  int far[LINK_ENDS_MAX] = {-1, -1};
  int status = 0;
  for (int i = 0; i < link->count && status == 0; i++) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
      status = bench_fault_errno(fault, errno, "making a pipe");
    } else {
      link->fds[i] = ends[link->receiving ? 1 : 0];
      far[i] = ends[link->receiving ? 0 : 1];
    }
  }
  struct bench_words words;
  if (status == 0) status = ask(link, request, link->fds, &words, fault);
  for (int i = 0; i < LINK_ENDS_MAX; i++) {
    if (far[i] >= 0) close(far[i]);
  }
  return status;
}

int link_open(struct link *link, struct runner_peer *peer, const struct link_request *request,
              struct bench_fault *fault) {
  *link = (struct link){
      .peer = peer, .count = request->copies, .fds = {-1, -1}, .receiving = request->file == NULL};
  if (strcmp(request->kind, "pipe") == 0) return join_pipes(link, request, fault);
  struct bench_words words;
  if (ask(link, request, NULL, &words, fault) != 0) return -1;
  return connect_sockets(link, request, &words, fault);
}

int link_go(struct link *link, struct bench_fault *fault) {
  link->holding = false;
  return runner_peer_say(link->peer, fault, "go");
}

int link_finish(struct link *link, struct link_done *done, struct bench_fault *fault) {
  struct bench_words words;
  *done = (struct link_done){0};
  link->pending = false;
  if (runner_peer_hear(link->peer, "done", &words, fault) != 0) return -1;
  if (bench_words_number(&words, "bytes", -1, &done->bytes[0], fault) != 0) return -1;
  if (bench_words_number(&words, "bytes2", 0, &done->bytes[1], fault) != 0) return -1;
  if (bench_words_number(&words, "cpu_ns", -1, &done->cpu_ns, fault) != 0) return -1;
  if (!link->receiving) return 0;
  if (runner_peer_hash_word(&words, "hash", &done->hash[0], fault) != 0) return -1;
  if (link->count < 2) return 0;
  return runner_peer_hash_word(&words, "hash2", &done->hash[1], fault);
}

void link_close(struct link *link) {
  struct bench_fault ignored;
  if (link->holding && link->pending) (void)runner_peer_say(link->peer, &ignored, "cancel");
  for (int i = 0; i < LINK_ENDS_MAX; i++) {
    if (link->fds[i] >= 0) close(link->fds[i]);
    link->fds[i] = -1;
  }
  struct bench_words words;
  if (link->pending) (void)runner_peer_hear(link->peer, "done", &words, &ignored);
  link->pending = false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* znio-bench-peer: the other side of every measured socket and pipe. PROTOCOL.md has its commands.
 */
#include "peer.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void peer_say(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  putchar('\n');
  if (fflush(stdout) != 0) exit(1);
}

void peer_remove_socket(struct peer *peer) {
  if (peer->directory[0] == '\0') return;
  unlink(peer->socket);
  rmdir(peer->directory);
  peer->directory[0] = '\0';
}

static struct peer the_peer; /* holds a line buffer; the signal handler needs it */

static void end_by_signal(int number) {
  peer_remove_socket(&the_peer);
  _exit(128 + number);
}

static int run_command(struct peer *peer, const struct bench_words *words,
                       struct bench_fault *fault) {
  if (strcmp(words->verb, "send") == 0) return peer_send(peer, words, fault);
  if (strcmp(words->verb, "hash") == 0) return peer_hash(words, fault);
  if (strcmp(words->verb, "receive") == 0) {
    const char *kind = bench_words_get(words, "kind");
    if (kind != NULL && strcmp(kind, "memfd") == 0) return peer_receive_memfd(peer, words, fault);
    return peer_receive(peer, words, fault);
  }
  return bench_fault_set(fault, "the peer knows no command '%s'", words->verb);
}

static void serve(struct peer *peer) {
  char *line;
  while (bench_reader_line(&peer->control, -1, &line) == 1) {
    struct bench_words words;
    struct bench_fault fault = {0};
    if (strcmp(line, "quit") == 0) return;
    /* Meant for a command that has just failed and said so. */
    if (strcmp(line, "go") == 0 || strcmp(line, "cancel") == 0) continue;
    /* A command reads further lines into the same buffer: its words live in a copy. */
    char *copy = strdup(line);
    if (copy == NULL) abort();
    if (bench_words_parse(copy, &words, &fault) != 0 || run_command(peer, &words, &fault) != 0) {
      peer_say("error %s%s", fault.skipped ? "this machine cannot do it: " : "", fault.text);
    }
    free(copy);
  }
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, end_by_signal);
  signal(SIGINT, end_by_signal);
  serve(&the_peer);
  return 0;
}

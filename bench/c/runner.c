/* SPDX-License-Identifier: Apache-2.0 */
/* znio-bench-runner: the worker of bench/compare that calls the C core. PROTOCOL.md has its
 * commands. */
#include "runner.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "znio/znio.h"

static void hello(void) {
  cJSON *answer = cJSON_CreateObject();
  cJSON_AddStringToObject(answer, "worker", "c");
  cJSON_AddStringToObject(answer, "version", zn_version());
  cJSON_AddNullToObject(answer, "jdk");
  cJSON_AddNumberToObject(answer, "pid", getpid());
  bench_answer_write(answer);
}

static int run_command(struct runner *runner, const struct bench_words *words,
                       struct bench_fault *fault) {
  const char *impl = bench_words_get(words, "impl");
  if (impl != NULL && strcmp(impl, "c") != 0) {
    return bench_fault_set(fault, "this worker has impl=c only, not %s", impl);
  }
  if (strcmp(words->verb, "machine") == 0) return runner_machine(runner, words, fault);
  if (strcmp(words->verb, "run") == 0) return runner_run(runner, words, fault);
  if (strcmp(words->verb, "probe") == 0) return runner_probe(runner, words, fault);
  if (strcmp(words->verb, "workload") == 0) return runner_workload(runner, words, fault);
  if (strcmp(words->verb, "stream-open") == 0) return runner_stream_open(runner, words, fault);
  if (strcmp(words->verb, "stream-move") == 0) return runner_stream_move(runner, words, fault);
  if (strcmp(words->verb, "stream-close") == 0) return runner_stream_close(runner, fault);
  return bench_fault_set(fault, "the worker knows no command '%s'", words->verb);
}

static void serve(struct runner *runner) {
  char *line;
  while (bench_reader_line(&runner->control, -1, &line) == 1) {
    struct bench_words words;
    struct bench_fault fault = {0};
    if (strcmp(line, "quit") == 0) return;
    if (strcmp(line, "hello") == 0) {
      hello();
    } else if (bench_words_parse(line, &words, &fault) != 0 ||
               run_command(runner, &words, &fault) != 0) {
      bench_answer_fault(&fault);
    }
  }
}

static void find_own_peer(struct runner *runner) {
  const char *named = getenv("ZNIO_BENCH_PEER");
  char *own = runner->peers.own_command;
  size_t size = sizeof runner->peers.own_command;
  ssize_t used = readlink("/proc/self/exe", own, size - 1);
  if (used < 0) used = 0;
  own[used] = '\0';
  char *slash = strrchr(own, '/');
  size_t folder = slash == NULL ? 0 : (size_t)(slash - own) + 1;
  snprintf(own + folder, size - folder, "znio-bench-peer");
  if (named != NULL && named[0] != '\0') snprintf(own, size, "%s", named);
}

int main(void) {
  static struct runner runner; /* holds line buffers */
  signal(SIGPIPE, SIG_IGN);
  find_own_peer(&runner);
  serve(&runner);
  runner_stream_end(&runner);
  runner_peers_end(&runner.peers);
  return 0;
}

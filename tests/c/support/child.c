/* SPDX-License-Identifier: Apache-2.0 */
#include "support/child.h"

#include <signal.h>
#include <sys/wait.h>

#include "support/check.h"

int child_run(void (*body)(void)) {
  fflush(NULL);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    alarm(60);
    signal(SIGBUS, SIG_DFL); /* cmocka's, or a sanitizer's, would be the one before the guard's */
    body();
    _exit(0);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  return status;
}

void child_assert(void (*body)(void)) {
  int status = child_run(body);
  if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_SKIP) skip();
  if (WIFSIGNALED(status)) fail_msg("the child was ended by signal %d", WTERMSIG(status));
  assert_int_equal(WEXITSTATUS(status), 0);
}

void truncate_elsewhere(int fd, long size) {
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) _exit(ftruncate(fd, size) == 0 ? 0 : 1);
  int status = -1;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
    fprintf(stderr, "another process could not truncate the file\n");
    _exit(1);
  }
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "support/stall.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/check.h"

/* Looks that must find the thread asleep, one after the other. */
#define LOOKS 300

/* Writes that a full end must refuse, one after the other. */
#define FULL_LOOKS 5

static void ignore(int number) {}

static char state_of(pid_t thread) {
  char path[64];
  char text[512] = "";
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  const char *name_end = got > 0 ? strrchr(text, ')') : NULL;
  return name_end != NULL ? name_end[2] : 0;
}

static void *interrupt(void *argument) {
  struct interrupter *interrupter = argument;
  int asleep = 0;
  while (!atomic_load(&interrupter->done)) {
    asleep = state_of(interrupter->victim_id) == 'S' ? asleep + 1 : 0;
    if (asleep >= LOOKS) {
      pthread_kill(interrupter->victim, SIGUSR2);
      asleep = 0;
    }
    sched_yield();
  }
  return NULL;
}

void interrupter_start(struct interrupter *interrupter) {
  struct sigaction action = {.sa_handler = ignore};
  assert_int_equal(sigaction(SIGUSR2, &action, NULL), 0);
  interrupter->victim = pthread_self();
  interrupter->victim_id = (pid_t)syscall(SYS_gettid);
  atomic_init(&interrupter->done, false);
  assert_int_equal(pthread_create(&interrupter->thread, NULL, interrupt, interrupter), 0);
}

void interrupter_stop(struct interrupter *interrupter) {
  atomic_store(&interrupter->done, true);
  pthread_join(interrupter->thread, NULL);
}

long fill_up(int fd) {
  char bytes[4096] = {0};
  int flags = fcntl(fd, F_GETFL);
  assert_int_equal(fcntl(fd, F_SETFL, flags | O_NONBLOCK), 0);
  long filled = 0;
  /*
   * TCP makes room when acknowledgements come in late, and poll does not tell of a little room:
   * full is what refuses several looks in a row.
   */
  struct pollfd room = {.fd = fd, .events = POLLOUT};
  for (int refused = 0; refused < FULL_LOOKS;) {
    ssize_t written = write(fd, bytes, sizeof bytes);
    if (written > 0) filled += written;
    if (written < 0) assert_int_equal(errno, EAGAIN);
    refused = written > 0 ? 0 : refused + 1;
    if (written < 0) (void)poll(&room, 1, 20);
  }
  assert_int_equal(fcntl(fd, F_SETFL, flags), 0);
  return filled;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Interrupts a thread that is stuck in a transfer, as a JVM does to close a channel. */
#ifndef ZN_TESTS_STALL_H
#define ZN_TESTS_STALL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

struct interrupter {
  pthread_t thread;
  pthread_t victim;
  pid_t victim_id;
  atomic_bool done;
};

/* Sends signals without SA_RESTART to the calling thread whenever it has been asleep for a while,
 * from now to interrupter_stop. */
void interrupter_start(struct interrupter *interrupter);
void interrupter_stop(struct interrupter *interrupter);

/* Writes to a socket or pipe until it takes no more. returns: bytes written. */
long fill_up(int fd);

#endif

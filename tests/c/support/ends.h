/* SPDX-License-Identifier: Apache-2.0 */
/* Files, connected sockets and pipes for the tests, and a thread that collects what arrives. */
#ifndef ZN_TESTS_ENDS_H
#define ZN_TESTS_ENDS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "znio/transfer.h"

/* A connected pair: what is written to target can be read from reader. */
struct pair {
  int writer;
  int reader;
  int kind; /* of both: ZN_END_TCP, ZN_END_UNIX, ZN_END_PIPE */
};

enum { PAIR_TCP4, PAIR_TCP6, PAIR_UNIX, PAIR_PIPE, PAIR_KINDS };

/* All of these fail the running test when the system refuses. */
struct pair pair_open(int pair_kind);
void pair_close(struct pair *pair);
void set_nonblocking(int fd);

/* A temporary file, already unlinked, of size pseudo-random bytes that depend on seed. */
int file_make(int64_t size, uint32_t seed);
void fill_pattern(uint8_t *bytes, int64_t size, uint32_t seed);
void assert_file_holds(int fd, int64_t offset, const uint8_t *expected, int64_t size);

/* Reads from fd in a thread of its own until the end of the stream. */
struct collector {
  pthread_t thread;
  int fd;
  uint8_t *bytes;
  int64_t size;
  int64_t capacity;
};
void collector_start(struct collector *collector, int fd);
/* Waits for the end of the stream (the writer must be closed) and compares. Frees. */
void collector_assert(struct collector *collector, const uint8_t *expected, int64_t size);

/* Writes bytes to fd in a thread of its own, then closes it. */
struct feeder {
  pthread_t thread;
  int fd;
  const uint8_t *bytes;
  int64_t size;
};
void feeder_start(struct feeder *feeder, int fd, const uint8_t *bytes, int64_t size);
void feeder_join(struct feeder *feeder);

/* Descriptors open in this process. */
int open_descriptors(void);

struct zn_end end_file(int fd, int64_t offset);
struct zn_end end_of(int kind, int fd);
struct zn_end end_memory(void *address);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* WRAP zn_sys_uring_submit_and_wait */
/*
 * The paths of io_uring when a signal, a full target or a lost peer comes in between: what is
 * reported has arrived, once and in order; afterwards nothing is left open and the pool works as
 * before.
 */

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ring.h"
#include "support/balance.h"
#include "support/check.h"
#include "support/ends.h"
#include "support/stall.h"
#include "znio/znio.h"

/* The s_interrupt_at-th wait is interrupted. */
static int s_interrupt_at;

/* As the kernel does it: the requests are taken, and the wait ends without a completion. */
int __real_zn_sys_uring_submit_and_wait(struct io_uring *ring, unsigned count);
int __wrap_zn_sys_uring_submit_and_wait(struct io_uring *ring, unsigned count);
int __wrap_zn_sys_uring_submit_and_wait(struct io_uring *ring, unsigned count) {
  if (s_interrupt_at > 0 && --s_interrupt_at == 0) return -EINTR;
  return __real_zn_sys_uring_submit_and_wait(ring, count);
}

struct case_ends {
  int path;
  int source_kind;
  int pair_kind;
};

static const struct case_ends s_cases[] = {
    {ZN_PATH_DIRECT_URING, ZN_END_FILE, PAIR_TCP4},
    {ZN_PATH_DIRECT_URING, ZN_END_FILE, PAIR_PIPE},
    {ZN_PATH_URING_REGISTERED, ZN_END_FILE, PAIR_TCP6},
    {ZN_PATH_URING_REGISTERED, ZN_END_FILE, PAIR_UNIX},
    {ZN_PATH_URING_REGISTERED, ZN_END_FILE, PAIR_PIPE},
    {ZN_PATH_URING_REGISTERED, ZN_END_MEMORY, PAIR_TCP4},
    {ZN_PATH_URING_REGISTERED, ZN_END_MEMORY, PAIR_UNIX},
    {ZN_PATH_URING_SEND_ZC, ZN_END_FILE, PAIR_TCP4},
    {ZN_PATH_URING_SEND_ZC, ZN_END_MEMORY, PAIR_TCP4},
};
#define CASES (sizeof s_cases / sizeof *s_cases)

static void nonblocking_case(const struct case_ends *c) {
  int64_t size = 24 * MIB + 4096;
  struct source source = source_open(c->source_kind, size, 0, 21);
  struct pair pair = pair_open(c->pair_kind);
  set_nonblocking(pair.writer);
  struct zn_end from = source.end;
  struct zn_end target = end_of(pair.kind, pair.writer);
  struct zn_receipt receipts[256] = {{0}};
  int calls = 0;
  int64_t done = 0;
  int64_t moved;
  /* Nobody reads: it must stop by itself, with what fits. A direct source starts at whole blocks.
   */
  do {
    assert_true(calls < 256);
    moved = move_by(c->path, from, target, size - done, &receipts[calls++]);
    if (moved > 0) {
      done += moved;
      end_advance(&from, moved);
      assert_int_equal(receipts[calls - 1].error, -EAGAIN);
    }
  } while (moved > 0);
  if (moved != ZN_EALIGN) assert_int_equal(moved, -EAGAIN);
  assert_true(done > 0 && done < size);
  struct collector collector;
  collector_start(&collector, pair.reader);
  if (c->path == ZN_PATH_DIRECT_URING) { /* go on from any byte by the other path */
    while (done < size) {
      moved = move_by(ZN_PATH_READ_WRITE, from, target, size - done, NULL);
      assert_true(moved > 0 || moved == -EAGAIN);
      if (moved > 0) {
        done += moved;
        end_advance(&from, moved);
      }
    }
  }
  while (done < size) {
    struct pollfd ready = {.fd = pair.writer, .events = POLLOUT};
    assert_true(poll(&ready, 1, -1) == 1);
    struct zn_receipt receipt;
    moved = move_by(c->path, from, target, size - done, &receipt);
    assert_true(moved > 0 || moved == -EAGAIN);
    if (moved > 0) {
      done += moved;
      end_advance(&from, moved);
    }
    settle(&receipt);
  }
  for (int i = 0; i < calls; i++) settle(&receipts[i]);
  end_stream(&pair, &collector, source.bytes, size);
  source_close(&source);
}

static void test_nonblocking(void **state) {
  for (size_t i = 0; i < CASES; i++) nonblocking_case(&s_cases[i]);
}

static void interrupted_case(const struct case_ends *c) {
  int64_t size = 24 * MIB;
  struct source source = source_open(c->source_kind, size, 0, 23);
  struct pair pair = pair_open(c->pair_kind);
  struct zn_end target = end_of(pair.kind, pair.writer);
  struct zn_receipt receipt;
  struct zn_receipt second;
  struct interrupter interrupter;
  interrupter_start(&interrupter);
  int64_t moved;
  do { /* a slow disk may be interrupted before the first byte */
    moved = move_by(c->path, source.end, target, size, &receipt);
  } while (moved == -EINTR);
  interrupter_stop(&interrupter);
  assert_true(moved > 0 && moved < size);
  assert_int_equal(receipt.error, -EINTR);
  close(pair.writer);
  pair.writer = -1;
  struct collector collector;
  collector_start(&collector, pair.reader);
  collector_assert(&collector, source.bytes, moved);
  settle(&receipt);
  pair_close(&pair);
  /* The pool works as before. */
  pair = pair_open(c->pair_kind);
  collector_start(&collector, pair.reader);
  assert_int_equal(move_by(c->path, source.end, end_of(pair.kind, pair.writer), size, &second),
                   size);
  settle(&second);
  end_stream(&pair, &collector, source.bytes, size);
  source_close(&source);
}

static void test_interrupted_in_a_stall(void **state) {
  for (size_t i = 0; i < CASES; i++) interrupted_case(&s_cases[i]);
}

static void test_interrupted_with_nothing_moved(void **state) {
  for (size_t i = 0; i < CASES; i++) {
    struct source source = source_open(s_cases[i].source_kind, 100000, 0, 1);
    struct pair pair = pair_open(s_cases[i].pair_kind);
    (void)fill_up(pair.writer);
    struct zn_receipt receipt;
    struct interrupter interrupter;
    interrupter_start(&interrupter);
    int64_t moved =
        move_by(s_cases[i].path, source.end, end_of(pair.kind, pair.writer), 100000, &receipt);
    interrupter_stop(&interrupter);
    assert_int_equal(moved, -EINTR);
    assert_int_equal(receipt.error, -EINTR);
    assert_null(receipt.pin);
    pair_close(&pair);
    source_close(&source);
  }
}

/* The n-th wait of a transfer is interrupted, for every n: each time a prefix has arrived. */
static void test_interrupted_at_every_wait(void **state) {
  int64_t size = 2 * MIB + 5;
  for (size_t i = 0; i < CASES; i++) {
    bool interrupted = true;
    for (int n = 1; interrupted; n++) {
      struct source source = source_open(s_cases[i].source_kind, size, 0, 29);
      struct pair pair = pair_open(s_cases[i].pair_kind);
      struct collector collector;
      collector_start(&collector, pair.reader);
      struct zn_receipt receipt;
      s_interrupt_at = n;
      int64_t moved =
          move_by(s_cases[i].path, source.end, end_of(pair.kind, pair.writer), size, &receipt);
      interrupted = s_interrupt_at == 0;
      s_interrupt_at = 0;
      int64_t arrived = moved > 0 ? moved : 0;
      if (moved < 0) assert_int_equal(moved, -EINTR);
      if (moved > 0 && moved < size) assert_int_equal(receipt.error, -EINTR);
      if (!interrupted) assert_int_equal(moved, size);
      settle(&receipt);
      end_stream(&pair, &collector, source.bytes, arrived);
      source_close(&source);
    }
  }
}

static void *read_a_bit_and_close(void *argument) {
  int fd = *(int *)argument;
  char bytes[65536];
  for (int i = 0; i < 8; i++) assert_true(read(fd, bytes, sizeof bytes) > 0);
  struct linger reset = {.l_onoff = 1, .l_linger = 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close(fd);
  return NULL;
}

static void test_peer_closes(void **state) {
  for (size_t i = 0; i < CASES; i++) {
    /* Paths to pipes and plain writes raise SIGPIPE there: its owner ignores it, as a JVM does. */
    if (s_cases[i].pair_kind == PAIR_PIPE) signal(SIGPIPE, SIG_IGN);
    int64_t size = 64 * MIB;
    struct source source = source_open(s_cases[i].source_kind, size, 0, 31);
    struct pair pair = pair_open(s_cases[i].pair_kind);
    pthread_t reader;
    assert_int_equal(pthread_create(&reader, NULL, read_a_bit_and_close, &pair.reader), 0);
    struct zn_receipt receipt;
    struct zn_end target = end_of(pair.kind, pair.writer);
    int64_t moved = move_by(s_cases[i].path, source.end, target, size, &receipt);
    pthread_join(reader, NULL);
    pair.reader = -1;
    assert_true(moved > 0 && moved < size);
    assert_true(receipt.error == -EPIPE || receipt.error == -ECONNRESET);
    settle(&receipt);
    struct zn_receipt again;
    int64_t result = move_by(s_cases[i].path, source.end, target, size, &again);
    assert_true(result == -EPIPE || result == -ECONNRESET);
    assert_null(again.pin);
    pair_close(&pair);
    source_close(&source);
    signal(SIGPIPE, SIG_DFL);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BALANCED(test_nonblocking),
      BALANCED(test_interrupted_in_a_stall),
      BALANCED(test_interrupted_with_nothing_moved),
      BALANCED(test_interrupted_at_every_wait),
      BALANCED(test_peer_closes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

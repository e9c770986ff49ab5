/* SPDX-License-Identifier: Apache-2.0 */
/* WRAP zn_sys_uring_init */
/* WRAP zn_sys_uring_submit_and_wait */
/*
 * direct-uring, uring-registered and uring-send-zc between every pair of ends they serve: the bytes
 * arrive whole, in order and once, also when a signal, a full target or a lost peer comes in between;
 * afterwards nothing is left open and the pool works as before.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ring.h"
#include "support/ends.h"
#include "support/stall.h"
#include "znio/znio.h"

#define MIB ((int64_t)1 << 20)

static const int64_t s_sizes[] = {1, 4095, 4096, 65537, MIB + 1, 9 * MIB + 4097};

/* Faults: zn_sys_uring_init fails with s_init_error; the s_interrupt_at-th wait is interrupted. */
static int s_init_error;
static int s_interrupt_at;

int __real_zn_sys_uring_init(struct io_uring *ring, unsigned entries);
int __wrap_zn_sys_uring_init(struct io_uring *ring, unsigned entries);
int __wrap_zn_sys_uring_init(struct io_uring *ring, unsigned entries) {
  return s_init_error != 0 ? s_init_error : __real_zn_sys_uring_init(ring, entries);
}

/* As the kernel does it: the requests are taken, and the wait ends without a completion. */
int __real_zn_sys_uring_submit_and_wait(struct io_uring *ring, unsigned count);
int __wrap_zn_sys_uring_submit_and_wait(struct io_uring *ring, unsigned count);
int __wrap_zn_sys_uring_submit_and_wait(struct io_uring *ring, unsigned count) {
  if (s_interrupt_at > 0 && --s_interrupt_at == 0) return -EINTR;
  return __real_zn_sys_uring_submit_and_wait(ring, count);
}

static int64_t by(int path, struct zn_end source, struct zn_end target, int64_t count,
                  struct zn_receipt *receipt) {
  struct zn_transfer_options options = {.path = path};
  return zn_transfer(&source, &target, count, &options, receipt);
}

/* Completes a transfer's pin, if it has one. */
static void settle(struct zn_receipt *receipt) {
  if (receipt->pin == NULL) return;
  assert_int_equal(zn_pin_poll(receipt->pin, -1), 1);
  receipt->kernel_copied = zn_pin_copied(receipt->pin);
  zn_pin_release(receipt->pin);
  receipt->pin = NULL;
}

/* ------------------------------------------------------------------ what each test leaves */

static struct zn_ledger_totals s_before;
static int s_descriptors_before;

static int setup(void **state) {
  signal(SIGPIPE, SIG_DFL); /* a signal would end the test */
  zn_ring_trim();
  zn_ledger_read(&s_before);
  s_descriptors_before = open_descriptors();
  return 0;
}

static int teardown(void **state) {
  struct zn_ledger_totals after;
  zn_ring_trim();
  zn_ledger_read(&after);
  assert_int_equal(after.rings, s_before.rings);
  assert_int_equal(after.pins, s_before.pins);
  assert_int_equal(after.descriptors, s_before.descriptors);
  assert_int_equal(open_descriptors(), s_descriptors_before);
  return 0;
}

/* ------------------------------------------------------------------ whole transfers */

struct source {
  struct zn_end end;
  uint8_t *bytes;
};

static struct source source_open(int kind, int64_t size, int64_t offset, uint32_t seed) {
  struct source source = {.bytes = malloc((size_t)(size + offset))};
  fill_pattern(source.bytes, size + offset, seed);
  source.end = kind == ZN_END_FILE ? end_file(file_make(size + offset, seed), offset)
                                   : end_memory(source.bytes + offset);
  return source;
}

static void source_close(struct source *source) {
  if (source->end.fd >= 0) close(source->end.fd);
  free(source->bytes);
}

static void move_to_pair(int path, int source_kind, int pair_kind, int64_t size, int64_t offset) {
  struct source source = source_open(source_kind, size, offset, 7);
  struct pair pair = pair_open(pair_kind);
  struct collector collector;
  collector_start(&collector, pair.reader);
  struct zn_receipt receipt;
  int64_t moved = by(path, source.end, end_of(pair.kind, pair.writer), size, &receipt);
  assert_int_equal(moved, size);
  assert_int_equal(receipt.bytes, size);
  assert_int_equal(receipt.error, 0);
  assert_int_equal(receipt.path, path);
  assert_true(receipt.system_calls > 0);
  assert_null(receipt.stranded);
  settle(&receipt);
  if (path == ZN_PATH_URING_SEND_ZC && receipt.kernel_copied != ZN_COPIED_UNKNOWN) {
    assert_int_equal(receipt.kernel_copied, ZN_COPIED_YES); /* over loopback */
  }
  if (source.end.fd >= 0) assert_int_equal(lseek(source.end.fd, 0, SEEK_CUR), 0);
  close(pair.writer);
  pair.writer = -1;
  collector_assert(&collector, source.bytes + offset, size);
  pair_close(&pair);
  source_close(&source);
}

static void test_file_to_sockets_and_pipes(void **state) {
  static const int paths[] = {ZN_PATH_DIRECT_URING, ZN_PATH_URING_REGISTERED,
                              ZN_PATH_URING_SEND_ZC};
  for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
    for (int kind = 0; kind < PAIR_KINDS; kind++) {
      bool tcp = kind == PAIR_TCP4 || kind == PAIR_TCP6;
      if (paths[p] == ZN_PATH_URING_SEND_ZC && !tcp) continue;
      for (size_t s = 0; s < sizeof s_sizes / sizeof *s_sizes; s++) {
        int64_t odd = paths[p] == ZN_PATH_DIRECT_URING ? 8192 : 5001;
        move_to_pair(paths[p], ZN_END_FILE, kind, s_sizes[s], s % 2 == 0 ? 0 : odd);
      }
    }
  }
}

static void test_memory_to_sockets_and_pipes(void **state) {
  for (int kind = 0; kind < PAIR_KINDS; kind++) {
    bool tcp = kind == PAIR_TCP4 || kind == PAIR_TCP6;
    for (size_t s = 0; s < sizeof s_sizes / sizeof *s_sizes; s++) {
      move_to_pair(ZN_PATH_URING_REGISTERED, ZN_END_MEMORY, kind, s_sizes[s], s % 2);
      if (tcp) move_to_pair(ZN_PATH_URING_SEND_ZC, ZN_END_MEMORY, kind, s_sizes[s], s % 2);
    }
  }
}

static void move_to_file(int path, int source_kind, int64_t size, bool own_positions) {
  struct source source = source_open(source_kind, size, 4096, 3);
  int target = file_make(100, 1);
  if (own_positions && source.end.fd >= 0) {
    lseek(source.end.fd, 4096, SEEK_SET);
    source.end.offset = ZN_OFFSET_CURRENT;
  }
  if (own_positions) lseek(target, 8192, SEEK_SET);
  int64_t offset = own_positions ? ZN_OFFSET_CURRENT : 8192;
  struct zn_receipt receipt;
  assert_int_equal(by(path, source.end, end_file(target, offset), size, &receipt), size);
  assert_int_equal(receipt.error, 0);
  if (source.end.fd >= 0) {
    assert_int_equal(lseek(source.end.fd, 0, SEEK_CUR), own_positions ? 4096 + size : 0);
  }
  assert_int_equal(lseek(target, 0, SEEK_CUR), own_positions ? 8192 + size : 0);
  assert_file_holds(target, 8192, source.bytes + 4096, size);
  close(target);
  source_close(&source);
}

static void test_to_files(void **state) {
  for (size_t s = 0; s < sizeof s_sizes / sizeof *s_sizes; s++) {
    for (int own = 0; own < 2; own++) {
      move_to_file(ZN_PATH_DIRECT_URING, ZN_END_FILE, s_sizes[s], own);
      move_to_file(ZN_PATH_URING_REGISTERED, ZN_END_FILE, s_sizes[s], own);
      move_to_file(ZN_PATH_URING_REGISTERED, ZN_END_MEMORY, s_sizes[s], own);
    }
  }
}

static void test_to_memory(void **state) {
  static const int paths[] = {ZN_PATH_DIRECT_URING, ZN_PATH_URING_REGISTERED};
  for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
    for (size_t s = 0; s < sizeof s_sizes / sizeof *s_sizes; s++) {
      for (int shift = 0; shift < 2; shift++) { /* an aligned address, and one that is not */
        int64_t size = s_sizes[s];
        struct source source = source_open(ZN_END_FILE, size, 4096, 11);
        uint8_t *memory = aligned_alloc(4096, (size_t)(size / 4096 + 3) * 4096);
        memset(memory, 0xee, (size_t)size + 2);
        struct zn_receipt receipt;
        int64_t moved = by(paths[p], source.end, end_memory(memory + shift), size, &receipt);
        assert_int_equal(moved, size);
        assert_memory_equal(memory + shift, source.bytes + 4096, (size_t)size);
        assert_int_equal(memory[size + shift], 0xee); /* no byte behind the end */
        free(memory);
        source_close(&source);
      }
    }
  }
}

static void test_end_of_file_comes_first(void **state) {
  int64_t size = 3 * MIB + 777;
  uint8_t *memory = malloc((size_t)size + 1);
  static const int paths[] = {ZN_PATH_DIRECT_URING, ZN_PATH_URING_REGISTERED};
  for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
    struct source source = source_open(ZN_END_FILE, size, 0, 2);
    int target = file_make(0, 0);
    struct zn_receipt receipt;
    int64_t huge = INT64_MAX - 8192;
    assert_int_equal(by(paths[p], source.end, end_file(target, 0), huge, &receipt), size);
    assert_int_equal(receipt.error, 0);
    assert_file_holds(target, 0, source.bytes, size);
    memory[size] = 0xee;
    assert_int_equal(by(paths[p], source.end, end_memory(memory), size + 1, &receipt), size);
    assert_memory_equal(memory, source.bytes, (size_t)size);
    struct zn_end behind = end_file(source.end.fd, 16 * MIB);
    assert_int_equal(by(paths[p], behind, end_file(target, 0), 100, &receipt), 0);
    assert_int_equal(receipt.error, 0);
    close(target);
    source_close(&source);
  }
  free(memory);
}

static void test_sparse_64_mib(void **state) {
  static const int paths[] = {ZN_PATH_DIRECT_URING, ZN_PATH_URING_REGISTERED,
                              ZN_PATH_URING_SEND_ZC};
  int64_t size = 64 * MIB;
  uint8_t *expected = calloc(1, (size_t)size);
  memcpy(expected + 40 * MIB, "island", 6);
  for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
    int file = file_make(0, 0);
    assert_int_equal(ftruncate(file, size), 0);
    assert_int_equal(pwrite(file, "island", 6, 40 * MIB), 6);
    struct pair pair = pair_open(PAIR_TCP4);
    struct collector collector;
    collector_start(&collector, pair.reader);
    struct zn_receipt receipt;
    struct zn_end target = end_of(pair.kind, pair.writer);
    struct zn_transfer_options options = {.path = paths[p], .depth = 64, .chunk_bytes = 1 << 20};
    struct zn_end source = end_file(file, 0);
    assert_int_equal(zn_transfer(&source, &target, size, &options, &receipt), size);
    if (paths[p] == ZN_PATH_URING_SEND_ZC) {
      assert_int_equal(receipt.kernel_copied, ZN_COPIED_YES);
    }
    close(pair.writer);
    pair.writer = -1;
    collector_assert(&collector, expected, size);
    pair_close(&pair);
    close(file);
  }
  free(expected);
}

static void test_smallest_depth_and_chunk(void **state) {
  static const int paths[] = {ZN_PATH_DIRECT_URING, ZN_PATH_URING_REGISTERED,
                              ZN_PATH_URING_SEND_ZC};
  for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
    for (uint32_t depth = 1; depth <= 3; depth++) {
      struct source source = source_open(ZN_END_FILE, 300001, 0, depth);
      struct pair pair = pair_open(PAIR_TCP6);
      struct collector collector;
      collector_start(&collector, pair.reader);
      struct zn_transfer_options options = {.path = paths[p], .depth = depth, .chunk_bytes = 4096};
      struct zn_end target = end_of(pair.kind, pair.writer);
      assert_int_equal(zn_transfer(&source.end, &target, 300001, &options, NULL), 300001);
      close(pair.writer);
      pair.writer = -1;
      collector_assert(&collector, source.bytes, 300001);
      pair_close(&pair);
      source_close(&source);
    }
  }
}

/* ------------------------------------------------------------------ ends that are not ready */

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

static void advance(struct zn_end *end, int64_t bytes) {
  if (end->kind == ZN_END_FILE) end->offset += bytes;
  if (end->kind == ZN_END_MEMORY) end->address = (char *)end->address + bytes;
}

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
  /* Nobody reads: it must stop by itself, with what fits. A direct source starts at whole blocks. */
  do {
    assert_true(calls < 256);
    moved = by(c->path, from, target, size - done, &receipts[calls++]);
    if (moved > 0) {
      done += moved;
      advance(&from, moved);
      assert_int_equal(receipts[calls - 1].error, -EAGAIN);
    }
  } while (moved > 0);
  if (moved != ZN_EALIGN) assert_int_equal(moved, -EAGAIN);
  assert_true(done > 0 && done < size);
  struct collector collector;
  collector_start(&collector, pair.reader);
  if (c->path == ZN_PATH_DIRECT_URING) { /* go on from any byte by the other path */
    while (done < size) {
      moved = by(ZN_PATH_READ_WRITE, from, target, size - done, NULL);
      assert_true(moved > 0 || moved == -EAGAIN);
      if (moved > 0) {
        done += moved;
        advance(&from, moved);
      }
    }
  }
  while (done < size) {
    struct pollfd ready = {.fd = pair.writer, .events = POLLOUT};
    assert_true(poll(&ready, 1, -1) == 1);
    struct zn_receipt receipt;
    moved = by(c->path, from, target, size - done, &receipt);
    assert_true(moved > 0 || moved == -EAGAIN);
    if (moved > 0) {
      done += moved;
      advance(&from, moved);
    }
    settle(&receipt);
  }
  for (int i = 0; i < calls; i++) settle(&receipts[i]);
  close(pair.writer);
  pair.writer = -1;
  collector_assert(&collector, source.bytes, size);
  pair_close(&pair);
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
    moved = by(c->path, source.end, target, size, &receipt);
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
  assert_int_equal(by(c->path, source.end, end_of(pair.kind, pair.writer), size, &second), size);
  settle(&second);
  close(pair.writer);
  pair.writer = -1;
  collector_assert(&collector, source.bytes, size);
  pair_close(&pair);
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
        by(s_cases[i].path, source.end, end_of(pair.kind, pair.writer), 100000, &receipt);
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
          by(s_cases[i].path, source.end, end_of(pair.kind, pair.writer), size, &receipt);
      interrupted = s_interrupt_at == 0;
      s_interrupt_at = 0;
      int64_t arrived = moved > 0 ? moved : 0;
      if (moved < 0) assert_int_equal(moved, -EINTR);
      if (moved > 0 && moved < size) assert_int_equal(receipt.error, -EINTR);
      if (!interrupted) assert_int_equal(moved, size);
      settle(&receipt);
      close(pair.writer);
      pair.writer = -1;
      collector_assert(&collector, source.bytes, arrived);
      pair_close(&pair);
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
    int64_t moved = by(s_cases[i].path, source.end, target, size, &receipt);
    pthread_join(reader, NULL);
    pair.reader = -1;
    assert_true(moved > 0 && moved < size);
    assert_true(receipt.error == -EPIPE || receipt.error == -ECONNRESET);
    settle(&receipt);
    struct zn_receipt again;
    int64_t result = by(s_cases[i].path, source.end, target, size, &again);
    assert_true(result == -EPIPE || result == -ECONNRESET);
    assert_null(again.pin);
    pair_close(&pair);
    source_close(&source);
    signal(SIGPIPE, SIG_DFL);
  }
}

/* ------------------------------------------------------------------ what cannot be */

static void test_refusals(void **state) {
  struct source file = source_open(ZN_END_FILE, 100000, 0, 1);
  struct source memory = source_open(ZN_END_MEMORY, 100000, 0, 1);
  struct pair tcp = pair_open(PAIR_TCP4);
  struct pair local = pair_open(PAIR_UNIX);
  struct zn_end to_tcp = end_of(ZN_END_TCP, tcp.writer);
  struct zn_end to_unix = end_of(ZN_END_UNIX, local.writer);
  int zc = ZN_PATH_URING_SEND_ZC;
  assert_int_equal(by(zc, file.end, to_unix, 10, NULL), ZN_EPAIR);
  assert_int_equal(by(zc, to_tcp, to_tcp, 10, NULL), -EINVAL);
  assert_int_equal(by(ZN_PATH_DIRECT_URING, memory.end, to_tcp, 10, NULL), ZN_EPAIR);
  struct zn_receipt receipt;
  struct zn_end from_unix = end_of(ZN_END_UNIX, local.reader);
  int registered = ZN_PATH_URING_REGISTERED;
  assert_int_equal(by(registered, from_unix, to_tcp, 10, &receipt), ZN_EPAIR);
  struct zn_end odd = end_file(file.end.fd, 1000);
  assert_int_equal(by(ZN_PATH_DIRECT_URING, odd, to_tcp, 4096, NULL), ZN_EALIGN);
  int target = file_make(0, 0);
  struct zn_end odd_target = end_file(target, 1);
  assert_int_equal(by(ZN_PATH_DIRECT_URING, file.end, odd_target, 4096, NULL), ZN_EALIGN);
  assert_int_equal(fcntl(target, F_SETFL, O_APPEND), 0);
  assert_int_equal(by(ZN_PATH_DIRECT_URING, file.end, end_file(target, 0), 10, NULL), ZN_EAPPEND);
  assert_int_equal(by(registered, file.end, end_file(target, 0), 10, NULL), ZN_EAPPEND);
  int proc = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  assert_int_equal(by(ZN_PATH_DIRECT_URING, end_file(proc, 0), to_tcp, 10, NULL), ZN_EFILESYSTEM);
  /* Rights are those of the descriptor, not those of the file. */
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", file.end.fd);
  int read_only = open(path, O_RDONLY | O_CLOEXEC);
  int write_only = open(path, O_WRONLY | O_CLOEXEC);
  struct zn_end to_read_only = end_file(read_only, 8192);
  assert_int_equal(by(ZN_PATH_DIRECT_URING, end_file(write_only, 0), to_tcp, 10, NULL), -EBADF);
  assert_int_equal(by(ZN_PATH_DIRECT_URING, file.end, to_read_only, 10, NULL), -EBADF);
  assert_int_equal(by(registered, file.end, to_read_only, 10, NULL), -EBADF);
  assert_int_equal(by(registered, end_file(write_only, 0), to_tcp, 10, NULL), -EBADF);
  close(read_only);
  close(write_only);
  close(proc);
  close(target);
  pair_close(&tcp);
  pair_close(&local);
  source_close(&file);
  source_close(&memory);
}

static void test_proc_file(void **state) {
  int proc = open("/proc/version", O_RDONLY | O_CLOEXEC);
  char expected[1024];
  ssize_t size = pread(proc, expected, sizeof expected, 0);
  assert_true(size > 0);
  int target = file_make(0, 0);
  int64_t moved = by(ZN_PATH_URING_REGISTERED, end_file(proc, 0), end_file(target, 0), 9999, NULL);
  assert_int_equal(moved, size);
  assert_file_holds(target, 0, (uint8_t *)expected, size);
  close(target);
  close(proc);
}

static void test_io_uring_is_missing(void **state) {
  static const int errors[][2] = {{-ENOSYS, ZN_EKERNEL}, {-EPERM, ZN_EFORBIDDEN},
                                  {-ENOMEM, ZN_EMEMLOCK}, {-EMFILE, -EMFILE}};
  struct source source = source_open(ZN_END_FILE, 100, 0, 1);
  struct pair pair = pair_open(PAIR_TCP4);
  for (int i = 0; i < 4; i++) {
    for (int path = ZN_PATH_DIRECT_URING; path <= ZN_PATH_URING_SEND_ZC; path++) {
      zn_ring_trim();
      s_init_error = errors[i][0];
      int64_t result = by(path, source.end, end_of(pair.kind, pair.writer), 100, NULL);
      s_init_error = 0;
      assert_int_equal(result, errors[i][1]);
    }
  }
  pair_close(&pair);
  source_close(&source);
}

/* Runs a function in a child process. returns: its exit status, or -1. */
static int in_child(int (*function)(const struct source *), const struct source *source) {
  fflush(NULL);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    alarm(20);
    _exit(function(source));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int with_little_locked_memory(const struct source *source) {
  struct rlimit limit = {.rlim_cur = 65536, .rlim_max = 65536};
  if (setrlimit(RLIMIT_MEMLOCK, &limit) < 0 || setresuid(65534, 65534, 65534) < 0) return 77;
  uint8_t byte;
  int64_t result =
      by(ZN_PATH_URING_REGISTERED, source->end, end_memory(&byte), 1, NULL);
  return result == ZN_EMEMLOCK ? 0 : 1;
}

static void test_locked_memory(void **state) {
  if (geteuid() != 0) skip(); /* another user's id is needed: root's memory is not limited */
  struct source source = source_open(ZN_END_FILE, 100, 0, 1);
  assert_int_equal(in_child(with_little_locked_memory, &source), 0);
  source_close(&source);
}

static int after_fork(const struct source *source) {
  uint8_t bytes[100] = {0};
  int64_t result = by(ZN_PATH_URING_REGISTERED, source->end, end_memory(bytes), 100, NULL);
  return result == 100 && memcmp(bytes, source->bytes, 100) == 0 ? 0 : 1;
}

static void test_forked_child_has_rings_of_its_own(void **state) {
  struct source source = source_open(ZN_END_FILE, 100, 0, 5);
  assert_int_equal(after_fork(&source), 0); /* an idle ring is in the pool now */
  assert_int_equal(in_child(after_fork, &source), 0);
  assert_int_equal(after_fork(&source), 0);
  source_close(&source);
}

/* ------------------------------------------------------------------ rings and pins */

static void test_rings_are_reused(void **state) {
  struct source source = source_open(ZN_END_FILE, 100000, 0, 5);
  int target = file_make(0, 0);
  struct zn_ledger_totals totals;
  for (int i = 0; i < 20; i++) {
    int64_t moved =
        by(ZN_PATH_URING_REGISTERED, source.end, end_file(target, 0), 100000, NULL);
    assert_int_equal(moved, 100000);
    zn_ledger_read(&totals);
    assert_int_equal(totals.rings, s_before.rings + 1);
  }
  close(target);
  source_close(&source);
}

static void test_draining_ring_comes_back(void **state) {
  int64_t size = 16 * MIB;
  struct source source = source_open(ZN_END_FILE, size, 0, 5);
  struct pair pair = pair_open(PAIR_TCP4);
  set_nonblocking(pair.writer);
  struct zn_end from = source.end;
  struct zn_end target = end_of(pair.kind, pair.writer);
  struct zn_receipt receipt;
  int64_t done = 0;
  int64_t moved;
  while ((moved = by(ZN_PATH_URING_SEND_ZC, from, target, size - done, &receipt)) > 0) {
    done += moved;
    advance(&from, moved);
    assert_null(receipt.pin); /* the bytes are in a ring's own buffers */
  }
  assert_int_equal(moved, -EAGAIN);
  zn_ring_trim();
  struct zn_ledger_totals totals;
  zn_ledger_read(&totals);
  assert_true(totals.rings > s_before.rings); /* what is not acknowledged keeps its ring */
  struct collector collector;
  collector_start(&collector, pair.reader);
  close(pair.writer);
  pair.writer = -1;
  collector_assert(&collector, source.bytes, done);
  /* Everything was read, so the notifications are there, or will be at once. */
  do {
    zn_ring_trim();
    zn_ledger_read(&totals);
  } while (totals.rings > s_before.rings);
  pair_close(&pair);
  source_close(&source);
}

static void test_pin_of_a_stalled_send(void **state) {
  int64_t size = 32 * MIB;
  struct source source = source_open(ZN_END_MEMORY, size, 0, 5);
  struct pair pair = pair_open(PAIR_TCP4);
  set_nonblocking(pair.writer);
  struct zn_receipt receipt;
  struct zn_end target = end_of(pair.kind, pair.writer);
  int64_t moved = by(ZN_PATH_URING_SEND_ZC, source.end, target, size, &receipt);
  assert_true(moved > 0 && moved < size);
  assert_non_null(receipt.pin);
  struct zn_ledger_totals totals;
  zn_ledger_read(&totals);
  assert_int_equal(totals.pins, s_before.pins + 1);
  assert_int_equal(zn_pin_poll(receipt.pin, 0), 0);
  assert_int_equal(zn_pin_poll(receipt.pin, 10), 0);
  struct interrupter interrupter;
  interrupter_start(&interrupter);
  assert_int_equal(zn_pin_poll(receipt.pin, -1), -EINTR);
  interrupter_stop(&interrupter);
  zn_pin_shutdown(receipt.pin);
  close(pair.writer); /* the memory is still being sent */
  pair.writer = -1;
  struct collector collector;
  collector_start(&collector, pair.reader);
  assert_int_equal(zn_pin_poll(receipt.pin, -1), 1);
  assert_int_equal(zn_pin_copied(receipt.pin), 1);
  zn_pin_release(receipt.pin);
  collector_assert(&collector, source.bytes, moved);
  pair_close(&pair);
  source_close(&source);
}

static void test_without_a_receipt_the_call_waits(void **state) {
  struct source source = source_open(ZN_END_MEMORY, 3 * MIB, 0, 6);
  struct pair pair = pair_open(PAIR_TCP4);
  struct collector collector;
  collector_start(&collector, pair.reader);
  struct zn_end target = end_of(pair.kind, pair.writer);
  assert_int_equal(by(ZN_PATH_URING_SEND_ZC, source.end, target, 3 * MIB, NULL), 3 * MIB);
  uint8_t *expected = malloc((size_t)(3 * MIB));
  memcpy(expected, source.bytes, (size_t)(3 * MIB));
  memset(source.bytes, 0, (size_t)(3 * MIB)); /* nothing of it may still be on its way */
  close(pair.writer);
  pair.writer = -1;
  collector_assert(&collector, expected, 3 * MIB);
  free(expected);
  pair_close(&pair);
  source_close(&source);
}

static void test_mapped_file_as_memory(void **state) {
  int64_t size = 2 * MIB;
  struct source source = source_open(ZN_END_FILE, size, 0, 8);
  void *mapping = NULL;
  assert_int_equal(zn_mapping_map(source.end.fd, 0, size, ZN_MAPPING_READ_ONLY, &mapping), 0);
  int target = file_make(0, 0);
  int64_t moved =
      by(ZN_PATH_URING_REGISTERED, end_memory(mapping), end_file(target, 0), size, NULL);
  assert_int_equal(moved, size);
  assert_file_holds(target, 0, source.bytes, size);
  /* Cut short: an error, not a SIGBUS. */
  assert_int_equal(ftruncate(source.end.fd, MIB), 0);
  struct zn_receipt receipt;
  moved = by(ZN_PATH_URING_REGISTERED, end_memory(mapping), end_file(target, 0), size, &receipt);
  assert_true(moved < size);
  assert_int_equal(moved < 0 ? moved : receipt.error, -EFAULT);
  assert_int_equal(zn_mapping_unmap(mapping, size), 0);
  close(target);
  source_close(&source);
}

static void *move_in_thread(void *argument) {
  uint32_t seed = *(uint32_t *)argument;
  for (int i = 0; i < 8; i++) {
    int path = i % 2 == 0 ? ZN_PATH_DIRECT_URING : ZN_PATH_URING_REGISTERED;
    struct source source = source_open(ZN_END_FILE, 700001, 0, seed);
    uint8_t *memory = malloc(700001);
    struct zn_receipt receipt;
    assert_int_equal(by(path, source.end, end_memory(memory), 700001, &receipt), 700001);
    assert_memory_equal(memory, source.bytes, 700001);
    free(memory);
    source_close(&source);
  }
  return NULL;
}

static void test_many_threads(void **state) {
  pthread_t threads[8];
  uint32_t seeds[8];
  for (uint32_t i = 0; i < 8; i++) {
    seeds[i] = i;
    assert_int_equal(pthread_create(&threads[i], NULL, move_in_thread, &seeds[i]), 0);
  }
  for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_file_to_sockets_and_pipes),
      TEST(test_memory_to_sockets_and_pipes),
      TEST(test_to_files),
      TEST(test_to_memory),
      TEST(test_end_of_file_comes_first),
      TEST(test_sparse_64_mib),
      TEST(test_smallest_depth_and_chunk),
      TEST(test_nonblocking),
      TEST(test_interrupted_in_a_stall),
      TEST(test_interrupted_with_nothing_moved),
      TEST(test_interrupted_at_every_wait),
      TEST(test_peer_closes),
      TEST(test_refusals),
      TEST(test_proc_file),
      TEST(test_io_uring_is_missing),
      TEST(test_locked_memory),
      TEST(test_forked_child_has_rings_of_its_own),
      TEST(test_rings_are_reused),
      TEST(test_draining_ring_comes_back),
      TEST(test_pin_of_a_stalled_send),
      TEST(test_without_a_receipt_the_call_waits),
      TEST(test_mapped_file_as_memory),
      TEST(test_many_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

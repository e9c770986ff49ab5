/* SPDX-License-Identifier: Apache-2.0 */
/* WRAP zn_sys_uring_init */
/* WRAP zn_sys_uring_submit */
/* WRAP zn_sys_uring_submit_and_wait */
/*
 * What the paths of io_uring cannot do, and how they say so; io_uring forbidden, missing or short
 * of locked memory; a forked child.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ring.h"
#include "support/balance.h"
#include "support/check.h"
#include "support/ends.h"
#include "support/stall.h"
#include "znio/znio.h"

/* zn_sys_uring_init fails with this, if it is not 0. */
static int s_init_error;

int __real_zn_sys_uring_init(struct io_uring *ring, unsigned entries);
int __wrap_zn_sys_uring_init(struct io_uring *ring, unsigned entries);
int __wrap_zn_sys_uring_init(struct io_uring *ring, unsigned entries) {
  return s_init_error != 0 ? s_init_error : __real_zn_sys_uring_init(ring, entries);
}

/* An older kernel: it refuses RWF_NOWAIT on pipes and sockets, or the usage report of SEND_ZC.
 * Requests that carry the flag get one that no kernel knows. */
static bool s_old_kernel;

static void spoil_requests(struct io_uring *ring) {
  for (unsigned i = ring->sq.sqe_head; s_old_kernel && i != ring->sq.sqe_tail; i++) {
    struct io_uring_sqe *request = &ring->sq.sqes[i & ring->sq.ring_mask];
    bool write = request->opcode == IORING_OP_WRITE || request->opcode == IORING_OP_WRITE_FIXED;
    if (write && (request->rw_flags & RWF_NOWAIT) != 0) request->rw_flags |= 1 << 30;
    if (request->opcode == IORING_OP_SEND_ZC && (request->ioprio & 8) != 0) {
      request->ioprio |= 1 << 15;
    }
  }
}

int __real_zn_sys_uring_submit(struct io_uring *ring);
int __wrap_zn_sys_uring_submit(struct io_uring *ring);
int __wrap_zn_sys_uring_submit(struct io_uring *ring) {
  spoil_requests(ring);
  return __real_zn_sys_uring_submit(ring);
}

int __real_zn_sys_uring_submit_and_wait(struct io_uring *ring, unsigned count);
int __wrap_zn_sys_uring_submit_and_wait(struct io_uring *ring, unsigned count);
int __wrap_zn_sys_uring_submit_and_wait(struct io_uring *ring, unsigned count) {
  spoil_requests(ring);
  return __real_zn_sys_uring_submit_and_wait(ring, count);
}

static void move_on_an_old_kernel(int path, int source_kind, int pair_kind) {
  int64_t size = 3 * MIB + 5;
  struct source source = source_open(source_kind, size, 0, 9);
  struct pair pair = pair_open(pair_kind);
  struct collector collector;
  collector_start(&collector, pair.reader);
  struct zn_receipt receipt;
  s_old_kernel = true;
  int64_t moved = move_by(path, source.end, end_of(pair.kind, pair.writer), size, &receipt);
  s_old_kernel = false;
  assert_int_equal(moved, size);
  settle(&receipt);
  assert_int_equal(receipt.kernel_copied, ZN_COPIED_UNKNOWN); /* nobody says it there */
  end_stream(&pair, &collector, source.bytes, size);
  source_close(&source);
}

static void test_old_kernels(void **state) {
  for (int kind = ZN_END_FILE; kind <= ZN_END_MEMORY; kind += ZN_END_MEMORY - ZN_END_FILE) {
    move_on_an_old_kernel(ZN_PATH_URING_REGISTERED, kind, PAIR_PIPE);
    move_on_an_old_kernel(ZN_PATH_URING_REGISTERED, kind, PAIR_UNIX);
    move_on_an_old_kernel(ZN_PATH_URING_REGISTERED, kind, PAIR_TCP4);
    move_on_an_old_kernel(ZN_PATH_URING_SEND_ZC, kind, PAIR_TCP4);
  }
}

static void test_refusals(void **state) {
  struct source file = source_open(ZN_END_FILE, 100000, 0, 1);
  struct source memory = source_open(ZN_END_MEMORY, 100000, 0, 1);
  struct pair tcp = pair_open(PAIR_TCP4);
  struct pair local = pair_open(PAIR_UNIX);
  struct zn_end to_tcp = end_of(ZN_END_TCP, tcp.writer);
  struct zn_end to_unix = end_of(ZN_END_UNIX, local.writer);
  int zc = ZN_PATH_URING_SEND_ZC;
  assert_int_equal(move_by(zc, file.end, to_unix, 10, NULL), ZN_EPAIR);
  assert_int_equal(move_by(zc, to_tcp, to_tcp, 10, NULL), -EINVAL);
  assert_int_equal(move_by(ZN_PATH_DIRECT_URING, memory.end, to_tcp, 10, NULL), ZN_EPAIR);
  struct zn_receipt receipt;
  struct zn_end from_unix = end_of(ZN_END_UNIX, local.reader);
  int registered = ZN_PATH_URING_REGISTERED;
  assert_int_equal(move_by(registered, from_unix, to_tcp, 10, &receipt), ZN_EPAIR);
  struct zn_end odd = end_file(file.end.fd, 1000);
  assert_int_equal(move_by(ZN_PATH_DIRECT_URING, odd, to_tcp, 4096, NULL), ZN_EALIGN);
  int target = file_make(0, 0);
  struct zn_end odd_target = end_file(target, 1);
  assert_int_equal(move_by(ZN_PATH_DIRECT_URING, file.end, odd_target, 4096, NULL), ZN_EALIGN);
  assert_int_equal(fcntl(target, F_SETFL, O_APPEND), 0);
  assert_int_equal(move_by(ZN_PATH_DIRECT_URING, file.end, end_file(target, 0), 10, NULL),
                   ZN_EAPPEND);
  assert_int_equal(move_by(registered, file.end, end_file(target, 0), 10, NULL), ZN_EAPPEND);
  int proc = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  assert_int_equal(move_by(ZN_PATH_DIRECT_URING, end_file(proc, 0), to_tcp, 10, NULL),
                   ZN_EFILESYSTEM);
  /* Rights are those of the descriptor, not those of the file. */
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", file.end.fd);
  int read_only = open(path, O_RDONLY | O_CLOEXEC);
  int write_only = open(path, O_WRONLY | O_CLOEXEC);
  struct zn_end to_read_only = end_file(read_only, 8192);
  assert_int_equal(move_by(ZN_PATH_DIRECT_URING, end_file(write_only, 0), to_tcp, 10, NULL),
                   -EBADF);
  assert_int_equal(move_by(ZN_PATH_DIRECT_URING, file.end, to_read_only, 10, NULL), -EBADF);
  assert_int_equal(move_by(registered, file.end, to_read_only, 10, NULL), -EBADF);
  assert_int_equal(move_by(registered, end_file(write_only, 0), to_tcp, 10, NULL), -EBADF);
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
  int64_t moved =
      move_by(ZN_PATH_URING_REGISTERED, end_file(proc, 0), end_file(target, 0), 9999, NULL);
  assert_int_equal(moved, size);
  assert_file_holds(target, 0, (uint8_t *)expected, size);
  close(target);
  close(proc);
}

static void test_io_uring_is_missing(void **state) {
  static const int errors[][2] = {
      {-ENOSYS, ZN_EKERNEL}, {-EPERM, ZN_EFORBIDDEN}, {-ENOMEM, ZN_EMEMLOCK}, {-EMFILE, -EMFILE}};
  struct source source = source_open(ZN_END_FILE, 100, 0, 1);
  struct pair pair = pair_open(PAIR_TCP4);
  for (int i = 0; i < 4; i++) {
    for (int path = ZN_PATH_DIRECT_URING; path <= ZN_PATH_URING_SEND_ZC; path++) {
      zn_ring_trim();
      s_init_error = errors[i][0];
      int64_t result = move_by(path, source.end, end_of(pair.kind, pair.writer), 100, NULL);
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
  int64_t result = move_by(ZN_PATH_URING_REGISTERED, source->end, end_memory(&byte), 1, NULL);
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
  int64_t result = move_by(ZN_PATH_URING_REGISTERED, source->end, end_memory(bytes), 100, NULL);
  return result == 100 && memcmp(bytes, source->bytes, 100) == 0 ? 0 : 1;
}

static void test_forked_child_has_rings_of_its_own(void **state) {
  struct source source = source_open(ZN_END_FILE, 100, 0, 5);
  assert_int_equal(after_fork(&source), 0); /* an idle ring is in the pool now */
  assert_int_equal(in_child(after_fork, &source), 0);
  assert_int_equal(after_fork(&source), 0);
  source_close(&source);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BALANCED(test_old_kernels),   BALANCED(test_refusals),
      BALANCED(test_proc_file),     BALANCED(test_io_uring_is_missing),
      BALANCED(test_locked_memory), BALANCED(test_forked_child_has_rings_of_its_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

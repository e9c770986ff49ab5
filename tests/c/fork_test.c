/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A child of fork can go on with znio, whatever the other threads of the parent were in the middle
 * of; and what both have at first is not shared by accident.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "support/blocks.h"
#include "support/check.h"
#include "support/child.h"
#include "support/tsan_forks.h"
#include "znio/limit.h"
#include "znio/memfd.h"
#include "znio/pipe.h"
#include "znio/quarantine.h"
#include "znio/region.h"

enum { THREADS = 8, FORKS = 60, HELD = 64 };

static atomic_bool s_stop;

/* Takes every lock of off-heap memory again and again. */
static void *churn(void *argument) {
  uint32_t random = (uint32_t)(uintptr_t)argument;
  while (!atomic_load(&s_stop)) {
    struct zn_magazine *magazine;
    CHECK_EQUAL(zn_magazine_open(1, &magazine), 0);
    uint64_t held[HELD];
    for (int i = 0; i < HELD; i++) {
      random = random * 1664525U + 1013904223U;
      int64_t size = (int64_t)(random >> 8) % (random % 32 == 0 ? 2 << 20 : 3000);
      int result = size > ZN_REGION_CLASS_BYTES_MAX
                       ? zn_region_open(size, 0, 0, 1, 0, &held[i])
                       : zn_magazine_allocate(magazine, size, 0, &held[i]);
      CHECK_EQUAL(result, 0);
    }
    for (int i = 0; i < HELD; i++) {
      CHECK(zn_magazine_retire(magazine, held[i], ZN_CAUSE_CLOSED) >= 0);
    }
    zn_magazine_close(magazine);
    int64_t batch;
    bool full;
    if (zn_quarantine_begin(&batch, &full) > 0) CHECK_EQUAL(zn_quarantine_end(batch), 0);
    char text[16];
    int length = snprintf(text, sizeof text, "site %u", random >> 22);
    CHECK(zn_site_intern(text, length) > 0);
    CHECK_EQUAL(zn_limit_set(INT64_C(1) << 40, ZN_LIMIT_NONE), 0);
    if (random % 64 == 0) zn_region_trim();
    int fd;
    CHECK_EQUAL(zn_memfd_create(4096, &fd), 0);
    for (int i = 0; i < 1000; i++) CHECK(zn_memfd_record(fd) != 0); /* the table's lock */
    CHECK_EQUAL(zn_memfd_close(fd), 0);
  }
  return NULL;
}

/* Everything once, in the child. */
static void use_all(void) {
  struct zn_magazine *magazine;
  CHECK_EQUAL(zn_magazine_open(2, &magazine), 0);
  for (int i = 0; i < ZN_REGION_CLASSES; i++) {
    uint64_t handle;
    int64_t bytes = zn_region_class_bytes(i);
    CHECK_EQUAL(zn_magazine_allocate(magazine, bytes, 0, &handle), 0);
    memset(zn_region_address(handle), 1, (size_t)bytes);
    CHECK(zn_magazine_retire(magazine, handle, ZN_CAUSE_CLOSED) >= 0);
  }
  CHECK(zn_magazine_publish(magazine) >= 0);
  zn_magazine_close(magazine);
  /* Also if another thread had a batch open, which nobody would end here. */
  int64_t batch;
  bool full;
  CHECK(zn_quarantine_begin(&batch, &full) > 0);
  CHECK_EQUAL(zn_quarantine_end(batch), 0);
  struct zn_ledger_idle idle;
  zn_ledger_read_idle(&idle);
  CHECK_EQUAL(idle.quarantine_items, 0);
  CHECK(zn_site_intern("child", 5) > 0);
  for (int i = 0; i < 100; i++) CHECK_EQUAL(zn_memfd_record(-1 - i), 0);
  struct zn_site_total total;
  CHECK(zn_site_largest(1U << ZN_KIND_REGION, &total, 1) >= 0);
  CHECK_EQUAL(zn_limit_set(ZN_LIMIT_NONE, ZN_LIMIT_NONE), 0);
  zn_region_trim();
}

static void forks(void) {
  pthread_t threads[THREADS];
  for (uintptr_t i = 0; i < THREADS; i++) {
    CHECK_EQUAL(pthread_create(&threads[i], NULL, churn, (void *)(i + 1)), 0);
  }
  for (int i = 0; i < FORKS; i++) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      alarm(20); /* of a lock that nobody will give back */
      use_all();
      _exit(0);
    }
    int status;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
  }
  atomic_store(&s_stop, true);
  for (int i = 0; i < THREADS; i++) CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
}

static void test_memory(void **state) { child_assert(forks); }

/* What tells a pipe from others, in parent and child. */
static unsigned long inode_of(const struct zn_pipe *pipe) {
  struct stat status;
  CHECK_EQUAL(fstat(zn_pipe_read_fd(pipe), &status), 0);
  return status.st_ino;
}

static unsigned long acquired(void) {
  struct zn_pipe *pipe;
  CHECK_EQUAL(zn_pipe_acquire(&pipe), 0);
  unsigned long inode = inode_of(pipe);
  zn_pipe_release(pipe);
  return inode;
}

static unsigned long s_idle_pipe;

/* What one process puts into a pipe, the other must not take out. */
static void has_its_own_pipe(void) { CHECK(acquired() != s_idle_pipe); }

static void test_pipes(void **state) {
  s_idle_pipe = acquired();
  child_assert(has_its_own_pipe);
  assert_int_equal(acquired(), s_idle_pipe);
  zn_pipe_trim();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_memory),
      cmocka_unit_test(test_pipes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

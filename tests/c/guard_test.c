/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SIGBUS guard. Each test runs in a child of its own, in which nothing is installed yet: what
 * may end a process ends that one. Pages are lost as in real life: another process cuts the file
 * short.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "support/check.h"
#include "support/child.h"
#include "support/ends.h"
#include "znio/znio.h"

/* A page is lost where the sanitizers' own loads would not expect it. */
#define FOREIGN __attribute__((noinline, no_sanitize("address", "undefined", "thread")))

#define PAGES 8

static int64_t s_page;
static int s_file;
static struct zn_mapping *s_mapping;
static char *s_address;

/* A file of PAGES pages, mapped from offset. */
static void map_file(int64_t offset, int mode) {
  s_page = sysconf(_SC_PAGESIZE);
  s_file = file_make(PAGES * s_page, 1);
  CHECK_EQUAL(zn_mapping_open(s_file, offset, PAGES * s_page - offset, mode, NULL, &s_mapping), 0);
  s_address = zn_mapping_address(s_mapping);
}

static struct zn_guard_totals totals(void) {
  struct zn_guard_totals read;
  zn_guard_read(&read);
  CHECK_EQUAL(read.faults,
              read.by_jvm + read.guarded + read.rescued + read.repeated + read.passed_on);
  return read;
}

/* Code that knows nothing of the guard. */
FOREIGN static int foreign_read(const char *address) { return *(const volatile char *)address; }
FOREIGN static void foreign_write(char *address, char value) { *(volatile char *)address = value; }

/* --- guarded copies --- */

static void copy_at_every_page(void) {
  map_file(0, ZN_MAPPING_READ_WRITE);
  int64_t size = PAGES * s_page;
  char *expected = malloc((size_t)size);
  memcpy(expected, s_address, (size_t)size);
  char *buffer = malloc((size_t)size);
  for (int64_t left = PAGES; left >= 0; left--) {
    truncate_elsewhere(s_file, (long)(left * s_page));
    for (int64_t begin = 0; begin <= left * s_page && begin < size; begin += s_page / 2 - 3) {
      int64_t copied = -1;
      memset(buffer, 7, (size_t)size);
      int result = zn_guard_copy(buffer, s_address + begin, size - begin, &copied);
      CHECK_EQUAL(result, left == PAGES ? 0 : -EFAULT);
      CHECK_EQUAL(copied, left * s_page - begin);
      CHECK(memcmp(buffer, expected + begin, (size_t)copied) == 0);
      /* The same into the mapping: the pages that are left have the bytes already. */
      result = zn_guard_copy(s_address + begin, expected + begin, size - begin, &copied);
      CHECK_EQUAL(result, left == PAGES ? 0 : -EFAULT);
      CHECK_EQUAL(copied, left * s_page - begin);
    }
  }
  CHECK(totals().guarded > 0);
  CHECK_EQUAL(totals().rescued, 0); /* no page was put in place ... */
  truncate_elsewhere(s_file, (long)size);
  CHECK_EQUAL(foreign_read(s_address + size - 1), 0); /* ... so the file's are seen again */
  foreign_write(s_address + size - 1, 9);
  CHECK_EQUAL(zn_mapping_force_range(s_mapping, 0, size), 0);
  char byte;
  CHECK_EQUAL(pread(s_file, &byte, 1, size - 1), 1);
  CHECK_EQUAL(byte, 9);
}

static void copy_large_and_bad(void) {
  int64_t size = (int64_t)9 << 20;
  s_page = sysconf(_SC_PAGESIZE);
  s_file = file_make(size, 3);
  CHECK_EQUAL(zn_mapping_open(s_file, 0, size, ZN_MAPPING_READ_ONLY, NULL, &s_mapping), 0);
  s_address = zn_mapping_address(s_mapping);
  char *buffer = malloc((size_t)size);
  int64_t copied;
  CHECK_EQUAL(zn_guard_copy(buffer, s_address, size, &copied), 0);
  CHECK_EQUAL(copied, size);
  int64_t left = size - 5 * s_page - 100; /* the page that is left in part can be read as a whole */
  truncate_elsewhere(s_file, (long)left);
  CHECK_EQUAL(zn_guard_copy(buffer, s_address + 1, size - 1, &copied), -EFAULT);
  CHECK_EQUAL(copied, size - 5 * s_page - 1);
  CHECK_EQUAL(zn_guard_copy(buffer, s_address, -1, &copied), -EINVAL);
  CHECK_EQUAL(copied, 0);
  CHECK_EQUAL(zn_guard_copy(buffer, (void *)(UINTPTR_MAX - 5), 10, &copied), -EINVAL);
  CHECK_EQUAL(zn_guard_copy(buffer, s_address, 0, &copied), 0);
}

/* --- guarded calls --- */

struct sum {
  const char *bytes;
  int64_t size;
  int64_t seen;
  int inner_result;
  int64_t inner_fault;
};

static void sum_bytes(void *argument) {
  struct sum *sum = argument;
  for (int64_t i = 0; i < sum->size; i++) {
    (void)foreign_read(sum->bytes + i);
    sum->seen = i + 1;
  }
}

static void sum_inside_another(void *argument) {
  struct sum *sum = argument;
  /* The inner call watches the first page only: what lies behind it is the outer's. */
  sum->inner_result = zn_guard_run(sum_bytes, sum, sum->bytes, s_page, &sum->inner_fault);
}

static void run_guarded(void) {
  map_file(100, ZN_MAPPING_READ_ONLY);
  int64_t size = PAGES * s_page - 100;
  struct sum sum = {.bytes = s_address, .size = size, .inner_result = 1};
  int64_t fault = 0;
  CHECK_EQUAL(zn_guard_run(sum_bytes, &sum, s_address, size, &fault), 0);
  CHECK_EQUAL(fault, -1);
  CHECK_EQUAL(sum.seen, size);
  truncate_elsewhere(s_file, (long)(3 * s_page));
  sigset_t before;
  sigset_t after;
  sigemptyset(&before);
  sigaddset(&before, SIGUSR1);
  CHECK_EQUAL(sigprocmask(SIG_SETMASK, &before, NULL), 0);
  for (int i = 0; i < 3; i++) {
    errno = 1234;
    CHECK_EQUAL(zn_guard_run(sum_bytes, &sum, s_address, size, &fault), -EFAULT);
#ifndef __SANITIZE_THREAD__ /* which shows handlers an errno of its own, and misses their leaving  \
                             */
    CHECK_EQUAL(errno, 1234);
#endif
    CHECK_EQUAL(fault, 3 * s_page - 100); /* the very access */
    CHECK_EQUAL(sum.seen, fault);
    /* What was blocked is blocked, and nothing else. */
    CHECK_EQUAL(sigprocmask(SIG_SETMASK, NULL, &after), 0);
    for (int signal = 1; signal < 32; signal++) {
      CHECK_EQUAL(sigismember(&after, signal), signal == SIGUSR1);
    }
  }
  sum.inner_result = 1;
  CHECK_EQUAL(zn_guard_run(sum_inside_another, &sum, s_address, size, &fault), -EFAULT);
  CHECK_EQUAL(sum.inner_result, 1); /* never came to its end */
  CHECK_EQUAL(fault, 3 * s_page - 100);
  /* The outer frame is gone too: the next fault is foreign code's. */
  CHECK_EQUAL(foreign_read(s_address + 5 * s_page), 0);
  CHECK_EQUAL(totals().rescued, 1);
  CHECK_EQUAL(zn_guard_run(sum_bytes, &sum, s_address, -1, &fault), -EINVAL);
}

static void *on_alternate_stack(void *argument) {
  stack_t stack = {.ss_size = 256 << 10};
  stack.ss_sp = malloc(stack.ss_size);
  CHECK_EQUAL(sigaltstack(&stack, NULL), 0);
  for (int i = 0; i < 100; i++) {
    char byte;
    int64_t copied;
    CHECK_EQUAL(zn_guard_copy(&byte, s_address + s_page, 1, &copied), -EFAULT);
  }
  CHECK_EQUAL(foreign_read(s_address + s_page), 0);
  stack.ss_flags = SS_DISABLE;
  CHECK_EQUAL(sigaltstack(&stack, NULL), 0);
  return NULL;
}

static void jump_from_alternate_stack(void) {
  map_file(0, ZN_MAPPING_READ_ONLY);
  truncate_elsewhere(s_file, 0);
  pthread_t thread;
  CHECK_EQUAL(pthread_create(&thread, NULL, on_alternate_stack, NULL), 0);
  CHECK_EQUAL(pthread_join(thread, NULL), 0);
  CHECK_EQUAL(totals().guarded, 200); /* each copy looks twice: a piece, then by pages */
}

/* --- foreign code --- */

static void rescue_and_damage(void) {
  map_file(s_page = sysconf(_SC_PAGESIZE), ZN_MAPPING_READ_WRITE);
  struct stat status;
  CHECK_EQUAL(fstat(s_file, &status), 0);
  int64_t size = (PAGES - 1) * s_page;
  truncate_elsewhere(s_file, (long)(3 * s_page));
  int64_t offset;
  CHECK_EQUAL(zn_guard_check(s_address, size, &offset), 0);
  errno = 4321;
  foreign_write(s_address + 4 * s_page + 5, 'x');
  CHECK_EQUAL(errno, 4321);
  CHECK_EQUAL(foreign_read(s_address + 4 * s_page + 5), 'x'); /* the process goes on */
  CHECK_EQUAL(foreign_read(s_address + 3 * s_page), 0);
  /* The file is long again, and is written to: nobody may say that the write is in it. */
  truncate_elsewhere(s_file, (long)(PAGES * s_page));
  foreign_write(s_address + 4 * s_page + 6, 'y');
  CHECK_EQUAL(zn_mapping_force_range(s_mapping, 0, 1), ZN_EDAMAGED);
  CHECK_EQUAL(zn_mapping_force(s_address, size), ZN_EDAMAGED);
  CHECK_EQUAL(zn_mapping_residency(s_mapping, 0, size, NULL, 0), ZN_EDAMAGED);
  CHECK_EQUAL(zn_mapping_resident_pages(s_address, size), ZN_EDAMAGED);
  CHECK_EQUAL(zn_mapping_load(s_mapping, 0, size), ZN_EDAMAGED);
  CHECK_EQUAL(zn_mapping_advise(s_mapping, 0, size, ZN_ADVICE_NORMAL), ZN_EDAMAGED);
  CHECK_EQUAL(zn_guard_check(s_address, 1, &offset), ZN_EDAMAGED);
  CHECK_EQUAL(offset, 5 * s_page); /* in the file, of the first one */
  CHECK_EQUAL(zn_guard_check(s_address - s_page, s_page, &offset), 0); /* beside it */
  struct zn_mapping_status mapping;
  zn_mapping_describe(s_mapping, &mapping);
  CHECK_EQUAL(mapping.damaged_offset, 5 * s_page);
  CHECK_EQUAL(mapping.damaged_pages, 2);
  struct zn_guard_place place;
  CHECK_EQUAL(zn_guard_locate(s_address + 10, &place), 0);
  CHECK_EQUAL(place.file_offset, s_page + 10);
  CHECK_EQUAL(place.inode, status.st_ino);
  CHECK_EQUAL(place.device, status.st_dev);
  uint64_t cursor = 0;
  int64_t lost = 0;
  struct zn_guard_fault rescue;
  CHECK_EQUAL(zn_guard_next(&cursor, &rescue, &lost), 1);
  CHECK_EQUAL(rescue.file_offset, 5 * s_page);
  CHECK_EQUAL(rescue.address, (intptr_t)s_address + 4 * s_page + 5);
  CHECK_EQUAL(rescue.inode, status.st_ino);
  CHECK_EQUAL(rescue.thread, getpid());
  CHECK(!rescue.closed);
  CHECK(rescue.replaced);
  CHECK_EQUAL(zn_guard_next(&cursor, &rescue, &lost), 1);
  CHECK_EQUAL(zn_guard_next(&cursor, &rescue, &lost), 0);
  CHECK_EQUAL(totals().damaged, 1);
  CHECK_EQUAL(zn_mapping_close(s_mapping), ZN_EDAMAGED);
  char byte;
  CHECK_EQUAL(pread(s_file, &byte, 1, 5 * s_page + 6), 1);
  CHECK_EQUAL(byte, 0); /* indeed */
  CHECK_EQUAL(zn_mapping_release(s_mapping), 0);
  CHECK_EQUAL(totals().damaged, 0);
  CHECK_EQUAL(zn_guard_locate(s_address, &place), -ENOENT);
}

static void rescue_in_a_closed_mapping(void) {
  map_file(0, ZN_MAPPING_READ_ONLY);
  CHECK_EQUAL(zn_mapping_close(s_mapping), 0);
  CHECK_EQUAL(foreign_read(s_address + 2 * s_page), 0);
  foreign_write(s_address + 3 * s_page, 1); /* was read-only: not a SIGSEGV either */
  struct zn_mapping_status status;
  zn_mapping_describe(s_mapping, &status);
  CHECK_EQUAL(status.stale_pages, 2);
  CHECK_EQUAL(status.damaged_pages, 0);
  CHECK_EQUAL(status.damaged_offset, -1);
  uint64_t cursor = 0;
  int64_t lost = 0;
  struct zn_guard_fault rescue;
  CHECK_EQUAL(zn_guard_next(&cursor, &rescue, &lost), 1);
  CHECK(rescue.closed);
  CHECK_EQUAL(rescue.file_offset, 2 * s_page);
  CHECK_EQUAL(zn_mapping_release(s_mapping), 0);
}

static void reports_are_lost_in_order(void) {
  s_page = sysconf(_SC_PAGESIZE);
  s_file = file_make(300 * s_page, 1);
  CHECK_EQUAL(zn_mapping_open(s_file, 0, 300 * s_page, ZN_MAPPING_READ_WRITE, NULL, &s_mapping), 0);
  s_address = zn_mapping_address(s_mapping);
  truncate_elsewhere(s_file, 0);
  for (int64_t i = 0; i < 300; i++) CHECK_EQUAL(foreign_read(s_address + i * s_page), 0);
  uint64_t cursor = 0;
  int64_t lost = 0;
  struct zn_guard_fault rescue;
  for (int64_t i = 300 - 256; i < 300; i++) {
    CHECK_EQUAL(zn_guard_next(&cursor, &rescue, &lost), 1);
    CHECK_EQUAL(rescue.file_offset, i * s_page);
  }
  CHECK_EQUAL(lost, 300 - 256);
  CHECK_EQUAL(zn_guard_next(&cursor, &rescue, &lost), 0);
}

/* A page that only a write cannot have: a hole on a full disk. */
static void full_disk(void) {
  if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      mount("tmpfs", "/mnt", "tmpfs", 0, "size=64k") != 0) {
    fprintf(stderr, "skipped: no right to mount a small tmpfs (%s)\n", strerror(errno));
    _exit(CHILD_SKIP);
  }
  s_page = sysconf(_SC_PAGESIZE);
  int64_t size = 1 << 20;
  s_file = open("/mnt/sparse", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  CHECK(s_file >= 0);
  struct zn_mapping_options options = {.flags = ZN_MAPPING_PREALLOCATE};
  CHECK_EQUAL(zn_mapping_open(s_file, 0, size, 1, &options, &s_mapping), -ENOSPC);
  struct stat status;
  CHECK_EQUAL(fstat(s_file, &status), 0);
  CHECK_EQUAL(status.st_size, 0); /* as before, and its blocks are free again */
  CHECK_EQUAL(status.st_blocks, 0);
  options.flags = ZN_MAPPING_EXTEND | ZN_MAPPING_POPULATE_WRITE;
  CHECK_EQUAL(zn_mapping_open(s_file, 0, size, 1, &options, &s_mapping), -EFAULT);
  CHECK_EQUAL(ftruncate(s_file, 0), 0);
  options.flags = ZN_MAPPING_EXTEND;
  CHECK_EQUAL(zn_mapping_open(s_file, 0, size, 1, &options, &s_mapping), 0);
  s_address = zn_mapping_address(s_mapping);
  char *bytes = malloc((size_t)size);
  memset(bytes, 5, (size_t)size);
  int64_t copied;
  CHECK_EQUAL(zn_guard_copy(s_address, bytes, size, &copied), -EFAULT);
  CHECK_EQUAL(copied, 64 << 10); /* as much as the disk has */
  CHECK_EQUAL(zn_mapping_force_range(s_mapping, 0, size), 0);
  foreign_write(s_address + size - 1, 5);
  CHECK_EQUAL(zn_mapping_force_range(s_mapping, 0, size), ZN_EDAMAGED);
  CHECK_EQUAL(zn_mapping_close(s_mapping), ZN_EDAMAGED);
  CHECK_EQUAL(zn_mapping_release(s_mapping), 0);
}

static void guard_off(void) {
  CHECK_EQUAL(zn_guard_disable(), 0);
  CHECK_EQUAL(zn_guard_install(), ZN_EUNGUARDED);
  map_file(0, ZN_MAPPING_READ_ONLY);
  CHECK(!zn_guard_is_installed());
  struct sigaction action;
  CHECK_EQUAL(sigaction(SIGBUS, NULL, &action), 0);
  CHECK(action.sa_handler == SIG_DFL);
  truncate_elsewhere(s_file, (long)(2 * s_page));
  char *buffer = malloc((size_t)(PAGES * s_page));
  int64_t copied;
  CHECK_EQUAL(zn_guard_copy(buffer, s_address + 1, PAGES * s_page - 1, &copied), -EFAULT);
  CHECK_EQUAL(copied, 2 * s_page - 1);
  CHECK_EQUAL(zn_guard_copy(buffer, s_address, 2 * s_page, &copied), 0);
  struct sum sum = {.bytes = s_address, .size = 1};
  int64_t fault;
  CHECK_EQUAL(zn_guard_run(sum_bytes, &sum, s_address, 1, &fault), ZN_EUNGUARDED);
  CHECK_EQUAL(sum.seen, 0);
  CHECK_EQUAL(zn_mapping_close(s_mapping), 0);
  CHECK_EQUAL(zn_mapping_release(s_mapping), 0);
}

static void guard_on(void) {
  CHECK(!zn_guard_is_installed());
  CHECK_EQUAL(zn_guard_install(), 0);
  CHECK_EQUAL(zn_guard_install(), 0);
  CHECK(zn_guard_is_installed());
  CHECK_EQUAL(zn_guard_disable(), -EBUSY);
}

/* --- the tests --- */

#define CHILD_TEST(body)                                                                           \
  static void test_##body(void **state) { child_assert(body); }

CHILD_TEST(copy_at_every_page)
CHILD_TEST(copy_large_and_bad)
CHILD_TEST(run_guarded)
CHILD_TEST(jump_from_alternate_stack)
CHILD_TEST(rescue_and_damage)
CHILD_TEST(rescue_in_a_closed_mapping)
CHILD_TEST(reports_are_lost_in_order)
CHILD_TEST(full_disk)
CHILD_TEST(guard_off)
CHILD_TEST(guard_on)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_copy_at_every_page),
      cmocka_unit_test(test_copy_large_and_bad),
      cmocka_unit_test(test_run_guarded),
      cmocka_unit_test(test_jump_from_alternate_stack),
      cmocka_unit_test(test_rescue_and_damage),
      cmocka_unit_test(test_rescue_in_a_closed_mapping),
      cmocka_unit_test(test_reports_are_lost_in_order),
      cmocka_unit_test(test_full_disk),
      cmocka_unit_test(test_guard_off),
      cmocka_unit_test(test_guard_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

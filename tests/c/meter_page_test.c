/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared meters: another process reads the very sums, and can do nothing else to them. Each test is
 * a process of its own, as meters are shared once; what it does there a reader looks at from
 * another one.
 */
#include "meter_page.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "support/check.h"
#include "support/child.h"
#include "support/tsan_forks.h"
#include "sys.h"
#include "znio/meter.h"

/* WRAP zn_sys_memfd_create */
/* WRAP zn_sys_memfd_seal */
/* WRAP zn_sys_madvise */
/* WRAP zn_sys_mmap */

int __real_zn_sys_memfd_create(const char *name, int64_t size);
int __wrap_zn_sys_memfd_create(const char *name, int64_t size);
int __real_zn_sys_memfd_seal(int fd, bool read_only);
int __wrap_zn_sys_memfd_seal(int fd, bool read_only);
int __real_zn_sys_madvise(void *address, size_t size, int advice);
int __wrap_zn_sys_madvise(void *address, size_t size, int advice);
int __real_zn_sys_mmap(int fd, int64_t offset, size_t size, int protection, int flags, void **out);
int __wrap_zn_sys_mmap(int fd, int64_t offset, size_t size, int protection, int flags, void **out);

static int s_create, s_seal, s_seal_read_only, s_map; /* what they fail with; 0: they do not */
static _Atomic int s_madvise;

int __wrap_zn_sys_memfd_create(const char *name, int64_t size) {
  return s_create != 0 ? s_create : __real_zn_sys_memfd_create(name, size);
}

int __wrap_zn_sys_memfd_seal(int fd, bool read_only) {
  if (read_only && s_seal_read_only != 0) return s_seal_read_only;
  return s_seal != 0 ? s_seal : __real_zn_sys_memfd_seal(fd, read_only);
}

int __wrap_zn_sys_madvise(void *address, size_t size, int advice) {
  int result = atomic_load(&s_madvise);
  return result != 0 ? result : __real_zn_sys_madvise(address, size, advice);
}

int __wrap_zn_sys_mmap(int fd, int64_t offset, size_t size, int protection, int flags, void **out) {
  return s_map != 0 ? s_map : __real_zn_sys_mmap(fd, offset, size, protection, flags, out);
}

/* --- a reader, which knows the header only --- */

/* Writes the name of the memfd in /proc. returns: descriptors that the process has. */
static int find(pid_t process, char *name, size_t size) {
  char folder[64], entry[400], target[256];
  int count = 0;
  name[0] = '\0';
  snprintf(folder, sizeof folder, "/proc/%d/fd", (int)process);
  DIR *list = opendir(folder);
  CHECK(list != NULL);
  for (struct dirent *item; (item = readdir(list)) != NULL; count++) {
    snprintf(entry, sizeof entry, "%s/%s", folder, item->d_name);
    ssize_t length = readlink(entry, target, sizeof target - 1);
    target[length < 0 ? 0 : length] = '\0';
    if (strcmp(target, "/memfd:" ZN_METER_PAGE_NAME " (deleted)") == 0) {
      snprintf(name, size, "%s", entry);
    }
  }
  closedir(list);
  return count;
}

static const struct zn_meter_page *open_page(pid_t process) {
  char name[400];
  (void)find(process, name, sizeof name);
  int fd = open(name, O_RDONLY);
  CHECK(fd >= 0);
  off_t size = lseek(fd, 0, SEEK_END);
  const void *page = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0);
  CHECK(page != MAP_FAILED);
  close(fd);
  return page;
}

static int64_t sum_once(const struct zn_meter_page *page, int row, int column) {
  int64_t sum = 0;
  uint32_t used = __atomic_load_n(&page->used, __ATOMIC_ACQUIRE);
  for (uint32_t i = 0; i < used; i++) {
    const char *slot = (const char *)page + page->slots_offset + (size_t)i * page->slot_bytes;
    const int64_t *cell = (const int64_t *)slot + (size_t)row * page->columns + (size_t)column;
    sum += __atomic_load_n(cell, __ATOMIC_ACQUIRE);
  }
  return sum;
}

static int64_t sum_of(const struct zn_meter_page *page, int row, int column) {
  for (;;) {
    uint64_t before = __atomic_load_n(&page->changes, __ATOMIC_ACQUIRE);
    int64_t sum = sum_once(page, row, column);
    uint64_t after = __atomic_load_n(&page->changes, __ATOMIC_SEQ_CST);
    if (before % 2 == 0 && before == after) return sum;
  }
}

/* --- what is read --- */

enum { THREADS = 8, ROUNDS = 20000, GENERATIONS = 20 };

static const struct zn_meter_row s_rows[] = {
    {.name = "first", .kind = "sort", .role = ZN_METER_BIRTH}, {.name = "second"}};

static void share(void) { CHECK_EQUAL(zn_meter_share(s_rows, 2), 0); }

static int64_t own_sum(int row) {
  int64_t sums[ZN_METER_COLUMNS];
  CHECK_EQUAL(zn_meter_read(row, sums), 0);
  return sums[ZN_METER_CALLS];
}

static void *count_many(void *row) {
  for (int i = 0; i < ROUNDS; i++) zn_meter_add(zn_meter_own(), *(int *)row, ZN_METER_CALLS, 1);
  return NULL;
}

static void count_in_threads(int row) {
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    CHECK_EQUAL(pthread_create(&threads[i], NULL, count_many, &row), 0);
  }
  for (int i = 0; i < THREADS; i++) CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
}

/* Another process: sums never get less, until there are as many as are due. */
static void watch_parent(void) {
  const struct zn_meter_page *page = open_page(getppid());
  const int64_t due = (int64_t)GENERATIONS * THREADS * ROUNDS;
  for (int64_t before = 0; before < due;) {
    int64_t now = sum_of(page, 1, ZN_METER_CALLS);
    if (now < before || now > due) _exit(3);
    before = now;
  }
  _exit(sum_of(page, 0, ZN_METER_CALLS) == 0 ? 0 : 4);
}

static void all_is_seen(void) {
  share();
  pid_t watcher = fork();
  CHECK(watcher >= 0);
  if (watcher == 0) watch_parent();
  for (int i = 0; i < GENERATIONS; i++) count_in_threads(1);
  int status;
  CHECK_EQUAL(waitpid(watcher, &status, 0), watcher);
  CHECK_EQUAL(status, 0);
  const struct zn_meter_page *page = open_page(getpid());
  CHECK(page->used <= THREADS + 1); /* those of ended threads are used again */
  CHECK_EQUAL(page->unseen, 0);
  CHECK_EQUAL(sum_of(page, 1, ZN_METER_CALLS), own_sum(1));
}

static void header_says_all(void) {
  share();
  CHECK_EQUAL(zn_meter_set_text("a file\n"), 0);
  zn_meter_add(zn_meter_own(), 0, ZN_METER_FAILED, 5);
  const struct zn_meter_page *page = open_page(getpid());
  CHECK_EQUAL(memcmp(page->magic, ZN_METER_PAGE_MAGIC, 8), 0);
  CHECK_EQUAL(page->layout, ZN_METER_PAGE_LAYOUT);
  CHECK_EQUAL(page->process, getpid());
  CHECK(page->process_start > 0);
  CHECK_EQUAL(page->rows, ZN_METER_ROWS);
  CHECK_EQUAL(page->columns, ZN_METER_COLUMNS);
  CHECK_EQUAL(strcmp(page->column_names[ZN_METER_FAILED], "failed"), 0);
  CHECK_EQUAL(strcmp(page->row[0].name, "first"), 0);
  CHECK_EQUAL(strcmp(page->row[0].kind, "sort"), 0);
  CHECK_EQUAL(page->row[0].role, ZN_METER_BIRTH);
  CHECK_EQUAL(page->row[2].name[0], '\0');
  CHECK_EQUAL(strcmp(page->text, "a file\n"), 0);
  CHECK_EQUAL(sum_of(page, 0, ZN_METER_FAILED), 5);
  CHECK_EQUAL(zn_meter_share(s_rows, 2), 0); /* once more: nothing */
  CHECK_EQUAL(sum_of(open_page(getpid()), 0, ZN_METER_FAILED), 5);
  char text[ZN_METER_TEXT_MAX + 1];
  memset(text, 'x', sizeof text);
  text[ZN_METER_TEXT_MAX] = '\0';
  CHECK_EQUAL(zn_meter_set_text(text), -ENAMETOOLONG);
  CHECK_EQUAL(strcmp(page->text, "a file\n"), 0);
}

static void nobody_else_writes(void) {
  char name[400];
  share();
  (void)find(getpid(), name, sizeof name);
  int fd = open(name, O_RDWR);
  CHECK(fd >= 0);
  CHECK(write(fd, "x", 1) < 0 && errno == EPERM);
  CHECK(ftruncate(fd, 0) < 0 && errno == EPERM);
  CHECK(ftruncate(fd, 1 << 30) < 0 && errno == EPERM);
  CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
  CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) < 0);
}

static void an_old_kernel_seals_the_size(void) {
  char name[400];
  s_seal_read_only = -EINVAL;
  share();
  (void)find(getpid(), name, sizeof name);
  int fd = open(name, O_RDWR);
  CHECK_EQUAL(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  CHECK(ftruncate(fd, 0) < 0 && errno == EPERM);
}

/* What is refused leaves nothing, and counting goes on without. */
static void a_refusal_leaves_nothing(void) {
  char name[400];
  int before = find(getpid(), name, sizeof name);
  CHECK_EQUAL(zn_meter_share(NULL, 0), -EINVAL);
  CHECK_EQUAL(zn_meter_share(s_rows, ZN_METER_ROWS + 1), -EINVAL);
  s_create = -EMFILE;
  CHECK_EQUAL(zn_meter_share(s_rows, 2), -EMFILE);
  s_create = 0, s_map = -ENOMEM;
  CHECK_EQUAL(zn_meter_share(s_rows, 2), -ENOMEM);
  s_map = 0, s_seal = s_seal_read_only = -EPERM;
  CHECK_EQUAL(zn_meter_share(s_rows, 2), -EPERM);
  s_seal = s_seal_read_only = 0, s_madvise = -ENOMEM;
  CHECK_EQUAL(zn_meter_share(s_rows, 2), -ENOMEM);
  s_madvise = 0;
  CHECK_EQUAL(find(getpid(), name, sizeof name), before);
  CHECK_EQUAL(name[0], '\0');
  count_in_threads(1);
  CHECK_EQUAL(own_sum(1), THREADS * ROUNDS);
  CHECK_EQUAL(zn_meter_share(s_rows, 2), -EBUSY);
}

static void *count_once(void *page) {
  zn_meter_add(zn_meter_own(), 1, ZN_METER_CALLS, 7);
  CHECK_EQUAL(((const struct zn_meter_page *)page)->unseen, 1);
  CHECK_EQUAL(sum_of(page, 1, ZN_METER_CALLS), 0);
  CHECK_EQUAL(own_sum(1), 7);
  return NULL;
}

static void without_a_slot_counts_come_late(void) {
  pthread_t thread;
  share();
  const struct zn_meter_page *page = open_page(getpid());
  s_madvise = -ENOMEM;
  CHECK_EQUAL(pthread_create(&thread, NULL, count_once, (void *)page), 0);
  CHECK_EQUAL(pthread_join(thread, NULL), 0);
  CHECK_EQUAL(page->unseen, 0);
  CHECK_EQUAL(sum_of(page, 1, ZN_METER_CALLS), 7);
  CHECK_EQUAL(own_sum(1), 7);
}

static void *count_and_wait(void *barrier) {
  zn_meter_add(zn_meter_own(), 1, ZN_METER_CALLS, 1);
  (void)pthread_barrier_wait(barrier);
  (void)pthread_barrier_wait(barrier);
  return NULL;
}

/* More threads at a time than there are slots. */
static void when_slots_are_used_up(void) {
  enum { MANY = ZN_METER_SLOTS + 3 };
  static pthread_t threads[MANY];
  pthread_barrier_t barrier;
  pthread_attr_t small;
  share();
  CHECK_EQUAL(pthread_barrier_init(&barrier, NULL, MANY + 1), 0);
  CHECK_EQUAL(pthread_attr_init(&small), 0);
  CHECK_EQUAL(pthread_attr_setstacksize(&small, 64 << 10), 0);
  for (int i = 0; i < MANY; i++) {
    if (pthread_create(&threads[i], &small, count_and_wait, &barrier) != 0) {
      _exit(CHILD_SKIP); /* a limit of threads */
    }
  }
  (void)pthread_barrier_wait(&barrier);
  const struct zn_meter_page *page = open_page(getpid());
  CHECK_EQUAL(page->used, ZN_METER_SLOTS);
  CHECK_EQUAL(page->unseen, 4);
  CHECK_EQUAL(sum_of(page, 1, ZN_METER_CALLS), ZN_METER_SLOTS - 1);
  CHECK_EQUAL(own_sum(1), MANY);
  (void)pthread_barrier_wait(&barrier);
  for (int i = 0; i < MANY; i++) CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
  CHECK_EQUAL(page->unseen, 0);
  CHECK_EQUAL(sum_of(page, 1, ZN_METER_CALLS), MANY);
}

static void go_on_in_child(void) {
  CHECK_EQUAL(own_sum(1), 1 + THREADS * ROUNDS);
  zn_meter_add(zn_meter_own(), 1, ZN_METER_CALLS, 1);
  count_in_threads(1);
  CHECK_EQUAL(own_sum(1), 2 + 2 * THREADS * ROUNDS);
  _exit(0);
}

static void a_fork_counts_for_itself(void) {
  share();
  zn_meter_add(zn_meter_own(), 1, ZN_METER_CALLS, 1);
  count_in_threads(1);
  pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) go_on_in_child();
  int status;
  CHECK_EQUAL(waitpid(child, &status, 0), child);
  CHECK_EQUAL(status, 0);
  CHECK_EQUAL(own_sum(1), 1 + THREADS * ROUNDS);
  CHECK_EQUAL(sum_of(open_page(getpid()), 1, ZN_METER_CALLS), 1 + THREADS * ROUNDS);
}

/* --- each in its own process --- */

static void test_another_process_sees_all(void **state) { child_assert(all_is_seen); }

static void test_the_header_says_all(void **state) { child_assert(header_says_all); }

static void test_nobody_else_writes(void **state) { child_assert(nobody_else_writes); }

static void test_an_old_kernel(void **state) { child_assert(an_old_kernel_seals_the_size); }

static void test_a_refusal_leaves_nothing(void **state) { child_assert(a_refusal_leaves_nothing); }

static void test_without_a_slot(void **state) { child_assert(without_a_slot_counts_come_late); }

static void test_slots_are_used_up(void **state) { child_assert(when_slots_are_used_up); }

static void test_a_fork_counts_for_itself(void **state) { child_assert(a_fork_counts_for_itself); }

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_another_process_sees_all),
      cmocka_unit_test(test_the_header_says_all),
      cmocka_unit_test(test_nobody_else_writes),
      cmocka_unit_test(test_an_old_kernel),
      cmocka_unit_test(test_a_refusal_leaves_nothing),
      cmocka_unit_test(test_without_a_slot),
      cmocka_unit_test(test_slots_are_used_up),
      cmocka_unit_test(test_a_fork_counts_for_itself),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

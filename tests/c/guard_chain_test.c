/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SIGBUS guard beside others: handlers before and behind it, a JVM's, other threads, and forks.
 * Each test runs in a child of its own.
 */
/* WRAP zn_sys_signal_find_jvm */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>

#include "support/check.h"
#include "support/child.h"
#include "support/ends.h"
#include "support/tsan_forks.h"
#include "sys_signal.h"
#include "znio/znio.h"

#define FOREIGN __attribute__((noinline, no_sanitize("address", "undefined", "thread")))

#define PAGES 64
#define THREADS 8

static int64_t s_page;
static int s_file;
static struct zn_mapping *s_mapping;
static char *s_address;

static void map_and_lose(int64_t pages_left) {
  s_file = file_make(PAGES * s_page, 1);
  CHECK_EQUAL(zn_mapping_open(s_file, 0, PAGES * s_page, 1, NULL, &s_mapping), 0);
  s_address = zn_mapping_address(s_mapping);
  truncate_elsewhere(s_file, (long)(pages_left * s_page));
}

/* A mapping that znio knows nothing of, with no page left. */
static char *strange_page(void) {
  int file = file_make(s_page, 1);
  char *page = mmap(NULL, (size_t)s_page, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  CHECK(page != MAP_FAILED);
  truncate_elsewhere(file, 0);
  close(file);
  return page;
}

static struct zn_guard_totals totals(void) {
  struct zn_guard_totals read;
  zn_guard_read(&read);
  CHECK_EQUAL(read.faults,
              read.by_jvm + read.guarded + read.rescued + read.repeated + read.passed_on);
  return read;
}

FOREIGN static int foreign_read(const char *address) { return *(const volatile char *)address; }
FOREIGN static void foreign_add(char *address) {
  __atomic_fetch_add((int64_t *)address, 1, __ATOMIC_RELAXED);
}

/* Someone else's handler: puts a page of sevens in place. */
static volatile sig_atomic_t s_calls;
static void *volatile s_seen;
static volatile sig_atomic_t s_usr1_blocked, s_bus_blocked, s_usr2_blocked;

static void others_handler(int signal, siginfo_t *info, void *context) {
  sigset_t mask;
  s_calls++;
  s_seen = info->si_addr;
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  s_usr1_blocked = sigismember(&mask, SIGUSR1);
  s_usr2_blocked = sigismember(&mask, SIGUSR2);
  s_bus_blocked = sigismember(&mask, SIGBUS);
  if (info->si_code <= 0) return; /* sent: where the address would be is a process's number */
  char *page = (char *)((uintptr_t)info->si_addr / (uintptr_t)s_page * (uintptr_t)s_page);
  void *mapped = mmap(page, (size_t)s_page, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (mapped == page) page[0] = 7;
}

static void install_others(int flags) {
  struct sigaction action = {.sa_sigaction = others_handler, .sa_flags = SA_SIGINFO | flags};
  sigaddset(&action.sa_mask, SIGUSR1);
  CHECK_EQUAL(sigaction(SIGBUS, &action, NULL), 0);
}

static void handler_before(void) {
  install_others(SA_RESTART);
  map_and_lose(0);
  struct sigaction action;
  CHECK_EQUAL(sigaction(SIGBUS, NULL, &action), 0);
  CHECK_EQUAL(action.sa_flags & (SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART),
              SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART);
  char *strange = strange_page();
  errno = 77;
  CHECK_EQUAL(foreign_read(strange), 7);
  CHECK_EQUAL(errno, 77);
  CHECK_EQUAL(s_calls, 1);
  CHECK(s_seen == strange);
  /* In the mask it asked for, as if the kernel had called it. */
  CHECK(s_usr1_blocked);
  CHECK(s_bus_blocked);
  CHECK(!s_usr2_blocked);
  sigset_t mask;
  CHECK_EQUAL(sigprocmask(SIG_SETMASK, NULL, &mask), 0);
  CHECK(!sigismember(&mask, SIGUSR1) && !sigismember(&mask, SIGBUS));
  /* Ours never reaches it. */
  CHECK_EQUAL(foreign_read(s_address), 0);
  CHECK_EQUAL(s_calls, 1);
  /* Nor does what it gets change a mapping of ours: right beside one. */
  CHECK_EQUAL(totals().passed_on, 1);
  CHECK_EQUAL(totals().rescued, 1);
  /* A fault in a guarded call, but not in what it watches. */
  char byte;
  int64_t copied;
  char *other = strange_page();
  CHECK_EQUAL(zn_guard_copy(&byte, other, 1, &copied), -EFAULT);
  CHECK_EQUAL(s_calls, 1);
  /* Sent by a process: no fault. */
  CHECK_EQUAL(raise(SIGBUS), 0);
  CHECK_EQUAL(s_calls, 2);
}

static void handler_behind(void) {
  map_and_lose(0);
  install_others(0); /* takes our place and does not chain */
  CHECK_EQUAL(foreign_read(s_address), 7);
  CHECK_EQUAL(totals().faults, 0);
}

static void default_before(void) {
  map_and_lose(0);
  (void)foreign_read(strange_page());
}

static void default_and_a_signal(void) {
  map_and_lose(0);
  raise(SIGBUS);
}

static void ignored_and_a_signal(void) {
  signal(SIGBUS, SIG_IGN);
  map_and_lose(0);
  raise(SIGBUS);
  CHECK_EQUAL(foreign_read(s_address), 0);
}

static void test_default_ends_the_process(void **state) {
  void (*const bodies[])(void) = {default_before, default_and_a_signal};
  for (int i = 0; i < 2; i++) {
    int status = child_run(bodies[i]);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGBUS);
  }
}

/* --- a JVM --- */

static zn_sys_signal_jvm *s_jvm;
static volatile sig_atomic_t s_jvm_calls;
static bool s_jvm_chains;
static sigjmp_buf s_thrown;

/* Where code goes on that HotSpot has dealt with. */
static void throw_error(void) { siglongjmp(s_thrown, 1); }

static void go_on_in(void *context, void (*place)(void)) {
  mcontext_t *machine = &((ucontext_t *)context)->uc_mcontext;
#if defined(__x86_64__)
  machine->gregs[REG_RIP] = (greg_t)(intptr_t)place;
#else
  machine->pc = (uintptr_t)place;
#endif
}

zn_sys_signal_jvm *__wrap_zn_sys_signal_find_jvm(void);
zn_sys_signal_jvm *__wrap_zn_sys_signal_find_jvm(void) { return s_jvm; }

/* Deals with page 1 as HotSpot does with Java's accesses; leaves page 4 to a handler that was there
 * before it; of others it says no, and with s_jvm_chains calls whom it knows to be chained, and
 * believes that all is well then. */
static int fake_jvm(int signal, siginfo_t *info, void *context, int abort_if_unknown) {
  s_jvm_calls++;
  CHECK_EQUAL(abort_if_unknown, 0);
  int64_t page = ((char *)info->si_addr - s_address) / s_page;
  if (page == 1) go_on_in(context, throw_error);
  if (page == 4) others_handler(signal, info, context);
  if (page == 1 || page == 4) return 1;
  if (!s_jvm_chains) return 0;
  struct sigaction action;
  sigaction(SIGBUS, NULL, &action);
  action.sa_sigaction(signal, info, context);
  return 1;
}

static void read_and_throw(const char *address) {
  if (sigsetjmp(s_thrown, 1) != 0) return;
  (void)foreign_read(address);
  CHECK(false);
}

static void jvm_first(void) {
  s_jvm = fake_jvm;
  map_and_lose(0);
  read_and_throw(s_address + s_page);
  read_and_throw(s_address + s_page + 1);
  CHECK_EQUAL(totals().by_jvm, 2);
  CHECK_EQUAL(totals().rescued, 0);
  CHECK_EQUAL(zn_mapping_force_range(s_mapping, 0, 1), 0); /* an error damages nothing */
  CHECK_EQUAL(foreign_read(s_address + 2 * s_page), 0);
  CHECK_EQUAL(totals().rescued, 1);
  CHECK_EQUAL(s_jvm_calls, 3);
  char byte;
  int64_t copied;
  CHECK_EQUAL(zn_guard_copy(&byte, s_address + 5 * s_page, 1, &copied), -EFAULT);
  CHECK_EQUAL(s_jvm_calls, 3); /* our own copies are none of its business */
  s_jvm_chains = true;         /* libjsig: HotSpot's chain leads back to us */
  CHECK_EQUAL(foreign_read(s_address + 3 * s_page), 0);
  CHECK_EQUAL(s_jvm_calls, 4);
  CHECK_EQUAL(foreign_read(s_address + 4 * s_page), 7); /* by a handler before HotSpot's */
  CHECK_EQUAL(totals().rescued, 3);
  CHECK_EQUAL(totals().by_jvm, 2);
  CHECK_EQUAL(zn_mapping_force_range(s_mapping, 0, 1), ZN_EDAMAGED);
  uint64_t cursor = 0;
  int64_t lost = 0;
  struct zn_guard_fault fault;
  for (int64_t page = 1; page <= 4; page++) { /* HotSpot's is told too, once, and which it is */
    CHECK_EQUAL(zn_guard_next(&cursor, &fault, &lost), 1);
    CHECK_EQUAL(fault.file_offset, page * s_page);
    CHECK_EQUAL(fault.replaced, page != 1);
  }
  CHECK_EQUAL(zn_guard_next(&cursor, &fault, &lost), 0);
}

/* What a stranger puts in place is no page of the file: that must not be silent. */
static void jvm_chains_to_a_stranger(void) {
  s_jvm = fake_jvm;
  map_and_lose(0);
  CHECK_EQUAL(foreign_read(s_address + 4 * s_page), 7);
  CHECK_EQUAL(totals().by_jvm, 0);
  CHECK_EQUAL(zn_mapping_force_range(s_mapping, 0, 1), ZN_EDAMAGED);
  CHECK_EQUAL(zn_mapping_close(s_mapping), ZN_EDAMAGED);
}

/* --- threads --- */

static atomic_bool s_stop;
static _Atomic int64_t s_adders;

static void *add_to_every_page(void *argument) {
  int64_t start = (int64_t)(intptr_t)argument;
  for (int64_t i = 0; i < PAGES; i++) foreign_add(s_address + (start + i) % PAGES * s_page);
  atomic_fetch_sub(&s_adders, 1);
  return NULL;
}

static void *copy_what_is_lost(void *argument) {
  int file = file_make(3 * s_page, 2);
  while (!atomic_load(&s_stop)) {
    struct zn_mapping *mapping;
    CHECK_EQUAL(zn_mapping_open(file, 0, 3 * s_page, 0, NULL, &mapping), 0);
    CHECK_EQUAL(ftruncate(file, s_page), 0);
    char *buffer = malloc((size_t)(3 * s_page));
    int64_t copied;
    int result = zn_guard_copy(buffer, zn_mapping_address(mapping), 3 * s_page, &copied);
    CHECK_EQUAL(result, -EFAULT);
    CHECK_EQUAL(copied, s_page);
    CHECK_EQUAL(zn_mapping_close(mapping), 0);
    result = zn_guard_copy(buffer, zn_mapping_address(mapping), 3 * s_page, &copied);
    CHECK_EQUAL(result, -EFAULT);
    CHECK_EQUAL(copied, 0);
    free(buffer);
    CHECK_EQUAL(zn_mapping_release(mapping), 0);
    CHECK_EQUAL(ftruncate(file, 3 * s_page), 0);
  }
  close(file);
  return NULL;
}

/* Every page is put in place once, whoever comes first, and keeps what the others write then. */
static void threads_at_once(void) {
  map_and_lose(0);
  pthread_t copiers[2];
  for (int i = 0; i < 2; i++) pthread_create(&copiers[i], NULL, copy_what_is_lost, NULL);
  for (int lap = 0; lap < 40; lap++) {
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
      void *start = (void *)(intptr_t)(lap % 2 == 0 ? 0 : i * PAGES / THREADS);
      CHECK_EQUAL(pthread_create(&threads[i], NULL, add_to_every_page, start), 0);
    }
    for (int i = 0; i < THREADS; i++) CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
    for (int i = 0; i < PAGES; i++) {
      int64_t sum;
      int64_t copied;
      CHECK_EQUAL(zn_guard_copy(&sum, s_address + i * s_page, sizeof sum, &copied), 0);
      CHECK_EQUAL(sum, THREADS);
    }
    struct zn_mapping_status status;
    zn_mapping_describe(s_mapping, &status);
    CHECK_EQUAL(status.damaged_pages, PAGES);
    CHECK_EQUAL(zn_mapping_close(s_mapping), ZN_EDAMAGED);
    CHECK_EQUAL(zn_mapping_release(s_mapping), 0);
    close(s_file);
    map_and_lose(0);
  }
  atomic_store(&s_stop, true);
  for (int i = 0; i < 2; i++) CHECK_EQUAL(pthread_join(copiers[i], NULL), 0);
  CHECK_EQUAL(totals().passed_on, 0);
  CHECK_EQUAL(totals().damaged, 0);
}

/* A close while foreign code writes: its pages are either in the file, or somebody is told. */
static void close_under_writers(void) {
  for (int lap = 0; lap < 100; lap++) {
    map_and_lose(PAGES / 2);
    pthread_t threads[THREADS];
    atomic_store(&s_adders, THREADS);
    for (int i = 0; i < THREADS; i++) {
      void *start = (void *)(intptr_t)(i * PAGES / THREADS);
      CHECK_EQUAL(pthread_create(&threads[i], NULL, add_to_every_page, start), 0);
    }
    while (atomic_load(&s_adders) == THREADS && lap % 2 == 0) sched_yield();
    int result = zn_mapping_close(s_mapping);
    struct zn_mapping_status status;
    zn_mapping_describe(s_mapping, &status);
    CHECK_EQUAL(result, status.damaged_pages > 0 ? ZN_EDAMAGED : 0);
    for (int i = 0; i < THREADS; i++) CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
    struct zn_mapping_status later;
    zn_mapping_describe(s_mapping, &later);
    CHECK_EQUAL(later.damaged_pages, status.damaged_pages); /* nothing comes after the verdict */
    CHECK_EQUAL(zn_mapping_release(s_mapping), 0);
    close(s_file);
  }
  CHECK_EQUAL(totals().passed_on, 0);
}

static void *fault_for_ever(void *argument) {
  int file = file_make(s_page, 2);
  while (!atomic_load(&s_stop)) {
    struct zn_mapping *mapping;
    CHECK_EQUAL(zn_mapping_open(file, 0, s_page, 1, NULL, &mapping), 0);
    CHECK_EQUAL(ftruncate(file, 0), 0);
    CHECK_EQUAL(foreign_read(zn_mapping_address(mapping)), 0);
    CHECK_EQUAL(zn_mapping_close(mapping), ZN_EDAMAGED);
    CHECK_EQUAL(zn_mapping_release(mapping), 0);
    CHECK_EQUAL(ftruncate(file, s_page), 0);
  }
  close(file);
  return NULL;
}

/* Has the slot of the mapping pinned most of the time. */
static void *locate_for_ever(void *argument) {
  struct zn_guard_place place;
  while (!atomic_load(&s_stop)) CHECK_EQUAL(zn_guard_locate(s_address, &place), 0);
  return NULL;
}

/* Whatever the other threads of the parent were in the middle of, the child can go on. */
static void forks(void) {
  map_and_lose(0);
  pthread_t threads[3];
  for (int i = 0; i < 3; i++) {
    void *(*body)(void *) = i == 0 ? locate_for_ever : fault_for_ever;
    CHECK_EQUAL(pthread_create(&threads[i], NULL, body, NULL), 0);
  }
  for (int lap = 0; lap < 100; lap++) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      alarm(20);
      struct zn_mapping *mapping;
      CHECK_EQUAL(foreign_read(s_address + s_page), 0);
      CHECK_EQUAL(zn_mapping_open(s_file, 0, s_page, 1, NULL, &mapping), 0);
      CHECK_EQUAL(foreign_read(zn_mapping_address(mapping)), 0);
      CHECK_EQUAL(zn_mapping_close(mapping), ZN_EDAMAGED);
      CHECK_EQUAL(zn_mapping_release(mapping), 0);
      CHECK_EQUAL(zn_mapping_release(s_mapping), ZN_EDAMAGED);
      _exit(0);
    }
    int status;
    CHECK_EQUAL(waitpid(child, &status, 0), child);
    CHECK_EQUAL(status, 0);
  }
  atomic_store(&s_stop, true);
  for (int i = 0; i < 3; i++) CHECK_EQUAL(pthread_join(threads[i], NULL), 0);
  CHECK_EQUAL(zn_mapping_force_range(s_mapping, 0, 1), 0); /* the child's damage is its own */
}

#define CHILD_TEST(body)                                                                           \
  static void test_##body(void **state) { child_assert(body); }

CHILD_TEST(handler_before)
CHILD_TEST(handler_behind)
CHILD_TEST(ignored_and_a_signal)
CHILD_TEST(jvm_first)
CHILD_TEST(jvm_chains_to_a_stranger)
CHILD_TEST(threads_at_once)
CHILD_TEST(close_under_writers)

static void test_forks(void **state) { child_assert(forks); }

int main(void) {
  s_page = sysconf(_SC_PAGESIZE);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_handler_before),
      cmocka_unit_test(test_handler_behind),
      cmocka_unit_test(test_default_ends_the_process),
      cmocka_unit_test(test_ignored_and_a_signal),
      cmocka_unit_test(test_jvm_first),
      cmocka_unit_test(test_jvm_chains_to_a_stranger),
      cmocka_unit_test(test_threads_at_once),
      cmocka_unit_test(test_close_under_writers),
      cmocka_unit_test(test_forks),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ThreadSanitizer must not hold against jemalloc, which is not instrumented, in a program that
 * forks while other threads allocate. To be included once a program, by those only.
 *
 * detect_deadlocks=0    over a fork jemalloc holds all its locks: more than are counted, and
 *                       ThreadSanitizer gives up
 * report_mutex_bugs=0   in the child jemalloc makes its locks anew instead of unlocking them: a
 *                       "double lock" by the next who takes one
 * race in prefork       the fork takes a lock of an arena that another thread has just made, and
 *                       has shown by an atomic store that ThreadSanitizer cannot see
 */
#ifndef ZN_TESTS_TSAN_FORKS_H
#define ZN_TESTS_TSAN_FORKS_H

#ifdef __SANITIZE_THREAD__

#define TSAN_SEES __attribute__((visibility("default")))

TSAN_SEES const char *__tsan_default_options(void);
TSAN_SEES const char *__tsan_default_options(void) {
  return "detect_deadlocks=0:report_mutex_bugs=0";
}

TSAN_SEES const char *__tsan_default_suppressions(void);
TSAN_SEES const char *__tsan_default_suppressions(void) {
  return "race:zn_je_malloc_mutex_prefork\n";
}

#endif
#endif

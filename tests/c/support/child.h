/* SPDX-License-Identifier: Apache-2.0 */
/* Runs what may end its process in a process of its own. */
#ifndef ZN_TESTS_CHILD_H
#define ZN_TESTS_CHILD_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A child says that there is nothing to test here. */
#define CHILD_SKIP 77

/* In a child: cmocka's own would jump into the parent's tests. */
#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "%s:%d: not so in the child: %s\n", __FILE__, __LINE__, #condition);         \
      _exit(1);                                                                                    \
    }                                                                                              \
  } while (0)

#define CHECK_EQUAL(left, right)                                                                   \
  do {                                                                                             \
    long long left_value = (long long)(left), right_value = (long long)(right);                    \
    if (left_value != right_value) {                                                               \
      fprintf(stderr, "%s:%d: %s is %lld, %s is %lld\n", __FILE__, __LINE__, #left, left_value,    \
              #right, right_value);                                                                \
      _exit(1);                                                                                    \
    }                                                                                              \
  } while (0)

/* Runs body in a child that is killed after 60 s. returns: its wait status, 0 if body returned. */
int child_run(void (*body)(void));

/* The same, and fails the running test if the child did; skips it on CHILD_SKIP. */
void child_assert(void (*body)(void));

/* Cuts a file short, or makes it longer, from another process. */
void truncate_elsewhere(int fd, long size);

#endif

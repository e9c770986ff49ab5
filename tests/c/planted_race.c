/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A race on purpose: two threads use one magazine, which only one may. Built with ThreadSanitizer,
 * which must tell of it: else the tests under it would pass because it sees nothing.
 */
#include <pthread.h>

#include "support/check.h"
#include "znio/magazine.h"

static void *allocate(void *magazine) {
  uint64_t handle;
  (void)!zn_magazine_allocate(magazine, 16, 0, &handle);
  return NULL;
}

int main(void) {
  struct zn_magazine *magazine;
  if (zn_magazine_open(1, &magazine) < 0 || zn_magazine_refill(magazine, 0) < 2) return 1;
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) {
    if (pthread_create(&threads[i], NULL, allocate, magazine) != 0) return 1;
  }
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage: test_dlopen libznio.so
 * Loads the library as a JVM does: late, with threads there already, which then have to find room
 * for its thread-locals. Allocates blocks of many sizes and makes a memfd in each thread.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "znio/znio.h"

#define THREADS 4

static pthread_barrier_t s_loaded;
static __typeof__(&zn_region_allocate) s_allocate;
static __typeof__(&zn_region_free) s_free;
static __typeof__(&zn_memfd_create) s_create;
static __typeof__(&zn_memfd_close) s_close;

static void expect(int right, const char *what) {
  if (right) return;
  (void)fprintf(stderr, "test_dlopen: %s\n", what);
  exit(1);
}

static void *work(void *argument) {
  (void)pthread_barrier_wait(&s_loaded); /* this thread is older than the library */
  for (int64_t size = 1; size <= (int64_t)8 << 20; size *= 4) {
    void *block;
    expect(s_allocate(size, 16, &block) == 0, "no memory");
    memset(block, (int)size, (size_t)size);
    s_free(block, size, 16);
  }
  int fd;
  expect(s_create(100000, &fd) == 0, "no memfd");
  expect(pwrite(fd, "znio", 4, 99996) == 4, "the memfd has another size");
  expect(s_close(fd) == 0, "a memfd of ours is not known");
  return argument;
}

static void *find(void *library, const char *name) {
  void *found = dlsym(library, name);
  expect(found != NULL, name);
  return found;
}

int main(int count, char **arguments) {
  expect(count == 2, "usage: test_dlopen libznio.so");
  pthread_t threads[THREADS];
  expect(pthread_barrier_init(&s_loaded, NULL, THREADS + 1) == 0, "no barrier");
  for (int i = 0; i < THREADS; i++) {
    expect(pthread_create(&threads[i], NULL, work, NULL) == 0, "no thread");
  }
  void *library = dlopen(arguments[1], RTLD_NOW);
  if (library == NULL) (void)fprintf(stderr, "%s\n", dlerror());
  expect(library != NULL, "dlopen failed");
  s_allocate = (__typeof__(s_allocate))(uintptr_t)find(library, "zn_region_allocate");
  s_free = (__typeof__(s_free))(uintptr_t)find(library, "zn_region_free");
  s_create = (__typeof__(s_create))(uintptr_t)find(library, "zn_memfd_create");
  s_close = (__typeof__(s_close))(uintptr_t)find(library, "zn_memfd_close");
  (void)pthread_barrier_wait(&s_loaded);
  for (int i = 0; i < THREADS; i++) (void)pthread_join(threads[i], NULL);
  return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another library's SIGBUS handler, for the Java tests. Preloaded with ZN_TEST_HANDLER=before it is
 * there before the JVM's, and puts a page of zeros in place of a lost one. Loaded by a running JVM
 * (System.load) it comes behind the guard, and passes every signal on. How often it was called is
 * told at exit.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct sigaction s_before;
static _Atomic int s_calls;

static void mend(int signal, siginfo_t *info, void *context) {
  (void)signal;
  (void)context;
  s_calls++;
  uintptr_t bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
  char *page = (char *)((uintptr_t)info->si_addr / bytes * bytes);
  void *mapped =
      mmap(page, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (mapped != page) abort();
}

static void pass_on(int signal, siginfo_t *info, void *context) {
  s_calls++;
  s_before.sa_sigaction(signal, info, context);
}

static void install(void (*handler)(int, siginfo_t *, void *)) {
  struct sigaction action = {.sa_sigaction = handler,
                             .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  if (sigaction(SIGBUS, &action, &s_before) != 0) abort();
}

__attribute__((constructor)) static void loaded(void) {
  const char *when = getenv("ZN_TEST_HANDLER");
  if (when != NULL && strcmp(when, "before") == 0) install(mend);
}

__attribute__((destructor)) static void unloaded(void) {
  if (getenv("ZN_TEST_HANDLER") != NULL) {
    fprintf(stdout, "the other handler was called: %s\n", s_calls == 0 ? "never" : "yes");
  }
}

/* By System.load. returns: JNI_VERSION_1_8. */
int JNI_OnLoad(void *vm, void *reserved);
__attribute__((visibility("default"))) int JNI_OnLoad(void *vm, void *reserved) {
  (void)vm;
  (void)reserved;
  install(pass_on);
  return 0x00010008;
}

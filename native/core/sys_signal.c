/* SPDX-License-Identifier: Apache-2.0 */
#include "sys_signal.h"

#include <dlfcn.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "sys.h"

/* Signals that a thread raises by what it does: blocked, the kernel would end the process. */
static const int s_fault_signals[] = {SIGBUS, SIGSEGV, SIGILL, SIGFPE, SIGTRAP};

/* Everything else waits while the handler runs: a handler of someone else that jumps out of ours
 * would leave a range of the guard pinned for ever. */
static void fill_mask(sigset_t *mask) {
  sigfillset(mask);
  for (size_t i = 0; i < sizeof s_fault_signals / sizeof *s_fault_signals; i++) {
    sigdelset(mask, s_fault_signals[i]);
  }
}

int zn_sys_signal_install(int signal, zn_sys_signal_handler *handler, struct sigaction *before) {
  zn_sys_count_add(2);
  if (sigaction(signal, NULL, before) != 0) return -zn_sys_errno();
  struct sigaction ours = {.sa_sigaction = handler, .sa_flags = before->sa_flags};
  ours.sa_flags |= SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  ours.sa_flags &= ~(int)SA_RESETHAND; /* the chain outlives the first fault */
  fill_mask(&ours.sa_mask);
  return sigaction(signal, &ours, NULL) != 0 ? -zn_sys_errno() : 0;
}

zn_sys_signal_jvm *zn_sys_signal_find_jvm(void) {
  static const char name[] = "JVM_handle_linux_signal";
  void *found = dlsym(RTLD_DEFAULT, name);
  if (found == NULL) {
    /* A program that embeds a JVM may have opened it without RTLD_GLOBAL. */
    void *jvm = dlopen("libjvm.so", RTLD_LAZY | RTLD_NOLOAD);
    if (jvm != NULL) {
      found = dlsym(jvm, name);
      (void)dlclose(jvm); /* only the count: a JVM is never unloaded */
    }
  }
  return (zn_sys_signal_jvm *)(uintptr_t)found;
}

static void put_default_back(int signal, const siginfo_t *info) {
  struct sigaction action = {.sa_handler = SIG_DFL};
  (void)sigaction(signal, &action, NULL);
  /* Sent by a process, not by a fault: it would not come again by itself. */
  if (info->si_code <= 0) (void)syscall(SYS_tgkill, getpid(), zn_sys_signal_thread(), signal);
}

static void call_in_its_mask(const struct sigaction *before, int signal, siginfo_t *info,
                             void *context) {
  sigset_t ours;
  sigset_t theirs = before->sa_mask;
  if ((before->sa_flags & SA_NODEFER) == 0) sigaddset(&theirs, signal);
  /* What was blocked at the fault, and what the handler asks for: as the kernel would have done. */
  (void)pthread_sigmask(SIG_SETMASK, &((const ucontext_t *)context)->uc_sigmask, &ours);
  (void)pthread_sigmask(SIG_BLOCK, &theirs, NULL);
  if ((before->sa_flags & SA_SIGINFO) != 0) {
    before->sa_sigaction(signal, info, context);
  } else {
    before->sa_handler(signal);
  }
  (void)pthread_sigmask(SIG_SETMASK, &ours, NULL);
}

void zn_sys_signal_forward(const struct sigaction *before, int signal, siginfo_t *info,
                           void *context) {
  bool plain = (before->sa_flags & SA_SIGINFO) == 0;
  if (plain && before->sa_handler == SIG_IGN && info->si_code <= 0) return;
  /* The kernel lets nobody ignore a fault: it ends the process as by default. */
  if (plain && (before->sa_handler == SIG_DFL || before->sa_handler == SIG_IGN)) {
    put_default_back(signal, info);
    return;
  }
  call_in_its_mask(before, signal, info, context);
}

int zn_sys_signal_thread(void) { return (int)syscall(SYS_gettid); }

uintptr_t zn_sys_signal_pc(const void *context) {
  const mcontext_t *machine = &((const ucontext_t *)context)->uc_mcontext;
#if defined(__x86_64__)
  return (uintptr_t)machine->gregs[REG_RIP];
#elif defined(__aarch64__)
  return (uintptr_t)machine->pc;
#else
#error "which register is the program counter here?"
#endif
}

bool zn_sys_signal_can_touch(void *address, size_t size, bool writable) {
  return madvise(address, size, writable ? MADV_POPULATE_WRITE : MADV_POPULATE_READ) == 0;
}

bool zn_sys_signal_zero_pages(void *address, size_t size, bool writable) {
  int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  return mmap(address, size, protection, flags, -1, 0) != MAP_FAILED;
}

/* The mask is not saved here, which would be a system call each time: the fault's context has it.
 */
bool zn_sys_signal_try(struct zn_sys_signal_jump *jump, void (*body)(void *), void *argument) {
  if (sigsetjmp(jump->place, 0) != 0) return false;
  body(argument);
  return true;
}

_Noreturn void zn_sys_signal_leave(struct zn_sys_signal_jump *jump, const void *context) {
  (void)pthread_sigmask(SIG_SETMASK, &((const ucontext_t *)context)->uc_sigmask, NULL);
  siglongjmp(jump->place, 1);
}

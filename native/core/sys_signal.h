/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edge to signals: what the SIGBUS guard needs of the system, beside sys.h.
 *
 * Functions marked "handler" run inside a signal handler. They are async-signal-safe: each is one
 * or a few bare system calls, they take no lock, allocate nothing, and touch no thread-local
 * variable of znio (the first touch of one in a thread allocates). So they are not counted for the
 * thread; the guard counts its faults instead. They may change errno: the handler restores it.
 */
#ifndef ZN_CORE_SYS_SIGNAL_H
#define ZN_CORE_SYS_SIGNAL_H

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "znio/error.h"

typedef void zn_sys_signal_handler(int signal, siginfo_t *info, void *context);

/* JVM_handle_linux_signal of HotSpot. returns: not 0 when it has dealt with the fault. */
typedef int zn_sys_signal_jvm(int signal, siginfo_t *info, void *context, int abort_if_unknown);

/*
 * Installs handler for a signal in front of the one that is there, by plain sigaction: an
 * interposer of it (libjsig) is honoured. The flags of the one before, and SA_SIGINFO, SA_ONSTACK,
 * SA_NODEFER. In the handler all signals are blocked but those of faults. *before is filled before
 * the handler can run. returns: 0 or -errno.
 */
ZN_MUST_CHECK int zn_sys_signal_install(int signal, zn_sys_signal_handler *handler,
                                        struct sigaction *before);

/* JVM_handle_linux_signal of the JVM in this process, or NULL. */
zn_sys_signal_jvm *zn_sys_signal_find_jvm(void);

/* Handler. Does what would have happened without our handler: calls the one before in the mask it
 * asked for, or, if that is the default, puts the default back, so that the fault repeats and ends
 * the process (an interposer's caller, HotSpot, then writes its report). */
void zn_sys_signal_forward(const struct sigaction *before, int signal, siginfo_t *info,
                           void *context);

/* Handler. The thread's number. */
int zn_sys_signal_thread(void);

/* Handler. The address of the instruction that the interrupted code goes on with. */
uintptr_t zn_sys_signal_pc(const void *context);

/* Handler. Whether the pages of [address, address + size) can be had now, for writing too if
 * writable. */
bool zn_sys_signal_can_touch(void *address, size_t size, bool writable);

/* Handler. Puts zeroed private memory in place of [address, address + size). */
bool zn_sys_signal_zero_pages(void *address, size_t size, bool writable);

/* Where a fault continues. */
struct zn_sys_signal_jump {
  sigjmp_buf place;
};

/* Runs body(argument). returns: true; false when zn_sys_signal_leave(jump) ended it. */
bool zn_sys_signal_try(struct zn_sys_signal_jump *jump, void (*body)(void *), void *argument);

/* Handler. Leaves handler and body for zn_sys_signal_try of the same thread, with the signals
 * blocked that were blocked when the fault came. */
_Noreturn void zn_sys_signal_leave(struct zn_sys_signal_jump *jump, const void *context);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The option fast: FileChannel.transferFrom of sockets and pipes is spliced. The JDK's method calls
 * sun.nio.ch.ZnioTransfer instead of its own loop; that one reads and writes by the JDK's own
 * methods, with a ghost for a buffer: a direct buffer at an address where no memory can be, which
 * stands for a pipe of the kernel. The natives at the bottom know a ghost by its address, and
 * splice.
 */
#ifndef ZN_AGENT_FAST_H
#define ZN_AGENT_FAST_H

#include <jni.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent_calls.h"
#include "znio/error.h"

/* The kernel's half of the addresses (x86_64, aarch64), so never memory of a program: a system call
 * that is handed one says EFAULT. */
#define AGENT_GHOST_BASE ((uint64_t)0xffffff0000000000)
#define AGENT_GHOST_BYTES ((int64_t)1 << 20) /* the largest pipe */

/* Transfers that splice at a time, two descriptors each; those beyond are the JDK's way. */
#define AGENT_GHOSTS 256

/* --- agent_fast.c --- */

/*
 * Puts our call into the JDK's method, or takes it out. With natives bound by agent_bind; one call
 * at a time, in the live phase, with no exception pending; leaves none. Says what is wrong.
 */
void agent_fast_set(JNIEnv *env, bool on);

/* --- agent_ghost.c --- */

/* Defines ZnioTransfer and binds its natives, and SocketDispatcher.read0, once. With a Java frame
 * of the JDK's own loader as the caller. libnio: where the JDK's own function is, or NULL. */
void agent_ghost_bind(JNIEnv *env, void *libnio);

/* Has it done so? */
bool agent_ghost_is_bound(void);

static inline bool agent_is_ghost(jlong address) {
  return (uint64_t)address - AGENT_GHOST_BASE < (uint64_t)(AGENT_GHOSTS * AGENT_GHOST_BYTES);
}

/* In place of the natives of FileDispatcherImpl, for a ghost. */
agent_move_call agent_ghost_read;
agent_move_at_call agent_ghost_pwrite;

/* --- agent_class.c --- */

/* A method of a class file of another shape than this has hash 0. */
struct agent_method {
  const char *name;
  const char *descriptor;
};

/*
 * A hash of what a method does: its bytecode and handlers, the constants by their values. So it is
 * the same in class files whose constants only stand in another order. returns: 0: there is no such
 * method, the file is damaged, or it holds an instruction of variable length.
 */
uint64_t agent_class_hash(const unsigned char *bytes, size_t size,
                          const struct agent_method *method);

/*
 * The class file with one method's body replaced: code, of which the last two bytes but the return
 * name the method that it calls, a static one of helper with this name and descriptor. What
 * agent_class_hash says 0 of cannot be replaced. out: NULL, or room for the size that a call with
 * NULL has returned. returns: its size, or 0.
 */
struct agent_body {
  struct agent_method calls;
  const char *helper;
  const unsigned char *code; /* invokestatic's operand is at the end, before one byte */
  uint16_t size, stack, locals;
};
size_t agent_class_replace(const unsigned char *bytes, size_t size,
                           const struct agent_method *method, const struct agent_body *body,
                           unsigned char *out);

#endif

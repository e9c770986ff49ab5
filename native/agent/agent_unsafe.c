/* SPDX-License-Identifier: Apache-2.0 */
/*
 * znio's own natives of Unsafe's memory. Who frees or moves a block asks whose it is by its
 * address: what the JDK allocated, before us or where we had nothing, goes back to the JDK.
 */
#include <stdint.h>
#include <string.h>

#include "agent.h"
#include "agent_calls.h"
#include "jni_znio.h"
#include "znio/unsafe.h"

bool agent_unsafe_prepare(void) {
  int result = zn_unsafe_open();
  if (result == 0) return true;
  agent_say(AGENT_LOG_WARN,
            "no addresses can be reserved for the option unsafe (%s, %s): memory is left to the "
            "JDK; a larger ulimit -v helps",
            zn_error_name(result), zn_error_text(result));
  return false;
}

static jlong address_of(const void *block) { return (jlong)(intptr_t)block; }

/* The JDK's own. returns: 0: no memory, of which Java makes an error. */
static jlong allocate_foreign(JNIEnv *env, jobject unsafe, jlong size) {
  agent_allocate_call *original = (agent_allocate_call *)agent_original(AGENT_ALLOCATE);
  return original(env, unsafe, size);
}

jlong JNICALL agent_serve_allocate(JNIEnv *env, jobject unsafe, jlong size) {
  void *block = zn_unsafe_allocate(size);
  return block != NULL ? address_of(block) : allocate_foreign(env, unsafe, size);
}

void JNICALL agent_serve_free(JNIEnv *env, jobject unsafe, jlong address) {
  void *block = jni_pointer(address);
  if (zn_unsafe_owns(block)) {
    zn_unsafe_free(block);
  } else {
    ((agent_free_call *)agent_original(AGENT_FREE))(env, unsafe, address);
  }
}

/* A block that cannot grow with us grows with the JDK; one of the JDK's stays there. */
jlong JNICALL agent_serve_reallocate(JNIEnv *env, jobject unsafe, jlong address, jlong size) {
  void *block = jni_pointer(address);
  if (!zn_unsafe_owns(block)) {
    agent_reallocate_call *original = (agent_reallocate_call *)agent_original(AGENT_REALLOCATE);
    return original(env, unsafe, address, size);
  }
  void *moved = zn_unsafe_reallocate(block, size);
  if (moved != NULL) return address_of(moved);
  jlong foreign = allocate_foreign(env, unsafe, size);
  if (foreign == 0) return 0;
  int64_t before = zn_unsafe_bytes(block);
  memcpy(jni_pointer(foreign), block, (size_t)(before < size ? before : size));
  zn_unsafe_free(block);
  return foreign;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What BufferPoolMXBean would say: the same static fields, read as they are. No code of the
 * application runs, nor of the JDK's but Class.forName; a class that is not initialised yet has
 * counted nothing, and stays so.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "agent.h"

#define BITS "java/nio/Bits"
#define UNMAPPER "sun/nio/ch/FileChannelImpl$"
#define ATOMIC "Ljava/util/concurrent/atomic/AtomicLong;"

static const struct {
  const char *name;
  const char *type;
  const char *items; /* an AtomicLong, or of an unmapper an int */
  const char *bytes; /* an AtomicLong, or of an unmapper a long */
  bool atomic;
} pools[AGENT_POOLS] = {
    {"direct", BITS, "COUNT", "RESERVED_MEMORY", true},
    {"mapped", UNMAPPER "DefaultUnmapper", "count", "totalSize", false},
    {"mapped - 'non-volatile memory'", UNMAPPER "SyncUnmapper", "count", "totalSize", false},
};

static JavaVM *_Atomic s_vm;
static jvmtiEnv *_Atomic s_jvmti;

void agent_pools_prepare(JavaVM *vm, jvmtiEnv *jvmti) {
  atomic_store(&s_vm, vm);
  atomic_store(&s_jvmti, jvmti);
}

/* returns: false: there is no such field. */
static bool read_atomic(JNIEnv *env, jclass type, const char *name, int64_t *value) {
  jfieldID field = (*env)->GetStaticFieldID(env, type, name, ATOMIC);
  if (agent_threw(env) || field == NULL) return false;
  jobject number = (*env)->GetStaticObjectField(env, type, field);
  if (number == NULL) return false;
  jfieldID of_number = (*env)->GetFieldID(env, (*env)->GetObjectClass(env, number), "value", "J");
  if (agent_threw(env) || of_number == NULL) return false;
  *value = (*env)->GetLongField(env, number, of_number);
  return true;
}

static bool read_plain(JNIEnv *env, jclass type, const char *items, const char *bytes,
                       struct agent_pool *pool) {
  jfieldID count = (*env)->GetStaticFieldID(env, type, items, "I");
  if (agent_threw(env) || count == NULL) return false;
  jfieldID size = (*env)->GetStaticFieldID(env, type, bytes, "J");
  if (agent_threw(env) || size == NULL) return false;
  pool->items = (*env)->GetStaticIntField(env, type, count);
  pool->bytes = (*env)->GetStaticLongField(env, type, size);
  return true;
}

static bool read_pool(JNIEnv *env, int i, struct agent_pool *pool) {
  jint status = 0;
  jvmtiEnv *jvmti = atomic_load(&s_jvmti);
  jclass type = agent_find_class(env, pools[i].type);
  if (type == NULL) return false;
  *pool = (struct agent_pool){.name = pools[i].name};
  if ((*jvmti)->GetClassStatus(jvmti, type, &status) != JVMTI_ERROR_NONE) return false;
  if ((status & JVMTI_CLASS_STATUS_INITIALIZED) == 0) return true;
  if (!pools[i].atomic) return read_plain(env, type, pools[i].items, pools[i].bytes, pool);
  return read_atomic(env, type, pools[i].items, &pool->items) &&
         read_atomic(env, type, pools[i].bytes, &pool->bytes);
}

int agent_pools_read(struct agent_pool *out) {
  JNIEnv *env;
  JavaVM *vm = atomic_load(&s_vm);
  if (vm == NULL || (*vm)->GetEnv(vm, (void **)&env, JNI_VERSION_1_8) != JNI_OK) return 0;
  if ((*env)->PushLocalFrame(env, 32) != JNI_OK) {
    (void)agent_threw(env);
    return 0;
  }
  int count = 0;
  for (int i = 0; i < AGENT_POOLS; i++) count += read_pool(env, i, &out[count]);
  (void)(*env)->PopLocalFrame(env, NULL);
  return count;
}

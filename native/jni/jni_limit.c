/* SPDX-License-Identifier: Apache-2.0 */
/* io.znio.Native: limits, and what memory there is. */
#include "jni_znio.h"
#include "znio/limit.h"

static jint JNICALL limitSet(JNIEnv *env, jclass self, jlong memory_bytes, jlong mapped_bytes) {
  return zn_limit_set(memory_bytes, mapped_bytes);
}

static void JNICALL limitRead(JNIEnv *env, jclass self, jlongArray array) {
  struct zn_limit_state s;
  zn_limit_read(&s);
  const jlong values[] = {s.memory_max, s.memory_live, s.memory_taken,
                          s.mapped_max, s.mapped_live, s.strict};
  (*env)->SetLongArrayRegion(env, array, 0, sizeof(values) / sizeof(values[0]), values);
}

static jint JNICALL limitReadMachine(JNIEnv *env, jclass self, jlongArray array) {
  struct zn_limit_machine m;
  int result = zn_limit_read_machine(&m);
  if (result < 0) return result;
  const jlong values[] = {m.physical_bytes, m.container_bytes, m.container_used,
                          m.container_version};
  (*env)->SetLongArrayRegion(env, array, 0, sizeof(values) / sizeof(values[0]), values);
  return 0;
}

static const JNINativeMethod methods[] = {
    JNI_METHOD(limitSet, "(JJ)I"),
    JNI_METHOD(limitRead, "([J)V"),
    JNI_METHOD(limitReadMachine, "([J)I"),
};
const struct jni_table jni_limit_table = JNI_TABLE(methods);

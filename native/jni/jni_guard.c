/* SPDX-License-Identifier: Apache-2.0 */
/* io.znio.Native: the SIGBUS guard. */
#include "jni_znio.h"
#include "znio/guard.h"

static jint JNICALL guardInstall(JNIEnv *env, jclass self) { return zn_guard_install(); }

static jint JNICALL guardDisable(JNIEnv *env, jclass self) { return zn_guard_disable(); }

static jboolean JNICALL guardIsInstalled(JNIEnv *env, jclass self) {
  return zn_guard_is_installed();
}

static jint JNICALL guardCheck(JNIEnv *env, jclass self, jlong address, jlong size,
                               jlongArray array) {
  int64_t file_offset = -1;
  int result = zn_guard_check(jni_pointer(address), size, &file_offset);
  const jlong value = file_offset;
  if (result < 0) (*env)->SetLongArrayRegion(env, array, 0, 1, &value);
  return result;
}

static jint JNICALL guardNext(JNIEnv *env, jclass self, jlongArray cursor_array, jlongArray array) {
  struct zn_guard_fault fault;
  jlong state[2]; /* cursor, lost */
  (*env)->GetLongArrayRegion(env, cursor_array, 0, 2, state);
  if ((*env)->ExceptionCheck(env)) return 0;
  uint64_t cursor = (uint64_t)state[0];
  int64_t lost = state[1];
  int result = zn_guard_next(&cursor, &fault, &lost);
  state[0] = (jlong)cursor;
  state[1] = lost;
  (*env)->SetLongArrayRegion(env, cursor_array, 0, 2, state);
  if (result != 1) return result;
  const jlong values[] = {(jlong)fault.device, (jlong)fault.inode, fault.file_offset, fault.address,
                          fault.thread,        fault.closed,       fault.replaced};
  (*env)->SetLongArrayRegion(env, array, 0, sizeof(values) / sizeof(values[0]), values);
  return 1;
}

static void JNICALL guardRead(JNIEnv *env, jclass self, jlongArray array) {
  struct zn_guard_totals t;
  zn_guard_read(&t);
  const jlong values[] = {t.faults,   t.by_jvm,    t.guarded, t.rescued,
                          t.repeated, t.passed_on, t.damaged};
  (*env)->SetLongArrayRegion(env, array, 0, sizeof(values) / sizeof(values[0]), values);
}

static const JNINativeMethod methods[] = {
    JNI_METHOD(guardInstall, "()I"),     JNI_METHOD(guardDisable, "()I"),
    JNI_METHOD(guardIsInstalled, "()Z"), JNI_METHOD(guardCheck, "(JJ[J)I"),
    JNI_METHOD(guardNext, "([J[J)I"),    JNI_METHOD(guardRead, "([J)V"),
};
const struct jni_table jni_guard_table = JNI_TABLE(methods);

/* SPDX-License-Identifier: Apache-2.0 */
/* io.znio.Native: the quarantine. */
#include "jni_znio.h"
#include "znio/quarantine.h"

static jlong JNICALL quarantineBegin(JNIEnv *env, jclass self, jlongArray array) {
  int64_t batch = 0;
  bool full = false;
  int64_t count = zn_quarantine_begin(&batch, &full);
  const jlong values[] = {batch, full};
  if (count > 0) (*env)->SetLongArrayRegion(env, array, 0, 2, values);
  return count;
}

static jint JNICALL quarantineEnd(JNIEnv *env, jclass self, jlong batch) {
  return zn_quarantine_end(batch);
}

static jint JNICALL quarantineDefer(JNIEnv *env, jclass self, jlong batch) {
  return zn_quarantine_defer(batch);
}

static const JNINativeMethod methods[] = {
    JNI_METHOD(quarantineBegin, "([J)J"),
    JNI_METHOD(quarantineEnd, "(J)I"),
    JNI_METHOD(quarantineDefer, "(J)I"),
};
const struct jni_table jni_quarantine_table = JNI_TABLE(methods);

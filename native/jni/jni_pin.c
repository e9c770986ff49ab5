/* SPDX-License-Identifier: Apache-2.0 */
/* io.znio.Native: memory that the kernel may still read. */
#include "jni_znio.h"
#include "znio/pin.h"

static jint JNICALL pinPoll(JNIEnv *env, jclass self, jlong pin, jint timeout_ms) {
  return zn_pin_poll(jni_pointer(pin), timeout_ms);
}

static void JNICALL pinShutdown(JNIEnv *env, jclass self, jlong pin) {
  zn_pin_shutdown(jni_pointer(pin));
}

static jint JNICALL pinCopied(JNIEnv *env, jclass self, jlong pin) {
  return zn_pin_copied(jni_pointer(pin));
}

static void JNICALL pinRelease(JNIEnv *env, jclass self, jlong pin) {
  zn_pin_release(jni_pointer(pin));
}

static jlong JNICALL pinRecord(JNIEnv *env, jclass self, jlong pin) {
  return (jlong)zn_pin_record(jni_pointer(pin));
}

static const JNINativeMethod methods[] = {
    JNI_METHOD(pinPoll, "(JI)I"),   JNI_METHOD(pinShutdown, "(J)V"), JNI_METHOD(pinCopied, "(J)I"),
    JNI_METHOD(pinRelease, "(J)V"), JNI_METHOD(pinRecord, "(J)J"),
};
const struct jni_table jni_pin_table = JNI_TABLE(methods);

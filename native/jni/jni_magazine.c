/* SPDX-License-Identifier: Apache-2.0 */
/* io.znio.Native: magazines, whose fast paths Java does by itself. */
#include "jni_znio.h"
#include "znio/magazine.h"

static jlong JNICALL magazineOpen(JNIEnv *env, jclass self, jint thread) {
  struct zn_magazine *magazine;
  int result = zn_magazine_open((uint32_t)thread, &magazine);
  return result < 0 ? result : jni_long(magazine);
}

static void JNICALL magazineClose(JNIEnv *env, jclass self, jlong magazine) {
  zn_magazine_close(jni_pointer(magazine));
}

static jint JNICALL magazineRefill(JNIEnv *env, jclass self, jlong magazine, jint region_class) {
  return zn_magazine_refill(jni_pointer(magazine), region_class);
}

static jint JNICALL magazineFlush(JNIEnv *env, jclass self, jlong magazine, jint region_class) {
  return zn_magazine_flush(jni_pointer(magazine), region_class);
}

static void JNICALL magazineTrim(JNIEnv *env, jclass self, jlong magazine, jlong bytes) {
  zn_magazine_trim(jni_pointer(magazine), bytes);
}

static jint JNICALL magazineBirth(JNIEnv *env, jclass self, jlong magazine, jlong size) {
  return zn_magazine_birth(jni_pointer(magazine), size);
}

static jint JNICALL magazinePublish(JNIEnv *env, jclass self, jlong magazine) {
  return zn_magazine_publish(jni_pointer(magazine));
}

static const JNINativeMethod methods[] = {
    JNI_METHOD(magazineOpen, "(I)J"),    JNI_METHOD(magazineClose, "(J)V"),
    JNI_METHOD(magazineRefill, "(JI)I"), JNI_METHOD(magazineFlush, "(JI)I"),
    JNI_METHOD(magazineTrim, "(JJ)V"),   JNI_METHOD(magazineBirth, "(JJ)I"),
    JNI_METHOD(magazinePublish, "(J)I"),
};
const struct jni_table jni_magazine_table = JNI_TABLE(methods);

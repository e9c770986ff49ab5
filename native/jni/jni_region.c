/* SPDX-License-Identifier: Apache-2.0 */
/* io.znio.Native: off-heap memory. */
#include <string.h>

#include "jni_znio.h"
#include "znio/region.h"

static jlong JNICALL regionAllocate(JNIEnv *env, jclass self, jlong size, jlong alignment) {
  void *address;
  int result = zn_region_allocate(size, alignment, &address);
  return result < 0 ? result : jni_long(address);
}

static void JNICALL regionFree(JNIEnv *env, jclass self, jlong address, jlong size,
                               jlong alignment) {
  zn_region_free(jni_pointer(address), size, alignment);
}

static void JNICALL regionZero(JNIEnv *env, jclass self, jlong address, jlong size) {
  memset(jni_pointer(address), 0, (size_t)size);
}

static jlong JNICALL regionOpen(JNIEnv *env, jclass self, jlong size, jlong alignment, jint flags,
                                jint thread, jint site) {
  uint64_t handle;
  int result =
      zn_region_open(size, alignment, (unsigned)flags, (uint32_t)thread, (uint32_t)site, &handle);
  return result < 0 ? result : (jlong)handle;
}

static jint JNICALL regionClose(JNIEnv *env, jclass self, jlong handle, jint cause) {
  return zn_region_close((uint64_t)handle, cause);
}

static jint JNICALL regionRetire(JNIEnv *env, jclass self, jlong handle, jint cause) {
  return zn_region_retire((uint64_t)handle, cause);
}

static jlong JNICALL regionClassBytes(JNIEnv *env, jclass self, jint region_class) {
  return zn_region_class_bytes(region_class);
}

static void JNICALL regionDecay(JNIEnv *env, jclass self) { zn_region_decay(); }

static jint JNICALL regionReadStatistics(JNIEnv *env, jclass self, jlongArray array) {
  struct zn_region_statistics s;
  int result = zn_region_read_statistics(&s);
  if (result < 0) return result;
  const jlong values[] = {s.allocated, s.active, s.metadata, s.resident, s.mapped, s.retained};
  (*env)->SetLongArrayRegion(env, array, 0, sizeof(values) / sizeof(values[0]), values);
  return 0;
}

static jlongArray JNICALL regionConstants(JNIEnv *env, jclass self) {
  int64_t values[ZN_REGION_CONSTANTS];
  int count = zn_region_constants(values, ZN_REGION_CONSTANTS);
  jlongArray array = (*env)->NewLongArray(env, count);
  if (array != NULL) (*env)->SetLongArrayRegion(env, array, 0, count, (const jlong *)values);
  return array;
}

static jstring JNICALL regionConstantName(JNIEnv *env, jclass self, jint constant) {
  const char *name = zn_region_constant_name(constant);
  return name == NULL ? NULL : (*env)->NewStringUTF(env, name);
}

static const JNINativeMethod methods[] = {
    JNI_METHOD(regionAllocate, "(JJ)J"),
    JNI_METHOD(regionZero, "(JJ)V"),
    JNI_METHOD(regionFree, "(JJJ)V"),
    JNI_METHOD(regionOpen, "(JJIII)J"),
    JNI_METHOD(regionClose, "(JI)I"),
    JNI_METHOD(regionRetire, "(JI)I"),
    JNI_METHOD(regionClassBytes, "(I)J"),
    JNI_METHOD(regionDecay, "()V"),
    JNI_METHOD(regionReadStatistics, "([J)I"),
    JNI_METHOD(regionConstants, "()[J"),
    JNI_METHOD(regionConstantName, "(I)Ljava/lang/String;"),
};
const struct jni_table jni_region_table = JNI_TABLE(methods);

/* SPDX-License-Identifier: Apache-2.0 */
/* io.znio.Native: mappings. */
#include "jni_znio.h"
#include "znio/mapping.h"

static jlong JNICALL mappingMap(JNIEnv *env, jclass self, jint fd, jlong offset, jlong size,
                                jint mode) {
  void *address;
  int result = zn_mapping_map(fd, offset, size, mode, &address);
  return result < 0 ? result : jni_long(address);
}

static jint JNICALL mappingUnmap(JNIEnv *env, jclass self, jlong address, jlong size) {
  return zn_mapping_unmap(jni_pointer(address), size);
}

static jint JNICALL mappingForce(JNIEnv *env, jclass self, jlong address, jlong size) {
  return zn_mapping_force(jni_pointer(address), size);
}

static jlong JNICALL mappingResidentPages(JNIEnv *env, jclass self, jlong address, jlong size) {
  return zn_mapping_resident_pages(jni_pointer(address), size);
}

static const JNINativeMethod methods[] = {
    JNI_METHOD(mappingMap, "(IJJI)J"),
    JNI_METHOD(mappingUnmap, "(JJ)I"),
    JNI_METHOD(mappingForce, "(JJ)I"),
    JNI_METHOD(mappingResidentPages, "(JJ)J"),
};
const struct jni_table jni_mapping_table = JNI_TABLE(methods);

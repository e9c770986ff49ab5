/* SPDX-License-Identifier: Apache-2.0 */
/* io.znio.Native: off-heap memory. */
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

static const JNINativeMethod methods[] = {
    JNI_METHOD(regionAllocate, "(JJ)J"),
    JNI_METHOD(regionFree, "(JJJ)V"),
};
const struct jni_table jni_region_table = JNI_TABLE(methods);

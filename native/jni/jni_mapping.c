/* SPDX-License-Identifier: Apache-2.0 */
/* io.znio.Native: mappings. */
#include <errno.h>

#include "jni_znio.h"
#include "znio/mapping.h"
#include "znio/region.h"

static jlong JNICALL mappingOpen(JNIEnv *env, jclass self, jint fd, jlong offset, jlong size,
                                 jint mode, jint flags, jint advice, jint thread, jint site) {
  const struct zn_mapping_options options = {.flags = (uint32_t)flags,
                                             .advice = advice,
                                             .thread = (uint32_t)thread,
                                             .site = (uint32_t)site};
  struct zn_mapping *mapping;
  int result = zn_mapping_open(fd, offset, size, mode, &options, &mapping);
  return result < 0 ? result : jni_long(mapping);
}

static jlong JNICALL mappingAddress(JNIEnv *env, jclass self, jlong mapping) {
  return jni_long(zn_mapping_address(jni_pointer(mapping)));
}

static jint JNICALL mappingClose(JNIEnv *env, jclass self, jlong mapping) {
  return zn_mapping_close(jni_pointer(mapping));
}

static jint JNICALL mappingRelease(JNIEnv *env, jclass self, jlong mapping) {
  return zn_mapping_release(jni_pointer(mapping));
}

static void JNICALL mappingSetCause(JNIEnv *env, jclass self, jlong mapping, jint cause) {
  zn_mapping_set_cause(jni_pointer(mapping), cause);
}

static jlong JNICALL mappingRecord(JNIEnv *env, jclass self, jlong mapping) {
  return (jlong)zn_mapping_record(jni_pointer(mapping));
}

/* As many as fit on the stack. */
#define ZN_JNI_MAPPINGS 1024

static void JNICALL mappingReleaseAll(JNIEnv *env, jclass self, jlongArray mappings,
                                      jintArray results) {
  jsize length = (*env)->GetArrayLength(env, mappings);
  for (jsize done = 0; done < length; done += ZN_JNI_MAPPINGS) {
    jsize count = length - done < ZN_JNI_MAPPINGS ? length - done : ZN_JNI_MAPPINGS;
    jlong handles[ZN_JNI_MAPPINGS];
    struct zn_mapping *pointers[ZN_JNI_MAPPINGS];
    jint values[ZN_JNI_MAPPINGS];
    (*env)->GetLongArrayRegion(env, mappings, done, count, handles);
    for (jsize i = 0; i < count; i++) pointers[i] = jni_pointer(handles[i]);
    zn_mapping_release_all(pointers, values, count);
    (*env)->SetIntArrayRegion(env, results, done, count, values);
  }
}

static jint JNICALL mappingForceRange(JNIEnv *env, jclass self, jlong mapping, jlong offset,
                                      jlong size) {
  return zn_mapping_force_range(jni_pointer(mapping), offset, size);
}

static jint JNICALL mappingLoad(JNIEnv *env, jclass self, jlong mapping, jlong offset, jlong size) {
  return zn_mapping_load(jni_pointer(mapping), offset, size);
}

static jint JNICALL mappingAdvise(JNIEnv *env, jclass self, jlong mapping, jlong offset, jlong size,
                                  jint advice) {
  return zn_mapping_advise(jni_pointer(mapping), offset, size, advice);
}

/* The bits are written off-heap first: the kernel is asked meanwhile. */
static jlong JNICALL mappingResidency(JNIEnv *env, jclass self, jlong mapping, jlong offset,
                                      jlong size, jlongArray array) {
  if (array == NULL) return zn_mapping_residency(jni_pointer(mapping), offset, size, NULL, 0);
  jsize words = (*env)->GetArrayLength(env, array);
  if (words == 0) return -EINVAL;
  int64_t bytes = (int64_t)words * (int64_t)sizeof(uint64_t);
  void *bits;
  int64_t pages = zn_region_allocate(bytes, 0, &bits);
  if (pages < 0) return pages;
  pages = zn_mapping_residency(jni_pointer(mapping), offset, size, bits, words);
  if (pages >= 0) (*env)->SetLongArrayRegion(env, array, 0, words, bits);
  zn_region_free(bits, bytes, 0);
  return pages;
}

static jlong JNICALL mappingPages(JNIEnv *env, jclass self, jlong mapping, jlong offset,
                                  jlong size) {
  return zn_mapping_pages(jni_pointer(mapping), offset, size);
}

static void JNICALL mappingDescribe(JNIEnv *env, jclass self, jlong mapping, jlongArray array) {
  struct zn_mapping_status s;
  zn_mapping_describe(jni_pointer(mapping), &s);
  const jlong values[] = {s.size,         s.file_offset,    (jlong)s.device,
                          (jlong)s.inode, s.damaged_offset, s.damaged_pages,
                          s.stale_pages,  s.mode,           s.closed};
  (*env)->SetLongArrayRegion(env, array, 0, sizeof(values) / sizeof(values[0]), values);
}

static void JNICALL mappingKept(JNIEnv *env, jclass self, jlongArray array) {
  int64_t mappings, bytes;
  zn_mapping_kept(&mappings, &bytes);
  const jlong values[] = {mappings, bytes};
  (*env)->SetLongArrayRegion(env, array, 0, 2, values);
}

static const JNINativeMethod methods[] = {
    JNI_METHOD(mappingOpen, "(IJJIIIII)J"),   JNI_METHOD(mappingAddress, "(J)J"),
    JNI_METHOD(mappingClose, "(J)I"),         JNI_METHOD(mappingRelease, "(J)I"),
    JNI_METHOD(mappingRecord, "(J)J"),        JNI_METHOD(mappingSetCause, "(JI)V"),
    JNI_METHOD(mappingReleaseAll, "([J[I)V"), JNI_METHOD(mappingForceRange, "(JJJ)I"),
    JNI_METHOD(mappingLoad, "(JJJ)I"),        JNI_METHOD(mappingAdvise, "(JJJI)I"),
    JNI_METHOD(mappingResidency, "(JJJ[J)J"), JNI_METHOD(mappingPages, "(JJJ)J"),
    JNI_METHOD(mappingDescribe, "(J[J)V"),    JNI_METHOD(mappingKept, "([J)V"),
};
const struct jni_table jni_mapping_table = JNI_TABLE(methods);

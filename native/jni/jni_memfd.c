/* SPDX-License-Identifier: Apache-2.0 */
/* io.znio.Native: memory shared by descriptor. */
#include "jni_znio.h"
#include "znio/memfd.h"

static jint JNICALL memfdCreate(JNIEnv *env, jclass self, jlong size) {
  int fd;
  int result = zn_memfd_create(size, &fd);
  return result < 0 ? result : fd;
}

static jint JNICALL memfdSend(JNIEnv *env, jclass self, jint socket, jint fd, jlong size) {
  return zn_memfd_send(socket, fd, size);
}

static jint JNICALL memfdReceive(JNIEnv *env, jclass self, jint socket, jlongArray size_out) {
  int fd;
  int64_t size;
  int result = zn_memfd_receive(socket, &fd, &size);
  if (result < 0) return result;
  const jlong value = size;
  (*env)->SetLongArrayRegion(env, size_out, 0, 1, &value);
  return fd;
}

static jint JNICALL memfdEnd(JNIEnv *env, jclass self, jint fd, jint cause) {
  return zn_memfd_end(fd, cause);
}

static jlong JNICALL memfdRecord(JNIEnv *env, jclass self, jint fd) {
  return (jlong)zn_memfd_record(fd);
}

static const JNINativeMethod methods[] = {
    JNI_METHOD(memfdCreate, "(J)I"),    JNI_METHOD(memfdSend, "(IIJ)I"),
    JNI_METHOD(memfdReceive, "(I[J)I"), JNI_METHOD(memfdEnd, "(II)I"),
    JNI_METHOD(memfdRecord, "(I)J"),
};
const struct jni_table jni_memfd_table = JNI_TABLE(methods);

/* SPDX-License-Identifier: Apache-2.0 */
/* io.znio.Native: pipes, and the bytes stranded in them. */
#include "jni_znio.h"
#include "znio/pipe.h"

static jlong JNICALL pipeAcquire(JNIEnv *env, jclass self) {
  struct zn_pipe *pipe;
  int result = zn_pipe_acquire(&pipe);
  return result < 0 ? result : jni_long(pipe);
}

static void JNICALL pipeRelease(JNIEnv *env, jclass self, jlong pipe) {
  zn_pipe_release(jni_pointer(pipe));
}

static jlong JNICALL pipeBytes(JNIEnv *env, jclass self, jlong pipe) {
  return zn_pipe_bytes(jni_pointer(pipe));
}

static jlong JNICALL pipeDrain(JNIEnv *env, jclass self, jlong pipe, jlong address, jlong size) {
  return zn_pipe_drain(jni_pointer(pipe), jni_pointer(address), (size_t)size);
}

static jint JNICALL pipeReadFd(JNIEnv *env, jclass self, jlong pipe) {
  return zn_pipe_read_fd(jni_pointer(pipe));
}

static jint JNICALL pipeWriteFd(JNIEnv *env, jclass self, jlong pipe) {
  return zn_pipe_write_fd(jni_pointer(pipe));
}

static jlong JNICALL pipeCapacity(JNIEnv *env, jclass self, jlong pipe) {
  return zn_pipe_capacity(jni_pointer(pipe));
}

static void JNICALL pipeTrim(JNIEnv *env, jclass self) { zn_pipe_trim(); }

static const JNINativeMethod methods[] = {
    JNI_METHOD(pipeAcquire, "()J"),   JNI_METHOD(pipeRelease, "(J)V"),
    JNI_METHOD(pipeBytes, "(J)J"),    JNI_METHOD(pipeDrain, "(JJJ)J"),
    JNI_METHOD(pipeReadFd, "(J)I"),   JNI_METHOD(pipeWriteFd, "(J)I"),
    JNI_METHOD(pipeCapacity, "(J)J"), JNI_METHOD(pipeTrim, "()V"),
};
const struct jni_table jni_pipe_table = JNI_TABLE(methods);

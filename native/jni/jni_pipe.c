/* SPDX-License-Identifier: Apache-2.0 */
/* io.znio.Native: pipes, and the bytes stranded in them. */
#include "jni_znio.h"
#include "znio/pipe.h"

static void JNICALL pipeRelease(JNIEnv *env, jclass self, jlong pipe) {
  zn_pipe_release(jni_pointer(pipe));
}

static jlong JNICALL pipeDrain(JNIEnv *env, jclass self, jlong pipe, jlong address, jlong size) {
  return zn_pipe_drain(jni_pointer(pipe), jni_pointer(address), (size_t)size);
}

static void JNICALL pipeTrim(JNIEnv *env, jclass self) { zn_pipe_trim(); }

static const JNINativeMethod methods[] = {
    JNI_METHOD(pipeRelease, "(J)V"),
    JNI_METHOD(pipeDrain, "(JJJ)J"),
    JNI_METHOD(pipeTrim, "()V"),
};
const struct jni_table jni_pipe_table = JNI_TABLE(methods);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * io.znio.Native: what the other threads are doing, asked of JVMTI, which needs no capability and
 * no event for that.
 *
 * A thread that waits, or is in a native method, has made a call: compiled code looks at a buffer's
 * token anew after a call, so it cannot touch what was closed before the question. (What a call
 * does to a look that was hoisted out of a loop: as for a lock, the field may have changed.) Only
 * natives that take bare addresses of buffers are another matter.
 */
#include <errno.h>
#include <jvmti.h>
#include <stdbool.h>
#include <string.h>

#include "jni_znio.h"

/* Local references for as many threads; more are allowed. */
#define ZN_JNI_THREADS 64

/* Natives of these classes may read or write a buffer without holding it. Continuation's are the
 * bottom of a virtual thread, which is somewhere above. */
static bool takes_addresses(const char *signature) {
  static const char *const classes[] = {"Ljdk/internal/misc/Unsafe;", "Lsun/misc/Unsafe;",
                                        "Ljdk/internal/vm/", "Ljava/util/zip/",
                                        "Ljava/lang/invoke/"};
  for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
    if (strncmp(signature, classes[i], strlen(classes[i])) == 0) return true;
  }
  return false;
}

static bool is_named(jvmtiEnv *jvmti, jmethodID method, const char *wanted) {
  char *name;
  if ((*jvmti)->GetMethodName(jvmti, method, &name, NULL, NULL) != JVMTI_ERROR_NONE) return false;
  bool same = strcmp(name, wanted) == 0;
  (void)(*jvmti)->Deallocate(jvmti, (unsigned char *)name);
  return same;
}

/* Is it a native method that touches no buffer? */
static bool is_harmless(jvmtiEnv *jvmti, jmethodID method) {
  jboolean native = JNI_FALSE;
  if ((*jvmti)->IsMethodNative(jvmti, method, &native) != JVMTI_ERROR_NONE || !native) return false;
  jclass owner;
  char *signature;
  if ((*jvmti)->GetMethodDeclaringClass(jvmti, method, &owner) != JVMTI_ERROR_NONE) return false;
  if ((*jvmti)->GetClassSignature(jvmti, owner, &signature, NULL) != JVMTI_ERROR_NONE) return false;
  bool harmless = !takes_addresses(signature);
  (void)(*jvmti)->Deallocate(jvmti, (unsigned char *)signature);
  return harmless || is_named(jvmti, method, "park");
}

/* Neither waiting nor dead: where does it stand? Stops it for a moment. */
static bool is_in_harmless_native(jvmtiEnv *jvmti, jthread thread) {
  jvmtiFrameInfo top;
  jint count = 0;
  jvmtiError error = (*jvmti)->GetStackTrace(jvmti, thread, 0, 1, &top, &count);
  if (error == JVMTI_ERROR_THREAD_NOT_ALIVE) return true;
  if (error != JVMTI_ERROR_NONE) return false;
  return count == 0 || is_harmless(jvmti, top.method);
}

/* A carrier's state is that of a waiting thread as long as a virtual thread runs on it. */
static bool is_outside(JNIEnv *env, jvmtiEnv *jvmti, jthread thread, jclass carriers) {
  jint state;
  if ((*jvmti)->GetThreadState(jvmti, thread, &state) != JVMTI_ERROR_NONE) return false;
  if ((state & JVMTI_THREAD_STATE_ALIVE) == 0) return true;
  bool carrier = carriers != NULL && (*env)->IsInstanceOf(env, thread, carriers);
  bool suspended = (state & JVMTI_THREAD_STATE_SUSPENDED) != 0;
  bool runs = (state & JVMTI_THREAD_STATE_RUNNABLE) != 0;
  if (!carrier && !suspended && !runs) return true;
  return is_in_harmless_native(jvmti, thread);
}

static bool are_outside(JNIEnv *env, jvmtiEnv *jvmti, jclass carriers) {
  jint count;
  jthread *threads;
  jthread self;
  if ((*jvmti)->GetCurrentThread(jvmti, &self) != JVMTI_ERROR_NONE) return false;
  if ((*jvmti)->GetAllThreads(jvmti, &count, &threads) != JVMTI_ERROR_NONE) return false;
  bool outside = true;
  for (jint i = 0; i < count && outside; i++) {
    bool other = !(*env)->IsSameObject(env, threads[i], self);
    outside = !other || is_outside(env, jvmti, threads[i], carriers);
  }
  (void)(*jvmti)->Deallocate(jvmti, (unsigned char *)threads);
  return outside;
}

/*
 * Each call makes a new one, which stays. Only on x86-64, where what a thread did to memory is seen
 * before the state it went into after that; on others nobody has proved it.
 */
static jlong JNICALL threadTool(JNIEnv *env, jclass self) {
#ifndef __x86_64__
  return -ENOTSUP;
#endif
  JavaVM *vm;
  void *jvmti;
  if ((*env)->GetJavaVM(env, &vm) != JNI_OK) return -ENOTSUP;
  return (*vm)->GetEnv(vm, &jvmti, JVMTI_VERSION_1_2) == JNI_OK ? jni_long(jvmti) : -ENOTSUP;
}

static jint JNICALL threadsAreOutside(JNIEnv *env, jclass self, jlong tool, jclass carriers) {
  jvmtiEnv *jvmti = jni_pointer(tool);
  if ((*env)->PushLocalFrame(env, ZN_JNI_THREADS) != JNI_OK) {
    (*env)->ExceptionClear(env);
    return -ENOMEM;
  }
  bool outside = are_outside(env, jvmti, carriers);
  (void)(*env)->PopLocalFrame(env, NULL);
  return outside;
}

static const JNINativeMethod methods[] = {
    JNI_METHOD(threadTool, "()J"),
    JNI_METHOD(threadsAreOutside, "(JLjava/lang/Class;)I"),
};
const struct jni_table jni_thread_table = JNI_TABLE(methods);

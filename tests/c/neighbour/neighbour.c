/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another JVMTI agent, for the Java tests. It does all that might be in the way of ours: it puts
 * functions of its own in front of natives as they are bound, replaces the table of JNI functions,
 * asks for every class, and has classes transformed once more. What it met is told at the end.
 */
#include <jni.h>
#include <jvmti.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

typedef jlong JNICALL allocate_call(JNIEnv *, jobject, jlong);
typedef jint JNICALL read_call(JNIEnv *, jclass, jobject, jlong, jint, jlong);
typedef jint JNICALL register_call(JNIEnv *, jclass, const JNINativeMethod *, jint);

static _Atomic(allocate_call *) s_allocate;
static _Atomic(read_call *) s_read;
static register_call *s_register;
static atomic_int s_allocated, s_read_count, s_registered, s_classes, s_transformed;

static jlong JNICALL allocate(JNIEnv *env, jobject self, jlong size) {
  s_allocated++;
  return atomic_load(&s_allocate)(env, self, size);
}

static jint JNICALL read_at(JNIEnv *env, jclass type, jobject file, jlong address, jint size,
                            jlong position) {
  s_read_count++;
  return atomic_load(&s_read)(env, type, file, address, size, position);
}

/* Whatever is bound, and whenever. */
static void JNICALL on_bind(jvmtiEnv *jvmti, JNIEnv *env, jthread thread, jmethodID method,
                            void *address, void **instead) {
  char *name;
  if ((*jvmti)->GetMethodName(jvmti, method, &name, NULL, NULL) != JVMTI_ERROR_NONE) return;
  if (strcmp(name, "allocateMemory0") == 0) {
    atomic_store(&s_allocate, (allocate_call *)address);
    *instead = (void *)allocate;
  } else if (strcmp(name, "pread0") == 0) {
    atomic_store(&s_read, (read_call *)address);
    *instead = (void *)read_at;
  }
  (void)(*jvmti)->Deallocate(jvmti, (unsigned char *)name);
}

static jint JNICALL register_natives(JNIEnv *env, jclass type, const JNINativeMethod *methods,
                                     jint count) {
  s_registered++;
  return s_register(env, type, methods, count);
}

static void replace_table(jvmtiEnv *jvmti) {
  jniNativeInterface *table;
  if ((*jvmti)->GetJNIFunctionTable(jvmti, &table) != JVMTI_ERROR_NONE) return;
  s_register = table->RegisterNatives;
  table->RegisterNatives = register_natives;
  (void)(*jvmti)->SetJNIFunctionTable(jvmti, table);
  (void)(*jvmti)->Deallocate(jvmti, (unsigned char *)table);
}

static void JNICALL on_class(jvmtiEnv *jvmti, JNIEnv *env, jclass before, jobject loader,
                             const char *name, jobject domain, jint size,
                             const unsigned char *bytes, jint *new_size,
                             unsigned char **new_bytes) {
  s_classes++;
  if (before == NULL) return;
  /* A copy: so that there is something to redefine. */
  if ((*jvmti)->Allocate(jvmti, size, new_bytes) != JVMTI_ERROR_NONE) return;
  memcpy(*new_bytes, bytes, (size_t)size);
  *new_size = size;
}

static void transform(jvmtiEnv *jvmti, JNIEnv *env) {
  static const char *const names[] = {"jdk/internal/misc/Unsafe", "sun/nio/ch/FileChannelImpl",
                                      "sun/nio/ch/FileDispatcherImpl"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    jclass type = (*env)->FindClass(env, names[i]);
    if (type == NULL) {
      (*env)->ExceptionClear(env);
      continue;
    }
    s_transformed += (*jvmti)->RetransformClasses(jvmti, 1, &type) == JVMTI_ERROR_NONE;
  }
}

static void JNICALL on_init(jvmtiEnv *jvmti, JNIEnv *env, jthread thread) {
  replace_table(jvmti);
  transform(jvmti, env);
}

static void JNICALL on_death(jvmtiEnv *jvmti, JNIEnv *env) {
  printf("neighbour: allocated %d, read %d, registered %d, classes %d, transformed %d\n",
         s_allocated, s_read_count, s_registered, s_classes, s_transformed);
  fflush(stdout);
}

JNIEXPORT jint JNICALL Agent_OnLoad(JavaVM *vm, char *options, void *reserved) {
  static const jvmtiEvent events[] = {JVMTI_EVENT_VM_INIT, JVMTI_EVENT_VM_DEATH,
                                      JVMTI_EVENT_NATIVE_METHOD_BIND,
                                      JVMTI_EVENT_CLASS_FILE_LOAD_HOOK};
  static const jvmtiEventCallbacks callbacks = {.VMInit = on_init,
                                                .VMDeath = on_death,
                                                .NativeMethodBind = on_bind,
                                                .ClassFileLoadHook = on_class};
  static const jvmtiCapabilities wanted = {.can_generate_native_method_bind_events = 1,
                                           .can_generate_early_vmstart = 1,
                                           .can_generate_all_class_hook_events = 1,
                                           .can_retransform_classes = 1};
  void *tool;
  if ((*vm)->GetEnv(vm, &tool, JVMTI_VERSION_9) != JNI_OK) return JNI_ERR;
  jvmtiEnv *jvmti = tool;
  jvmtiError error = (*jvmti)->AddCapabilities(jvmti, &wanted);
  if (error == JVMTI_ERROR_NONE) {
    error = (*jvmti)->SetEventCallbacks(jvmti, &callbacks, sizeof callbacks);
  }
  for (size_t i = 0; i < sizeof events / sizeof events[0] && error == JVMTI_ERROR_NONE; i++) {
    error = (*jvmti)->SetEventNotificationMode(jvmti, JVMTI_ENABLE, events[i], NULL);
  }
  return error == JVMTI_ERROR_NONE ? JNI_OK : JNI_ERR;
}

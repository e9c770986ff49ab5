/* SPDX-License-Identifier: Apache-2.0 */
/* The ways in, and the JVM's events. */
#include "agent.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jni_znio.h"
#include "znio/znio.h"

extern const char zn_core_marker[];

#define LIBRARY_PROPERTY "io.znio.library"

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static jvmtiEnv *s_jvmti; /* one for the process; stays */
static struct agent_options s_options;

/* --- what the JVM is --- */

/* A property of the JVM; "" if there is none. */
static void read_property(jvmtiEnv *jvmti, const char *name, char *out, size_t size) {
  char *value;
  out[0] = '\0';
  if ((*jvmti)->GetSystemProperty(jvmti, name, &value) != JVMTI_ERROR_NONE) return;
  snprintf(out, size, "%s", value);
  (void)(*jvmti)->Deallocate(jvmti, (unsigned char *)value);
}

static int read_jdk(jvmtiEnv *jvmti) {
  char text[16];
  read_property(jvmti, "java.vm.specification.version", text, sizeof text);
  return (int)strtol(text, NULL, 10); /* "1.8" and "" are releases that nobody has looked at */
}

/* --- installing --- */

/* The jar loads the file that this property names, which is us: there is one core in a process. */
static void name_library(JNIEnv *env) {
  Dl_info self;
  if (dladdr(zn_core_marker, &self) == 0) return;
  jclass system = (*env)->FindClass(env, "java/lang/System");
  if (agent_threw(env)) return;
  jmethodID set = (*env)->GetStaticMethodID(env, system, "setProperty",
                                            "(Ljava/lang/String;Ljava/lang/String;)"
                                            "Ljava/lang/String;");
  jmethodID get = (*env)->GetStaticMethodID(env, system, "getProperty",
                                            "(Ljava/lang/String;)Ljava/lang/String;");
  if (agent_threw(env)) return;
  jstring name = (*env)->NewStringUTF(env, LIBRARY_PROPERTY);
  if (agent_threw(env)) return;
  jstring path = (*env)->NewStringUTF(env, self.dli_fname);
  if (agent_threw(env)) return;
  jobject before = (*env)->CallStaticObjectMethod(env, system, get, name);
  if (agent_threw(env) || before != NULL) return;
  (void)(*env)->CallStaticObjectMethod(env, system, set, name, path);
  (void)agent_threw(env);
}

/* Binds, in the live phase. */
static void install(JNIEnv *env, jvmtiEnv *jvmti) {
  int jdk = read_jdk(jvmti);
  if (jdk < AGENT_JDK_FIRST) {
    agent_say(AGENT_LOG_WARN, "this JVM is older than JDK %d: all natives are left to it",
              AGENT_JDK_FIRST);
    return;
  }
  if (!agent_is_known(jdk)) {
    agent_say(AGENT_LOG_WARN,
              "JDK %d is not known: its natives that look as in JDK %d to %d are counted, the rest "
              "is left to it",
              jdk, AGENT_JDK_FIRST, AGENT_JDK_LAST);
  }
  int count = agent_bind(env, jvmti, jdk);
  agent_say(AGENT_LOG_INFO, "%d natives of JDK %d are bound", count, jdk);
  if (count == 0) {
    agent_say(AGENT_LOG_WARN, "no native of JDK %d could be bound: all are left to it", jdk);
  }
}

static void prepare_report(jvmtiEnv *jvmti) {
  char jdk[128];
  read_property(jvmti, "java.vm.version", jdk, sizeof jdk);
  int result = agent_report_prepare(&s_options, jdk);
  if (result == 0) return;
  agent_say(AGENT_LOG_WARN,
            "no report can be written to %s (%s, %s): name another file by json=FILE",
            s_options.json, zn_error_name(result), zn_error_text(result));
}

/* Twice: log=LEVEL holds for what is said of the options before it, too. */
static void parse(const char *text, struct agent_options *options) {
  char message[AGENT_MESSAGE_MAX];
  agent_options_default(options);
  const char *cursor = text;
  while (agent_options_next(&cursor, options, message, sizeof message) != 0) continue;
  agent_set_log(options->log);
  int result;
  while ((result = agent_options_next(&text, options, message, sizeof message)) != 0) {
    if (result < 0) agent_say(AGENT_LOG_WARN, "%s", message);
  }
}

/* --- events --- */

static void report(const char *why) {
  int result = agent_report_write(why);
  if (result == 0) return;
  agent_say(AGENT_LOG_WARN, "the report could not be written to %s: %s, %s", s_options.json,
            zn_error_name(result), zn_error_text(result));
}

static void JNICALL on_start(jvmtiEnv *jvmti, JNIEnv *env, jthread thread) {
  pthread_mutex_lock(&s_mutex);
  if ((*env)->PushLocalFrame(env, 16) == JNI_OK) {
    name_library(env);
    install(env, jvmti);
    (void)(*env)->PopLocalFrame(env, NULL);
  }
  (void)agent_threw(env);
  pthread_mutex_unlock(&s_mutex);
}

static void JNICALL on_end(jvmtiEnv *jvmti, JNIEnv *env) { report("exit"); }

static void JNICALL on_dump(jvmtiEnv *jvmti) { report("dump"); }

static jvmtiEnv *no_jvmti(void) {
  agent_say(AGENT_LOG_WARN, "this JVM has no JVMTI for us: all natives are left to it");
  return NULL;
}

static jvmtiEnv *open_jvmti(JavaVM *vm) {
  static const jvmtiEvent events[] = {JVMTI_EVENT_VM_INIT, JVMTI_EVENT_VM_DEATH,
                                      JVMTI_EVENT_DATA_DUMP_REQUEST};
  void *tool;
  if ((*vm)->GetEnv(vm, &tool, JVMTI_VERSION_1_2) != JNI_OK) return no_jvmti();
  jvmtiEnv *jvmti = tool;
  jvmtiEventCallbacks callbacks;
  memset(&callbacks, 0, sizeof callbacks);
  callbacks.VMInit = on_start;
  callbacks.VMDeath = on_end;
  callbacks.DataDumpRequest = on_dump;
  jvmtiError error = (*jvmti)->SetEventCallbacks(jvmti, &callbacks, sizeof callbacks);
  for (size_t i = 0; i < sizeof events / sizeof events[0] && error == JVMTI_ERROR_NONE; i++) {
    error = (*jvmti)->SetEventNotificationMode(jvmti, JVMTI_ENABLE, events[i], NULL);
  }
  if (error == JVMTI_ERROR_NONE) return jvmti;
  (void)(*jvmti)->DisposeEnvironment(jvmti);
  return no_jvmti();
}

/* --- at the start of the JVM --- */

static bool is_second(void) {
  char other[PATH_MAX];
  if (!jni_find_other_core(other, sizeof other)) return false;
  agent_say(AGENT_LOG_WARN,
            "znio is in this process already, from %s, and there can be one only: this agent does "
            "nothing",
            other);
  return true;
}

/* Whatever happens, the application starts. */
JNIEXPORT jint JNICALL Agent_OnLoad(JavaVM *vm, char *text, void *reserved) {
  pthread_mutex_lock(&s_mutex);
  if (s_jvmti != NULL) {
    agent_say(AGENT_LOG_WARN, "the agent is named twice: the options \"%.200s\" are not used",
              text == NULL ? "" : text);
    pthread_mutex_unlock(&s_mutex);
    return JNI_OK;
  }
  parse(text, &s_options);
  s_jvmti = is_second() ? NULL : open_jvmti(vm);
  if (s_jvmti != NULL) {
    prepare_report(s_jvmti);
  }
  pthread_mutex_unlock(&s_mutex);
  return JNI_OK;
}

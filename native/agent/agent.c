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
#include "znio/timeline.h"
#include "znio/znio.h"

extern const char zn_core_marker[];

#define LIBRARY_PROPERTY "io.znio.library"

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct agent_options s_options;
static jvmtiEnv *s_jvmti; /* one for the process; stays; under the mutex, as installing */

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

/* Binds, in the live phase. returns: how many natives are bound. */
static int install(JNIEnv *env) {
  int jdk = read_jdk(s_jvmti);
  if (jdk < AGENT_JDK_FIRST) {
    agent_say(AGENT_LOG_WARN, "this JVM is older than JDK %d: all natives are left to it",
              AGENT_JDK_FIRST);
    return 0;
  }
  if (!agent_is_known(jdk)) {
    agent_say(AGENT_LOG_WARN,
              "JDK %d is not known: its natives that look as in JDK %d to %d are counted, the rest "
              "is left to it",
              jdk, AGENT_JDK_FIRST, AGENT_JDK_LAST);
  }
  if ((*env)->PushLocalFrame(env, 16) != JNI_OK) {
    (void)agent_threw(env);
    return 0;
  }
  name_library(env);
  (void)!agent_serve_prepare(env); /* whoever serves: paths of transfers ask for descriptors */
  agent_share_meters(&s_options);
  agent_site_set(s_jvmti, s_options.stacks);
  agent_path_prepare(s_jvmti, s_options.stacks);
  int count = agent_bind(env, s_jvmti, jdk, s_options.mode);
  (void)(*env)->PopLocalFrame(env, NULL);
  agent_say(AGENT_LOG_INFO, "%d natives of JDK %d are bound", count, jdk);
  if (count == 0) {
    agent_say(AGENT_LOG_WARN, "no native of JDK %d could be bound: all are left to it", jdk);
  }
  return count;
}

/* What the options, written as text, ask for from now on; but the natives. */
static void take(const struct agent_options *options, const char *text) {
  char jdk[128];
  read_property(s_jvmti, "java.vm.version", jdk, sizeof jdk);
  agent_report_set(options, text == NULL ? "" : text, jdk);
  s_options = *options;
}

/* --- options --- */

/* What is wrong is said and left out. Twice: log=LEVEL holds for what is said of the options before
 * it, too. */
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

/* The first that is wrong ends it. */
static int parse_all(const char *text, struct agent_options *options, char *message, size_t size) {
  int result;
  agent_options_default(options);
  while ((result = agent_options_next(&text, options, message, size)) > 0) continue;
  return result;
}

/* --- events --- */

static void JNICALL on_start(jvmtiEnv *jvmti, JNIEnv *env, jthread thread) {
  pthread_mutex_lock(&s_mutex);
  (void)install(env);
  pthread_mutex_unlock(&s_mutex);
}

static void JNICALL on_end(jvmtiEnv *jvmti, JNIEnv *env) { agent_report_write("exit"); }

/* Without JNI: the JVM stands still. */
static void JNICALL on_pause(jvmtiEnv *jvmti) { zn_timeline_pause_begin(); }

static void JNICALL on_pause_end(jvmtiEnv *jvmti) {
  zn_timeline_pause_end();
  agent_point();
}

static void JNICALL on_dump(jvmtiEnv *jvmti) { agent_report_write("dump"); }

/* Events that a JVM may refuse. returns: does it tell of its pauses? */
static bool enable_pauses(jvmtiEnv *jvmti) {
  static const jvmtiEvent events[] = {JVMTI_EVENT_GARBAGE_COLLECTION_START,
                                      JVMTI_EVENT_GARBAGE_COLLECTION_FINISH};
  jvmtiCapabilities pauses;
  memset(&pauses, 0, sizeof pauses);
  pauses.can_generate_garbage_collection_events = 1;
  jvmtiError error = (*jvmti)->AddCapabilities(jvmti, &pauses);
  for (size_t i = 0; i < sizeof events / sizeof events[0] && error == JVMTI_ERROR_NONE; i++) {
    error = (*jvmti)->SetEventNotificationMode(jvmti, JVMTI_ENABLE, events[i], NULL);
  }
  return error == JVMTI_ERROR_NONE;
}

static jvmtiEnv *open_jvmti(JavaVM *vm) {
  static const jvmtiEvent events[] = {JVMTI_EVENT_VM_INIT, JVMTI_EVENT_VM_DEATH,
                                      JVMTI_EVENT_DATA_DUMP_REQUEST};
  void *tool;
  if ((*vm)->GetEnv(vm, &tool, JVMTI_VERSION_1_2) != JNI_OK) return NULL;
  jvmtiEnv *jvmti = tool;
  jvmtiEventCallbacks callbacks;
  memset(&callbacks, 0, sizeof callbacks);
  jvmtiCapabilities lines;
  memset(&lines, 0, sizeof lines);
  lines.can_get_line_numbers = 1;
  (void)(*jvmti)->AddCapabilities(jvmti, &lines); /* without them stacks have no line numbers */
  callbacks.VMInit = on_start;
  callbacks.VMDeath = on_end;
  callbacks.DataDumpRequest = on_dump;
  callbacks.GarbageCollectionStart = on_pause;
  callbacks.GarbageCollectionFinish = on_pause_end;
  jvmtiError error = (*jvmti)->SetEventCallbacks(jvmti, &callbacks, sizeof callbacks);
  for (size_t i = 0; i < sizeof events / sizeof events[0] && error == JVMTI_ERROR_NONE; i++) {
    error = (*jvmti)->SetEventNotificationMode(jvmti, JVMTI_ENABLE, events[i], NULL);
  }
  if (error == JVMTI_ERROR_NONE) return jvmti;
  (void)(*jvmti)->DisposeEnvironment(jvmti);
  return NULL;
}

/* --- the ways in --- */

/* The process's own JVMTI. returns: 0; or -errno, with the message. */
static int open_once(JavaVM *vm, char *message, size_t size) {
  char other[PATH_MAX];
  if (s_jvmti != NULL) return 0;
  if (jni_find_other_core(other, sizeof other)) {
    snprintf(message, size,
             "znio is in this process already, from %.600s, and there can be one only: the agent "
             "does nothing; name that file, or call io.znio.Agent.install",
             other);
    return ZN_ESECOND;
  }
  s_jvmti = open_jvmti(vm);
  if (s_jvmti != NULL) {
    agent_pools_prepare(vm, s_jvmti);
    agent_life_prepare(s_jvmti, enable_pauses(s_jvmti));
    return 0;
  }
  snprintf(message, size, "this JVM has no JVMTI for us: all natives are left to it");
  return -ENOTSUP;
}

/* Under the mutex: what is wrong is said, and the rest done. returns: is there an agent? */
static bool begin(JavaVM *vm, const char *text) {
  char message[AGENT_MESSAGE_MAX + PATH_MAX];
  struct agent_options options;
  parse(text, &options);
  if (open_once(vm, message, sizeof message) < 0) {
    agent_say(AGENT_LOG_WARN, "%s", message);
    return false;
  }
  for (int form = 0; form < AGENT_FORMS; form++) {
    if (agent_report_check(&options, (enum agent_form)form, message, sizeof message) == 0) continue;
    agent_say(AGENT_LOG_WARN, "%s", message);
    options.reports[form][0] = '\0';
  }
  take(&options, text);
  return true;
}

/* At the start of the JVM. Whatever happens, the application starts. */
JNIEXPORT jint JNICALL Agent_OnLoad(JavaVM *vm, char *text, void *reserved) {
  pthread_mutex_lock(&s_mutex);
  if (s_jvmti != NULL) {
    agent_say(AGENT_LOG_WARN, "the agent is named twice: the options \"%.200s\" are not used",
              text == NULL ? "" : text);
  } else {
    (void)begin(vm, text);
  }
  pthread_mutex_unlock(&s_mutex);
  return JNI_OK;
}

/* Into a running JVM; once more: with other options. returns: JNI_ERR if there is no agent, which
 * the JVM tells whoever attaches. */
JNIEXPORT jint JNICALL Agent_OnAttach(JavaVM *vm, char *text, void *reserved) {
  JNIEnv *env;
  if ((*vm)->GetEnv(vm, (void **)&env, JNI_VERSION_1_8) != JNI_OK) return JNI_ERR;
  pthread_mutex_lock(&s_mutex);
  bool attached = begin(vm, text) && install(env) > 0;
  pthread_mutex_unlock(&s_mutex);
  return attached ? JNI_OK : JNI_ERR;
}

int agent_check(const char *text, char *message, size_t size) {
  struct agent_options options;
  return parse_all(text, &options, message, size);
}

int agent_install(JNIEnv *env, const char *text, char *message, size_t size) {
  JavaVM *vm;
  struct agent_options options;
  if ((*env)->GetJavaVM(env, &vm) != JNI_OK) return 0;
  int result = parse_all(text, &options, message, size);
  if (result < 0) return result;
  pthread_mutex_lock(&s_mutex);
  result = open_once(vm, message, size);
  for (int form = 0; form < AGENT_FORMS && result == 0; form++) {
    result = agent_report_check(&options, (enum agent_form)form, message, size);
  }
  if (result == 0) {
    agent_set_log(options.log);
    take(&options, text);
    result = install(env);
  }
  pthread_mutex_unlock(&s_mutex);
  return result;
}

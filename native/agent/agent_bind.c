/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Binding. RegisterNatives warns on the standard output unless a Java frame of the JDK's own loader
 * is the caller, so a tiny class in that loader calls us. Classes are not initialised for it.
 *
 * What the JDK's natives did before is found by their names in libnio; those of Unsafe have no
 * names: the JVM is asked to register them once more, and the calling thread's RegisterNatives only
 * notes what it is told.
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "agent_fast.h"

#define BINDER "znio/AgentBinder"
#define NAME_MAX_BYTES 128

/* What bind() works on; set only while its caller waits. */
static struct {
  jvmtiEnv *jvmti;
  int jdk;
  uint32_t mode;
} s_job;

static jclass s_binder; /* a global reference; once made it stays */
static const struct agent_row *s_bound[AGENT_NATIVES];
static void *s_originals[AGENT_NATIVES];
static _Atomic bool s_serves[AGENT_NATIVES];

bool agent_serves(enum agent_native native) { return atomic_load(&s_serves[native]); }

const void *agent_original(enum agent_native native) { return s_originals[native]; }

const struct agent_row *agent_bound_row(enum agent_native native) { return s_bound[native]; }

/* --- the class --- */

/*
 * final class znio.AgentBinder {
 *   static void run() { bind(); }
 *   static native void bind();
 * }
 * of Java 8, whose class files need no stack maps.
 */
static const unsigned char binder_class[] = {
    0xca, 0xfe, 0xba, 0xbe, 0,    0,   0,   52, /* magic, version */
    0,    11,                                   /* constants: */
    1,    0,    16,   'z',  'n',  'i', 'o', '/',  'A', 'g', 'e',
    'n',  't',  'B',  'i',  'n',  'd', 'e', 'r', /* 1 */
    7,    0,    1,                               /* 2: class 1 */
    1,    0,    16,   'j',  'a',  'v', 'a', '/',  'l', 'a', 'n',
    'g',  '/',  'O',  'b',  'j',  'e', 'c', 't',          /* 3 */
    7,    0,    3,                                        /* 4: class 3 */
    1,    0,    3,    'r',  'u',  'n',                    /* 5 */
    1,    0,    4,    'b',  'i',  'n', 'd',               /* 6 */
    1,    0,    3,    '(',  ')',  'V',                    /* 7 */
    1,    0,    4,    'C',  'o',  'd', 'e',               /* 8 */
    12,   0,    6,    0,    7,                            /* 9: bind()V */
    10,   0,    2,    0,    9,                            /* 10: of class 2 */
    0x10, 0x30, 0,    2,    0,    4,   0,   0,    0,   0, /* final synthetic, extends 4; no fields
                                                           */
    0,    2,                                              /* methods: */
    0,    8,    0,    5,    0,    7,   0,   1,            /* static run()V with */
    0,    8,    0,    0,    0,    16,  0,   0,    0,   0, /* code; no stack, no locals: */
    0,    0,    0,    4,    0xb8, 0,   10,  0xb1,         /* invokestatic 10, return */
    0,    0,    0,    0,                                  /* no handlers, no attributes */
    1,    8,    0,    6,    0,    7,   0,   0,            /* static native bind()V */
    0,    0,                                              /* no attributes */
};

bool agent_threw(JNIEnv *env) {
  if (!(*env)->ExceptionCheck(env)) return false;
  (*env)->ExceptionClear(env);
  return true;
}

/* --- what did the work before --- */

static void note(const JNINativeMethod *method) {
  static const struct {
    const char *name;
    enum agent_native native;
  } wanted[] = {{"allocateMemory0", AGENT_ALLOCATE},
                {"freeMemory0", AGENT_FREE},
                {"reallocateMemory0", AGENT_REALLOCATE}};
  for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
    if (strcmp(method->name, wanted[i].name) == 0) s_originals[wanted[i].native] = method->fnPtr;
  }
}

/* In place of RegisterNatives: nothing is registered. */
static jint JNICALL note_natives(JNIEnv *env, jclass type, const JNINativeMethod *methods,
                                 jint count) {
  for (jint i = 0; i < count; i++) note(&methods[i]);
  return JNI_OK;
}

/*
 * Of this thread only: JVMTI's SetJNIFunctionTable would be for all threads at once. The copy of
 * the table is the JVM's, for it may be longer than the one we were compiled with.
 */
static void learn_unsafe(JNIEnv *env, jvmtiEnv *jvmti, jclass unsafe) {
  jmethodID again = (*env)->GetStaticMethodID(env, unsafe, "registerNatives", "()V");
  if (agent_threw(env) || again == NULL) return;
  jniNativeInterface *table;
  if ((*jvmti)->GetJNIFunctionTable(jvmti, &table) != JVMTI_ERROR_NONE) return;
  table->RegisterNatives = note_natives;
  const struct JNINativeInterface_ *before = *env;
  *env = table;
  before->CallStaticVoidMethod(env, unsafe, again);
  *env = before;
  (void)agent_threw(env);
  (void)(*jvmti)->Deallocate(jvmti, (unsigned char *)table);
}

static void *open_libnio(jvmtiEnv *jvmti) {
  char *directory;
  if ((*jvmti)->GetSystemProperty(jvmti, "sun.boot.library.path", &directory) != JVMTI_ERROR_NONE) {
    return NULL;
  }
  char path[PATH_MAX];
  int length = snprintf(path, sizeof path, "%s/libnio.so", directory);
  (void)(*jvmti)->Deallocate(jvmti, (unsigned char *)directory);
  return length < (int)sizeof path ? dlopen(path, RTLD_LAZY) : NULL; /* stays open */
}

/* By the name that JNI gives it. returns: NULL if there is none. */
static void *find_original(void *libnio, const struct agent_row *row) {
  char name[NAME_MAX_BYTES];
  snprintf(name, sizeof name, "Java_%s_%s", row->type, row->name);
  for (char *c = name; *c != '\0'; c++) {
    if (*c == '/') *c = '_';
  }
  return libnio == NULL ? NULL : dlsym(libnio, name);
}

/* --- binding --- */

/* Class.forName(name, false, null): FindClass would initialise it. */
jclass agent_find_class(JNIEnv *env, const char *type) {
  char name[NAME_MAX_BYTES];
  snprintf(name, sizeof name, "%s", type);
  for (char *c = name; *c != '\0'; c++) {
    if (*c == '/') *c = '.';
  }
  if (s_binder == NULL) return NULL;
  jclass meta = (*env)->GetObjectClass(env, s_binder);
  jmethodID for_name = (*env)->GetStaticMethodID(
      env, meta, "forName", "(Ljava/lang/String;ZLjava/lang/ClassLoader;)Ljava/lang/Class;");
  if (agent_threw(env) || for_name == NULL) return NULL;
  jstring text = (*env)->NewStringUTF(env, name);
  if (agent_threw(env) || text == NULL) return NULL;
  jobject found = (*env)->CallStaticObjectMethod(env, meta, for_name, text, JNI_FALSE, NULL);
  return agent_threw(env) ? NULL : found;
}

static bool is_for(const struct agent_row *row, int jdk) {
  return !agent_is_known(jdk) || (row->first <= jdk && jdk <= row->last);
}

static void *original_of(JNIEnv *env, const struct agent_row *row, jclass type, void *libnio) {
  void *original = s_originals[row->native];
  if (original != NULL) return original;
  bool of_unsafe = row->native <= AGENT_ALLOCATE;
  if (of_unsafe) {
    learn_unsafe(env, s_job.jvmti, type);
  } else {
    s_originals[row->native] = find_original(libnio, row);
  }
  return s_originals[row->native];
}

/* A row whose method is not there (a release that nobody has looked at) is left. */
static void bind_row(JNIEnv *env, const struct agent_row *row, void *libnio) {
  jclass type = agent_find_class(env, row->type);
  if (type == NULL) return;
  void *original = original_of(env, row, type, libnio);
  if (original == NULL) return;
  agent_set_target(row->native, original);
  JNINativeMethod method = {(char *)row->name, (char *)row->signature, (void *)row->count};
  jint result = (*env)->RegisterNatives(env, type, &method, 1);
  if (agent_threw(env) || result != JNI_OK) return;
  s_bound[row->native] = row;
}

/* AgentBinder.bind(), which anybody may call who can reach it: without a job it does nothing. */
static void JNICALL bind_all(JNIEnv *env, jclass binder) {
  if (s_job.jvmti == NULL) return;
  void *libnio = open_libnio(s_job.jvmti);
  for (size_t i = 0; agent_row(i) != NULL; i++) {
    const struct agent_row *row = agent_row(i);
    if (s_bound[row->native] != NULL || !is_for(row, s_job.jdk)) continue;
    if ((*env)->PushLocalFrame(env, 16) != JNI_OK) {
      (void)agent_threw(env);
      return;
    }
    bind_row(env, row, libnio);
    (void)(*env)->PopLocalFrame(env, NULL);
  }
  if ((s_job.mode & AGENT_FAST) != 0) agent_ghost_bind(env, libnio);
}

static jclass define_binder(JNIEnv *env) {
  jclass type =
      (*env)->DefineClass(env, BINDER, NULL, (const jbyte *)binder_class, sizeof binder_class);
  if (agent_threw(env) || type == NULL) return NULL;
  JNINativeMethod method = {(char *)"bind", (char *)"()V", (void *)bind_all};
  jint result = (*env)->RegisterNatives(env, type, &method, 1);
  if (agent_threw(env) || result != JNI_OK) return NULL;
  jclass global = (*env)->NewGlobalRef(env, type);
  (*env)->DeleteLocalRef(env, type);
  return global;
}

/* Not without all three: what is ours must come back to us. */
static bool serves_memory(uint32_t mode) {
  if ((mode & AGENT_UNSAFE) == 0) return false;
  for (int i = 0; i <= AGENT_ALLOCATE; i++) {
    if (s_bound[i] != NULL) continue;
    agent_say(AGENT_LOG_WARN, "not all natives of memory could be bound: unsafe does nothing");
    return false;
  }
  return agent_unsafe_prepare();
}

/*
 * The functions have the same shape: whoever calls meanwhile meets one or the other. Memory of ours
 * may outlive the option: who releases it asks whose it is from then on.
 */
static void set_servers(JNIEnv *env, int jdk, uint32_t mode) {
  bool known = agent_is_known(jdk);
  bool files = known && (mode & AGENT_IO) != 0 && agent_serve_prepare(env);
  bool memory = known && serves_memory(mode);
  for (int i = 0; i < AGENT_NATIVES; i++) {
    if (s_bound[i] == NULL) continue;
    bool serves = i > AGENT_ALLOCATE ? files : memory || (i != AGENT_ALLOCATE && agent_serves(i));
    serves = serves && s_bound[i]->serve != NULL;
    agent_set_target((enum agent_native)i, serves ? s_bound[i]->serve : s_originals[i]);
    atomic_store(&s_serves[i], serves);
  }
}

int agent_bind(JNIEnv *env, jvmtiEnv *jvmti, int jdk, uint32_t mode) {
  if (s_binder == NULL) s_binder = define_binder(env);
  jmethodID run = s_binder == NULL ? NULL : (*env)->GetStaticMethodID(env, s_binder, "run", "()V");
  if (agent_threw(env) || run == NULL) return 0;
  s_job.jdk = jdk;
  s_job.mode = mode;
  s_job.jvmti = jvmti;
  (*env)->CallStaticVoidMethod(env, s_binder, run);
  s_job.jvmti = NULL;
  (void)agent_threw(env);
  set_servers(env, jdk, mode);
  agent_fast_set(env, (mode & AGENT_FAST) != 0 && agent_is_known(jdk));
  int count = 0;
  for (int i = 0; i < AGENT_NATIVES; i++) count += s_bound[i] != NULL;
  return count;
}

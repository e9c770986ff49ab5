/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JDK's method, replaced: by the ClassFileLoadHook of a JVMTI environment of its own, which
 * stays on as long as the option does. Else another agent's retransformation would bring the JDK's
 * body back.
 */
#include "agent_fast.h"

#include <jvmti.h>
#include <stdatomic.h>
#include <string.h>

#include "agent.h"

#define CHANNEL "sun/nio/ch/FileChannelImpl"
#define SOURCE "Ljava/nio/channels/ReadableByteChannel;"

static const struct agent_method s_method = {"transferFromArbitraryChannel", "(" SOURCE "JJ)J"};

/* All that ZnioTransfer.from repeats. 17.0.15, 17.0.19, 17.0.21, 21.0.8 and 25.0.3 have one. */
static const uint64_t s_known[] = {0xec020b24d0f74c63};

static const unsigned char s_code[] = {
    0x2a, 0x2b,    /* aload_0, aload_1 */
    0x20, 0x16, 4, /* lload_2, lload 4 */
    0xb8, 0,    0, /* invokestatic */
    0xad,          /* lreturn */
};
static const struct agent_body s_body = {
    .calls = {"from", "(L" CHANNEL ";" SOURCE "JJ)J"},
    .helper = "sun/nio/ch/ZnioTransfer",
    .code = s_code,
    .size = sizeof s_code,
    .stack = 6,
    .locals = 6,
};

static jvmtiEnv *s_jvmti; /* once made it stays; of agent_fast_set's caller, as s_on */
static bool s_on;
static _Atomic bool s_edits; /* what on_class does */
static _Atomic bool s_edited, s_refused;

/* --- the class file --- */

static bool is_known(uint64_t hash) {
  for (size_t i = 0; i < sizeof s_known / sizeof s_known[0]; i++) {
    if (hash != 0 && hash == s_known[i]) return true;
  }
  return false;
}

/* In any thread that loads a class, or retransforms one. */
static void JNICALL on_class(jvmtiEnv *jvmti, JNIEnv *env, jclass redefined, jobject loader,
                             const char *name, jobject domain, jint size,
                             const unsigned char *bytes, jint *new_size,
                             unsigned char **new_bytes) {
  if (loader != NULL || name == NULL || strcmp(name, CHANNEL) != 0 || !atomic_load(&s_edits)) {
    return;
  }
  uint64_t hash = agent_class_hash(bytes, (size_t)size, &s_method);
  if (!is_known(hash)) {
    if (atomic_exchange(&s_refused, true)) return;
    agent_say(AGENT_LOG_WARN,
              "transferFrom of this JDK is not one that is known (%016llx): it stays as it is, and "
              "fast does no more than io",
              (unsigned long long)hash);
    return;
  }
  unsigned char *out;
  size_t room = agent_class_replace(bytes, (size_t)size, &s_method, &s_body, NULL);
  if (room == 0 || (*jvmti)->Allocate(jvmti, (jlong)room, &out) != JVMTI_ERROR_NONE) return;
  *new_size = (jint)agent_class_replace(bytes, (size_t)size, &s_method, &s_body, out);
  *new_bytes = out;
  atomic_store(&s_edited, true);
}

/* --- JVMTI --- */

static bool prepare(jvmtiEnv *jvmti) {
  jvmtiCapabilities wanted;
  jvmtiEventCallbacks callbacks;
  memset(&wanted, 0, sizeof wanted);
  memset(&callbacks, 0, sizeof callbacks);
  wanted.can_retransform_classes = 1;
  callbacks.ClassFileLoadHook = on_class;
  return (*jvmti)->AddCapabilities(jvmti, &wanted) == JVMTI_ERROR_NONE &&
         (*jvmti)->SetEventCallbacks(jvmti, &callbacks, sizeof callbacks) == JVMTI_ERROR_NONE;
}

static jvmtiEnv *open_jvmti(JNIEnv *env) {
  JavaVM *vm;
  void *tool;
  if ((*env)->GetJavaVM(env, &vm) != JNI_OK) return NULL;
  if ((*vm)->GetEnv(vm, &tool, JVMTI_VERSION_1_2) != JNI_OK) return NULL;
  jvmtiEnv *jvmti = tool;
  if (prepare(jvmti)) return jvmti;
  (void)(*jvmti)->DisposeEnvironment(jvmti);
  return NULL;
}

/* With the hook, and once more without it: so a class gets its own body back. */
static bool retransform(JNIEnv *env, bool on) {
  jclass channel = agent_find_class(env, CHANNEL);
  if (channel == NULL) return false;
  atomic_store(&s_edits, on);
  jvmtiEventMode mode = on ? JVMTI_ENABLE : JVMTI_DISABLE;
  jvmtiError error =
      (*s_jvmti)->SetEventNotificationMode(s_jvmti, mode, JVMTI_EVENT_CLASS_FILE_LOAD_HOOK, NULL);
  if (error == JVMTI_ERROR_NONE) error = (*s_jvmti)->RetransformClasses(s_jvmti, 1, &channel);
  (*env)->DeleteLocalRef(env, channel);
  return error == JVMTI_ERROR_NONE;
}

static bool turn_on(JNIEnv *env) {
  bool bound = agent_bound_row(AGENT_READ) != NULL && agent_bound_row(AGENT_PWRITE) != NULL;
  if (!bound || !agent_ghost_is_bound()) return false;
  if (s_jvmti == NULL) s_jvmti = open_jvmti(env);
  if (s_jvmti == NULL) return false;
  atomic_store(&s_edited, false);
  atomic_store(&s_refused, false);
  bool done = retransform(env, true) && (atomic_load(&s_edited) || atomic_load(&s_refused));
  if (!done) (void)retransform(env, false);
  return done;
}

void agent_fast_set(JNIEnv *env, bool on) {
  if (on == s_on) return;
  s_on = on;
  if (!on) {
    (void)retransform(env, false);
    return;
  }
  if (turn_on(env)) return;
  s_on = false;
  agent_say(AGENT_LOG_WARN, "transferFrom could not be replaced: fast does no more than io");
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which path a transfer went. Of znio's own the receipt tells it. Of the JDK's it is what the
 * release's function does: sendfile, on 17; to what is no file sendfile, on 21 and 25, which try
 * copy_file_range first, and that is for files only; to a file one of the two, which nobody outside
 * can tell: the path's name says so.
 *
 * What the JDK does in Java is told by the stack: of each mapping that may be a window of a
 * transfer (exact), and of one in so many of the reads and writes that may be a piece of a copy.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>

#include "agent.h"
#include "agent_calls.h"
#include "znio/file.h"
#include "znio/transfer.h"

#define CHANNEL "sun/nio/ch/FileChannelImpl"
#define WINDOW_MAX                                                                                 \
  ((8 << 20) + (64 << 10)) /* MAPPED_TRANSFER_SIZE, and what is before it in a page */
#define PIECE_MAX 8192     /* TRANSFER_SIZE */
#define FRAMES_MAX 16

/* What znio's own native did in this thread, or knows the JDK's will do; AGENT_PATHS: nothing. */
static _Thread_local enum agent_path t_served = AGENT_PATHS;
static _Thread_local uint32_t t_reads;
static _Thread_local uint32_t t_writes;

static const struct {
  const char *native; /* or the method */
  const char *path;
} paths[] = {
    [AGENT_TO_SENDFILE] = {"transferTo0", "sendfile"},
    [AGENT_TO_COPY_FILE_RANGE] = {"transferTo0", "copy_file_range"},
    [AGENT_TO_EITHER] = {"transferTo0", "copy_file_range or sendfile"},
    [AGENT_TO_REFUSED] = {"transferTo0", "refused"},
    [AGENT_TO_MMAP] = {"transferTo", "mmap"},
    [AGENT_TO_COPY] = {"transferTo", "copy (estimated)"},
    [AGENT_FROM_COPY_FILE_RANGE] = {"transferFrom0", "copy_file_range"},
    [AGENT_FROM_REFUSED] = {"transferFrom0", "refused"},
    [AGENT_FROM_MMAP] = {"transferFrom", "mmap"},
    [AGENT_FROM_COPY] = {"transferFrom", "copy (estimated)"},
    [AGENT_FAST_SPLICE] = {"transferFrom", "splice"},
    [AGENT_FAST_COPY] = {"transferFrom", "copy"},
};
_Static_assert(sizeof paths / sizeof paths[0] == AGENT_PATHS, "a name each");

const char *agent_path_name(enum agent_path path) { return paths[path].path; }

const char *agent_path_native(enum agent_path path) { return paths[path].native; }

static void add(enum agent_path path, int64_t calls, int64_t bytes, int64_t shorts) {
  struct zn_meter *meter = zn_meter_own();
  int row = AGENT_NATIVES + (int)path;
  zn_meter_add(meter, row, ZN_METER_CALLS, calls);
  zn_meter_add(meter, row, ZN_METER_BYTES, bytes);
  if (shorts != 0) zn_meter_add(meter, row, ZN_METER_SHORT, shorts);
}

void agent_path_add(enum agent_path path, int64_t bytes, int64_t wanted) {
  add(path, 1, bytes, bytes > 0 && bytes < wanted);
}

/* --- natives --- */

void agent_path_served(enum agent_native native, int path) {
  if (path < 0) {
    t_served = AGENT_PATHS;
  } else if (native == AGENT_TRANSFER_FROM) {
    t_served = AGENT_FROM_COPY_FILE_RANGE;
  } else {
    t_served = path == ZN_PATH_SENDFILE ? AGENT_TO_SENDFILE : AGENT_TO_COPY_FILE_RANGE;
  }
}

/* type: enum zn_file_type of the target, or -errno. */
static enum agent_path jdk_path_to(int type) {
  return type < 0 || type == ZN_FILE_REGULAR ? AGENT_TO_EITHER : AGENT_TO_SENDFILE;
}

enum agent_path agent_path_to(JNIEnv *env, jobject target) {
  int fd = agent_fd(env, target);
  return jdk_path_to(fd < 0 ? -EBADF : zn_file_type(fd));
}

void agent_path_left(int type) { t_served = jdk_path_to(type); }

void agent_path_ended(enum agent_native native, enum agent_path by_jdk, int64_t result,
                      int64_t wanted) {
  enum agent_path path = t_served == AGENT_PATHS ? by_jdk : t_served;
  t_served = AGENT_PATHS;
  if (result >= 0) {
    agent_path_add(path, result, wanted);
  } else if (result == AGENT_UNSUPPORTED || result == AGENT_UNSUPPORTED_CASE) {
    agent_path_add(native == AGENT_TRANSFER_TO ? AGENT_TO_REFUSED : AGENT_FROM_REFUSED, 0, 0);
  }
}

/* --- in Java --- */

static const struct {
  const char *name;
  const char *signature;
  enum agent_path path;
} methods[] = {
    {"transferToTrustedChannel", "(JJLjava/nio/channels/WritableByteChannel;)J", AGENT_TO_MMAP},
    {"transferFromFileChannel", "(L" CHANNEL ";JJ)J", AGENT_FROM_MMAP},
    {"transferToArbitraryChannel", "(JJLjava/nio/channels/WritableByteChannel;)J", AGENT_TO_COPY},
    {"transferFromArbitraryChannel", "(Ljava/nio/channels/ReadableByteChannel;JJ)J",
     AGENT_FROM_COPY},
};
enum { METHODS = sizeof methods / sizeof methods[0] };

static jvmtiEnv *_Atomic s_jvmti;
static _Atomic uint32_t s_every;
static _Atomic bool s_is_known; /* the methods have been looked for */
static _Atomic(jmethodID) s_methods[METHODS];

void agent_path_prepare(jvmtiEnv *jvmti, uint32_t every) {
  atomic_store(&s_every, every);
  atomic_store(&s_jvmti, jvmti);
}

/* To ask for a method would initialise its class: not before it is, by its own use. */
static void learn_methods(JNIEnv *env, jvmtiEnv *jvmti) {
  jint status;
  jclass type = agent_find_class(env, CHANNEL);
  if (type == NULL) return;
  if ((*jvmti)->GetClassStatus(jvmti, type, &status) != JVMTI_ERROR_NONE) return;
  if ((status & JVMTI_CLASS_STATUS_INITIALIZED) == 0) return;
  for (int i = 0; i < METHODS; i++) {
    jmethodID method = (*env)->GetMethodID(env, type, methods[i].name, methods[i].signature);
    if (!agent_threw(env)) atomic_store(&s_methods[i], method);
  }
  atomic_store_explicit(&s_is_known, true, memory_order_release);
}

static bool know_methods(JNIEnv *env, jvmtiEnv *jvmti) {
  if (atomic_load_explicit(&s_is_known, memory_order_acquire)) return true;
  if ((*env)->PushLocalFrame(env, 16) != JNI_OK) {
    (void)agent_threw(env);
    return false;
  }
  learn_methods(env, jvmti);
  (void)(*env)->PopLocalFrame(env, NULL);
  return atomic_load(&s_is_known);
}

/* The transfer that the calling thread is in, of which a native is a part; AGENT_PATHS: none. */
static enum agent_path path_of_stack(JNIEnv *env) {
  jint count = 0;
  jvmtiFrameInfo frames[FRAMES_MAX];
  jvmtiEnv *jvmti = atomic_load_explicit(&s_jvmti, memory_order_acquire);
  if (jvmti == NULL || !know_methods(env, jvmti)) return AGENT_PATHS;
  jvmtiError error = (*jvmti)->GetStackTrace(jvmti, NULL, 0, FRAMES_MAX, frames, &count);
  if (error != JVMTI_ERROR_NONE) return AGENT_PATHS;
  for (jint i = 0; i < count; i++) {
    for (int m = 0; m < METHODS; m++) {
      if (frames[i].method == atomic_load(&s_methods[m])) return methods[m].path;
    }
  }
  return AGENT_PATHS;
}

void agent_path_mapped(JNIEnv *env, bool read_only, int64_t size) {
  if (!read_only || size > WINDOW_MAX) return;
  enum agent_path path = path_of_stack(env);
  if (path == AGENT_TO_MMAP || path == AGENT_FROM_MMAP) agent_path_add(path, size, size);
}

static void copied(JNIEnv *env, enum agent_path wanted, uint32_t *left, int64_t size,
                   int64_t result) {
  uint32_t every = atomic_load_explicit(&s_every, memory_order_relaxed);
  if (size > PIECE_MAX || result <= 0 || every == 0 || !agent_draws(left, every)) return;
  if (path_of_stack(env) == wanted) add(wanted, every, result * every, 0);
}

void agent_path_read(JNIEnv *env, int64_t size, int64_t result) {
  copied(env, AGENT_TO_COPY, &t_reads, size, result);
}

void agent_path_written(JNIEnv *env, int64_t size, int64_t result) {
  copied(env, AGENT_FROM_COPY, &t_writes, size, result);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ghosts: what stands for a pipe while ZnioTransfer moves bytes through it. A ghost belongs to one
 * transfer at a time, from take to give, whichever threads it runs in.
 *
 * What splice does not answer as a read would, the JDK's own function is asked for: the end, since
 * urgent data looks like it; nothing there, for the same reason; a source that cannot be spliced.
 * What it reads is held in the ghost, beside the pipe. So is what a file does not take from a pipe.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "agent.h"
#include "agent_fast.h"
#include "jni_znio.h"
#include "znio/file.h"
#include "znio/pipe.h"

#define HELPER "sun/nio/ch/ZnioTransfer"
#define SOCKETS "sun/nio/ch/SocketDispatcher"
#define PIPE_BYTES_MIN ((int64_t)64 << 10) /* a smaller pipe is slower than a copy */
#define HELD_MAX (64 << 10)

static const unsigned char s_helper[] = {
#include "agent_helper.inc"
};

struct ghost {
  struct zn_pipe *pipe;
  jobject buffer; /* a global reference; once made it stays */
  int64_t spliced, copied;
  bool refused;                      /* the file takes nothing from a pipe */
  int64_t held, held_at;             /* bytes in memory, and where they begin */
  _Alignas(64) char bytes[HELD_MAX]; /* copies to 16 bytes after a page are slow on Zen 3 */
};

static struct ghost s_ghosts[AGENT_GHOSTS];
static int s_free[AGENT_GHOSTS]; /* under the mutex, as how many */
static int s_free_count;
static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;

static agent_move_call *s_socket_read; /* the JDK's; set before it is bound */
static _Atomic bool s_is_bound;
static _Atomic(jfieldID) s_direct; /* FileChannelImpl.direct */

bool agent_ghost_is_bound(void) { return atomic_load(&s_is_bound); }

static int index_of(jlong address) {
  return (int)(((uint64_t)address - AGENT_GHOST_BASE) / AGENT_GHOST_BYTES);
}

/* --- from the source --- */

/* As the JDK's natives: only so does SocketChannel know that the connection is gone. */
static jint throw_of_socket(JNIEnv *env, int64_t error) {
  if (error != -ECONNRESET) return agent_throw(env, error);
  jclass type = (*env)->FindClass(env, "sun/net/ConnectionResetException");
  if (type != NULL) (void)(*env)->ThrowNew(env, type, "Connection reset");
  return AGENT_THROWN;
}

static jint fill(JNIEnv *env, jclass type, jobject file, jlong address, jint size,
                 agent_move_call *original) {
  struct ghost *ghost = &s_ghosts[index_of(address)];
  int64_t result = ghost->refused ? 0 : zn_pipe_fill(ghost->pipe, agent_fd(env, file), size);
  if (result > 0) return (jint)result;
  if (result == -EINTR) return AGENT_INTERRUPTED;
  if (result < 0 && result != -EAGAIN && result != -EINVAL) return throw_of_socket(env, result);
  jint most = size < HELD_MAX ? size : HELD_MAX;
  jint count = original(env, type, file, jni_long(ghost->bytes), most);
  ghost->held = count > 0 ? count : 0;
  ghost->held_at = 0;
  return count;
}

jint JNICALL agent_ghost_read(JNIEnv *env, jclass type, jobject file, jlong address, jint size) {
  return fill(env, type, file, address, size, (agent_move_call *)agent_original(AGENT_READ));
}

/* SocketDispatcher.read0, for all buffers. */
static jint JNICALL read_socket(JNIEnv *env, jclass type, jobject file, jlong address, jint size) {
  if (!agent_is_ghost(address)) return s_socket_read(env, type, file, address, size);
  return fill(env, type, file, address, size, s_socket_read);
}

/* --- to the file --- */

static int64_t write_held(struct ghost *ghost, int fd, int64_t offset) {
  int64_t result = zn_file_pwrite(fd, ghost->bytes + ghost->held_at, ghost->held, offset);
  if (result <= 0) return result;
  ghost->held -= result;
  ghost->held_at += result;
  ghost->copied += result;
  return result;
}

/* returns: bytes written; 0: call again; or -errno. */
static int64_t write_some(struct ghost *ghost, int fd, int64_t offset) {
  if (ghost->held > 0) return write_held(ghost, fd, offset);
  if (!ghost->refused) {
    int64_t result = zn_pipe_pour(ghost->pipe, fd, offset);
    if (result > 0) ghost->spliced += result;
    ghost->refused = result == -EINVAL;
    return ghost->refused ? 0 : result;
  }
  int64_t result = zn_pipe_drain(ghost->pipe, ghost->bytes, sizeof ghost->bytes);
  ghost->held = result > 0 ? result : 0;
  ghost->held_at = 0;
  return result < 0 ? result : 0;
}

static int64_t waiting(const struct ghost *ghost) {
  return ghost->held + zn_pipe_bytes(ghost->pipe);
}

/* Writing to a file is not cut short by a signal, but splice is: so it goes on, unless nothing was
 * written. */
jint JNICALL agent_ghost_pwrite(JNIEnv *env, jclass type, jobject file, jlong address, jint size,
                                jlong position) {
  struct ghost *ghost = &s_ghosts[index_of(address)];
  int fd = agent_fd(env, file);
  int64_t moved = 0;
  int64_t result = 0;
  while (waiting(ghost) > 0 && (result >= 0 || (result == -EINTR && moved > 0))) {
    result = write_some(ghost, fd, position + moved);
    if (result > 0) moved += result;
  }
  if (moved > 0) return (jint)moved;
  return result == -EINTR ? AGENT_INTERRUPTED : agent_throw(env, result);
}

/* --- natives of ZnioTransfer --- */

static jboolean JNICALL is_buffered(JNIEnv *env, jclass type, jobject channel) {
  jfieldID field = atomic_load(&s_direct);
  if (field == NULL) {
    field = (*env)->GetFieldID(env, (*env)->GetObjectClass(env, channel), "direct", "Z");
    if (agent_threw(env)) return JNI_FALSE;
    atomic_store(&s_direct, field);
  }
  return !(*env)->GetBooleanField(env, channel, field);
}

static int take_free(void) {
  pthread_mutex_lock(&s_mutex);
  int index = s_free_count > 0 ? s_free[--s_free_count] : -1;
  pthread_mutex_unlock(&s_mutex);
  return index;
}

static void put_free(int index) {
  pthread_mutex_lock(&s_mutex);
  s_free[s_free_count++] = index;
  pthread_mutex_unlock(&s_mutex);
}

static jobject make_buffer(JNIEnv *env, int index) {
  uint64_t address = AGENT_GHOST_BASE + (uint64_t)index * AGENT_GHOST_BYTES;
  jobject buffer = (*env)->NewDirectByteBuffer(env, (void *)(uintptr_t)address, AGENT_GHOST_BYTES);
  if (agent_threw(env) || buffer == NULL) return NULL;
  jobject global = (*env)->NewGlobalRef(env, buffer);
  (*env)->DeleteLocalRef(env, buffer);
  return global;
}

/* returns: is it ready for a transfer? */
static bool open_ghost(JNIEnv *env, int index) {
  struct ghost *ghost = &s_ghosts[index];
  if (ghost->buffer == NULL) ghost->buffer = make_buffer(env, index);
  if (ghost->buffer == NULL || zn_pipe_acquire(&ghost->pipe) < 0) return false;
  ghost->spliced = ghost->copied = ghost->held = 0;
  ghost->refused = false;
  if (zn_pipe_capacity(ghost->pipe) >= PIPE_BYTES_MIN) return true;
  zn_pipe_release(ghost->pipe);
  return false;
}

static jobject JNICALL take(JNIEnv *env, jclass type) {
  int index = take_free();
  if (index < 0) return NULL;
  if (open_ghost(env, index)) return (*env)->NewLocalRef(env, s_ghosts[index].buffer);
  put_free(index);
  return NULL;
}

/* Files that take nothing from a pipe are counted as what they got: copies. */
static void JNICALL give(JNIEnv *env, jclass type, jlong address, jlong wanted) {
  int index = index_of(address);
  struct ghost *ghost = &s_ghosts[index];
  int64_t moved = ghost->spliced + ghost->copied;
  agent_path_add(moved > 0 && ghost->spliced == 0 ? AGENT_FAST_COPY : AGENT_FAST_SPLICE, moved,
                 wanted);
  zn_pipe_release(ghost->pipe);
  put_free(index);
}

/* --- binding --- */

static bool define_helper(JNIEnv *env) {
  static const JNINativeMethod methods[] = {
      {(char *)"isBuffered", (char *)"(Lsun/nio/ch/FileChannelImpl;)Z", (void *)is_buffered},
      {(char *)"take", (char *)"()Ljava/nio/ByteBuffer;", (void *)take},
      {(char *)"give", (char *)"(JJ)V", (void *)give},
  };
  jclass type = (*env)->DefineClass(env, HELPER, NULL, (const jbyte *)s_helper, sizeof s_helper);
  if (agent_threw(env) || type == NULL) return false;
  jint result = (*env)->RegisterNatives(env, type, methods, sizeof methods / sizeof methods[0]);
  (*env)->DeleteLocalRef(env, type);
  return !agent_threw(env) && result == JNI_OK;
}

static bool bind_sockets(JNIEnv *env, void *libnio) {
  JNINativeMethod method = {(char *)"read0", (char *)"(Ljava/io/FileDescriptor;JI)I",
                            (void *)read_socket};
  if (libnio == NULL) return false;
  s_socket_read = (agent_move_call *)dlsym(libnio, "Java_sun_nio_ch_SocketDispatcher_read0");
  jclass type = s_socket_read == NULL ? NULL : agent_find_class(env, SOCKETS);
  if (type == NULL) return false;
  jint result = (*env)->RegisterNatives(env, type, &method, 1);
  (*env)->DeleteLocalRef(env, type);
  return !agent_threw(env) && result == JNI_OK;
}

void agent_ghost_bind(JNIEnv *env, void *libnio) {
  static bool s_tried; /* a class can be defined once */
  if (s_tried) return;
  s_tried = true;
  for (int i = 0; i < AGENT_GHOSTS; i++) s_free[i] = AGENT_GHOSTS - 1 - i;
  s_free_count = AGENT_GHOSTS;
  if (!agent_serve_prepare(env) || !bind_sockets(env, libnio) || !define_helper(env)) return;
  atomic_store(&s_is_bound, true);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * znio's own natives of file channels: one call of the core each, with the JDK's codes and
 * exceptions. What the core has no word for goes to the original: a range that begins before the
 * file, appending, ends that are no files or sockets.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>

#include "agent.h"
#include "agent_calls.h"
#include "jni_znio.h"
#include "znio/file.h"
#include "znio/transfer.h"

#define PRIVATE_ERRORS (-4095) /* below it: znio's own */

static _Atomic(jfieldID) s_fd; /* FileDescriptor.fd */

bool agent_serve_prepare(JNIEnv *env) {
  jclass type = (*env)->FindClass(env, "java/io/FileDescriptor");
  if (agent_threw(env)) return false;
  jfieldID field = (*env)->GetFieldID(env, type, "fd", "I");
  if (agent_threw(env)) return false;
  atomic_store(&s_fd, field);
  return true;
}

int agent_fd(JNIEnv *env, jobject file) {
  jfieldID field = atomic_load(&s_fd);
  return field == NULL ? -1 : (*env)->GetIntField(env, file, field);
}

static int fd_of(JNIEnv *env, jobject file) {
  return (*env)->GetIntField(env, file, atomic_load_explicit(&s_fd, memory_order_relaxed));
}

/* The JDK's message is the system's text, too. */
int agent_throw(JNIEnv *env, int64_t error) {
  jclass type = (*env)->FindClass(env, "java/io/IOException");
  if (type != NULL) (void)(*env)->ThrowNew(env, type, zn_error_text((int)error));
  return AGENT_THROWN;
}

/* Of read and write, whose descriptor may be non-blocking. */
static int64_t moved(JNIEnv *env, int64_t result, int at_end) {
  if (result > 0) return result;
  if (result == 0) return at_end;
  if (result == -EAGAIN) return AGENT_UNAVAILABLE;
  return result == -EINTR ? AGENT_INTERRUPTED : agent_throw(env, result);
}

static int64_t done(JNIEnv *env, int64_t result) {
  if (result >= 0) return result;
  return result == -EINTR ? AGENT_INTERRUPTED : agent_throw(env, result);
}

jint JNICALL agent_serve_read(JNIEnv *env, jclass type, jobject file, jlong address, jint size) {
  return (jint)moved(env, zn_file_read(fd_of(env, file), jni_pointer(address), size), AGENT_EOF);
}

jint JNICALL agent_serve_pread(JNIEnv *env, jclass type, jobject file, jlong address, jint size,
                               jlong position) {
  return (jint)moved(env, zn_file_pread(fd_of(env, file), jni_pointer(address), size, position),
                     AGENT_EOF);
}

jlong JNICALL agent_serve_readv(JNIEnv *env, jclass type, jobject file, jlong address, jint count) {
  return moved(env, zn_file_readv(fd_of(env, file), jni_pointer(address), count), AGENT_EOF);
}

jint JNICALL agent_serve_write(JNIEnv *env, jclass type, jobject file, jlong address, jint size) {
  return (jint)moved(env, zn_file_write(fd_of(env, file), jni_pointer(address), size), 0);
}

jint JNICALL agent_serve_pwrite(JNIEnv *env, jclass type, jobject file, jlong address, jint size,
                                jlong position) {
  return (jint)moved(env, zn_file_pwrite(fd_of(env, file), jni_pointer(address), size, position),
                     0);
}

jlong JNICALL agent_serve_writev(JNIEnv *env, jclass type, jobject file, jlong address,
                                 jint count) {
  return moved(env, zn_file_writev(fd_of(env, file), jni_pointer(address), count), 0);
}

jint JNICALL agent_serve_force(JNIEnv *env, jclass type, jobject file, jboolean metadata) {
  return (jint)done(env, zn_file_sync(fd_of(env, file), metadata));
}

/* Below 0: where it is. */
jlong JNICALL agent_serve_seek(JNIEnv *env, jclass type, jobject file, jlong position) {
  int fd = fd_of(env, file);
  return done(env, position < 0 ? zn_file_position(fd) : zn_file_seek(fd, position));
}

jint JNICALL agent_serve_truncate(JNIEnv *env, jclass type, jobject file, jlong size) {
  return (jint)done(env, zn_file_truncate(fd_of(env, file), size));
}

jlong JNICALL agent_serve_size(JNIEnv *env, jclass type, jobject file) {
  return done(env, zn_file_size(fd_of(env, file)));
}

/* --- locks --- */

jint JNICALL agent_serve_lock(JNIEnv *env, jclass type, jobject file, jboolean wait, jlong position,
                              jlong size, jboolean shared) {
  if (position < 0 || size < 0) {
    agent_lock_call *original = (agent_lock_call *)agent_original(AGENT_LOCK);
    return original(env, type, file, wait, position, size, shared);
  }
  int result = zn_file_lock(fd_of(env, file), position, size, shared, wait);
  if (result == 0) return 0;
  if (result == -EAGAIN && !wait) return AGENT_LOCK_TAKEN;
  if (result == -EINTR) return AGENT_LOCK_INTERRUPTED;
  (void)agent_throw(env, result);
  return 0;
}

void JNICALL agent_serve_release(JNIEnv *env, jclass type, jobject file, jlong position,
                                 jlong size) {
  if (position < 0 || size < 0) {
    ((agent_release_call *)agent_original(AGENT_RELEASE))(env, type, file, position, size);
    return;
  }
  int result = zn_file_unlock(fd_of(env, file), position, size);
  if (result < 0) (void)agent_throw(env, result);
}

/* --- transfers --- */

/* As the JDK: what the kernel cannot do for these two is done in Java. */
static jlong transferred(JNIEnv *env, int64_t result) {
  if (result >= 0) return result;
  if (result < PRIVATE_ERRORS || result == -EINVAL) return AGENT_UNSUPPORTED_CASE;
  if (result == -EAGAIN) return AGENT_UNAVAILABLE;
  return result == -EINTR ? AGENT_INTERRUPTED : agent_throw(env, result);
}

static int64_t transfer_by(enum agent_native native, enum zn_path path, const struct zn_end *source,
                           const struct zn_end *target, int64_t count) {
  struct zn_transfer_options options = {.path = path};
  struct zn_receipt receipt;
  int64_t moved = zn_transfer(source, target, count, &options, &receipt);
  agent_path_served(native, moved < 0 ? -1 : receipt.path);
  return moved;
}

/* As the end of a transfer. A socket of any kind: sendfile is all that is asked of it. returns: 0;
 * ZN_EPAIR no path of ours goes there; -EBADF. */
static int target_init(struct zn_end *target, int fd, int type) {
  *target = (struct zn_end){.fd = fd, .offset = ZN_OFFSET_CURRENT};
  switch (type) {
    case ZN_FILE_REGULAR:
    case ZN_FILE_DEVICE:
      target->kind = ZN_END_FILE;
      return 0;
    case ZN_FILE_SOCKET:
      target->kind = ZN_END_TCP;
      return 0;
    default:
      return type < 0 ? type : ZN_EPAIR;
  }
}

/*
 * To a socket by sendfile at once: the JDK tries copy_file_range first, from 21 on. To a file by
 * copy_file_range, which JDK 17 does not have: some file systems share the blocks. type: enum
 * zn_file_type of the target, or -errno. returns: ZN_EPAIR for other ends, and for overlapping
 * ranges of one file.
 */
static int64_t transfer_to(JNIEnv *env, jobject source, jlong position, jlong count, int fd,
                           int type) {
  struct zn_end target;
  struct zn_end from = {.kind = ZN_END_FILE, .fd = fd_of(env, source), .offset = position};
  int result = target_init(&target, fd, type);
  if (result < 0) return result;
  if (target.kind == ZN_END_TCP) {
    return transfer_by(AGENT_TRANSFER_TO, ZN_PATH_SENDFILE, &from, &target, count);
  }
  int64_t moved = transfer_by(AGENT_TRANSFER_TO, ZN_PATH_COPY_FILE_RANGE, &from, &target, count);
  /* 0: /proc, and some network file systems. */
  if (moved > 0 || (moved < 0 && moved >= PRIVATE_ERRORS)) return moved;
  moved = transfer_by(AGENT_TRANSFER_TO, ZN_PATH_SENDFILE, &from, &target, count);
  return moved == ZN_EOVERLAP ? ZN_EPAIR : moved;
}

jlong JNICALL agent_serve_transfer_to(JNIEnv *env, jclass type, jobject source, jlong position,
                                      jlong count, jobject file, jboolean append) {
  int fd = fd_of(env, file);
  int target = zn_file_type(fd);
  int64_t result = append ? ZN_EPAIR : transfer_to(env, source, position, count, fd, target);
  if (result != ZN_EPAIR) return transferred(env, result);
  agent_path_left(target);
  agent_transfer_to_call *original = (agent_transfer_to_call *)agent_original(AGENT_TRANSFER_TO);
  return original(env, type, source, position, count, file, append);
}

jlong JNICALL agent_serve_transfer_to_of_channel(JNIEnv *env, jobject channel, jobject source,
                                                 jlong position, jlong count, jobject file) {
  int fd = fd_of(env, file);
  int64_t result = transfer_to(env, source, position, count, fd, zn_file_type(fd));
  if (result != ZN_EPAIR) return transferred(env, result);
  agent_transfer_to_of_channel_call *original =
      (agent_transfer_to_of_channel_call *)agent_original(AGENT_TRANSFER_TO);
  return original(env, channel, source, position, count, file);
}

/* One call of the kernel takes what the file has when it begins; the core goes on until it has
 * count, which a file that grows by its own copy never ends. returns: at most count; 0: ask the
 * original. */
static int64_t clamp(const struct zn_end *from, int64_t count) {
  int64_t left = zn_file_size(from->fd) - zn_file_position(from->fd);
  if (left <= 0) return 0;
  return left < count ? left : count;
}

/* From the source's own position, which moves. */
jlong JNICALL agent_serve_transfer_from(JNIEnv *env, jclass type, jobject source, jobject file,
                                        jlong position, jlong count, jboolean append) {
  struct zn_end from;
  struct zn_end target;
  int result = append ? ZN_EPAIR : zn_end_init(&from, fd_of(env, source));
  if (result == 0) result = zn_end_init(&target, fd_of(env, file));
  bool files = result == 0 && from.kind == ZN_END_FILE && target.kind == ZN_END_FILE;
  int64_t most = files ? clamp(&from, count) : 0;
  if (most == 0) {
    agent_transfer_from_call *original =
        (agent_transfer_from_call *)agent_original(AGENT_TRANSFER_FROM);
    return original(env, type, source, file, position, count, append);
  }
  target.offset = position;
  return transferred(
      env, transfer_by(AGENT_TRANSFER_FROM, ZN_PATH_COPY_FILE_RANGE, &from, &target, most));
}

/* SPDX-License-Identifier: Apache-2.0 */
/* io.znio.Native: open files. */
#include <errno.h>
#include <limits.h>
#include <stddef.h>

#include "jni_znio.h"
#include "znio/file.h"
#include "znio/transfer.h"

static jint JNICALL fileOpen(JNIEnv *env, jclass self, jbyteArray path, jint flags, jint mode) {
  char bytes[PATH_MAX];
  jsize length = (*env)->GetArrayLength(env, path);
  if (length >= PATH_MAX) return -ENAMETOOLONG;
  (*env)->GetByteArrayRegion(env, path, 0, length, (jbyte *)bytes);
  bytes[length] = '\0';
  int fd;
  int result = zn_file_open(bytes, (uint32_t)flags, (uint32_t)mode, &fd);
  return result < 0 ? result : fd;
}

static jint JNICALL fileClose(JNIEnv *env, jclass self, jint fd) { return zn_file_close(fd); }

static jlong JNICALL fileRead(JNIEnv *env, jclass self, jint fd, jlong address, jlong size) {
  return zn_file_read(fd, jni_pointer(address), size);
}

static jlong JNICALL filePread(JNIEnv *env, jclass self, jint fd, jlong address, jlong size,
                               jlong offset) {
  return zn_file_pread(fd, jni_pointer(address), size, offset);
}

static jlong JNICALL fileWrite(JNIEnv *env, jclass self, jint fd, jlong address, jlong size) {
  return zn_file_write(fd, jni_pointer(address), size);
}

static jlong JNICALL filePwrite(JNIEnv *env, jclass self, jint fd, jlong address, jlong size,
                                jlong offset) {
  return zn_file_pwrite(fd, jni_pointer(address), size, offset);
}

/*
 * The arrays of heap buffers: copied through the stack, for an array must not be held over a call
 * that may block. HotSpot keeps 80 KiB of every stack for native code (StackShadowPages). Most are
 * small, and a large frame may touch all its pages. Aligned, since Zen 3 copies at a tenth of its
 * speed to addresses that are 16 bytes above the source's in a page.
 */
#define SMALL_BYTES_MAX 4096
#define CACHE_LINE_BYTES 64

static jlong read_bytes(JNIEnv *env, jint fd, jbyteArray array, jint start, jint size, jlong offset,
                        jbyte *bytes) {
  jlong n = offset == ZN_OFFSET_CURRENT ? zn_file_read(fd, bytes, size)
                                        : zn_file_pread(fd, bytes, size, offset);
  if (n > 0) (*env)->SetByteArrayRegion(env, array, start, (jsize)n, bytes);
  return n;
}

static jlong write_bytes(JNIEnv *env, jint fd, jbyteArray array, jint start, jint size,
                         jlong offset, jbyte *bytes) {
  (*env)->GetByteArrayRegion(env, array, start, size, bytes);
  if ((*env)->ExceptionCheck(env)) return -EINVAL;
  return offset == ZN_OFFSET_CURRENT ? zn_file_write(fd, bytes, size)
                                     : zn_file_pwrite(fd, bytes, size, offset);
}

typedef jlong move_bytes(JNIEnv *, jint, jbyteArray, jint, jint, jlong, jbyte *);

__attribute__((noinline)) static jlong move_many(move_bytes *move, JNIEnv *env, jint fd,
                                                 jbyteArray array, jint start, jint size,
                                                 jlong offset) {
  _Alignas(CACHE_LINE_BYTES) jbyte bytes[JNI_FILE_BYTES_MAX];
  return move(env, fd, array, start, size, offset, bytes);
}

static jlong move_some(move_bytes *move, JNIEnv *env, jint fd, jbyteArray array, jint start,
                       jint size, jlong offset) {
  _Alignas(CACHE_LINE_BYTES) jbyte bytes[SMALL_BYTES_MAX];
  if (size <= 0 || size > JNI_FILE_BYTES_MAX) return -EINVAL;
  if (size > SMALL_BYTES_MAX) return move_many(move, env, fd, array, start, size, offset);
  return move(env, fd, array, start, size, offset, bytes);
}

static jlong JNICALL fileReadBytes(JNIEnv *env, jclass self, jint fd, jbyteArray array, jint start,
                                   jint size, jlong offset) {
  return move_some(read_bytes, env, fd, array, start, size, offset);
}

static jlong JNICALL fileWriteBytes(JNIEnv *env, jclass self, jint fd, jbyteArray array, jint start,
                                    jint size, jlong offset) {
  return move_some(write_bytes, env, fd, array, start, size, offset);
}

/* Java packs a part into two longs; C reads them in place. */
_Static_assert(sizeof(struct zn_file_part) == 2 * sizeof(jlong), "a part is two longs");
_Static_assert(offsetof(struct zn_file_part, size) == sizeof(jlong), "the address comes first");

/* A copy on the stack, 16 KiB at most: an array must not be held over a call that may block. */
static jlong copy_and_call(JNIEnv *env, jint fd, jlongArray packed, jint count,
                           int64_t (*call)(int, const struct zn_file_part *, int)) {
  struct zn_file_part parts[ZN_FILE_PARTS_MAX];
  if (count < 0 || count > ZN_FILE_PARTS_MAX) return -EINVAL;
  (*env)->GetLongArrayRegion(env, packed, 0, 2 * count, (jlong *)parts);
  return (*env)->ExceptionCheck(env) ? -EINVAL : call(fd, parts, count);
}

static jlong JNICALL fileReadv(JNIEnv *env, jclass self, jint fd, jlongArray parts, jint count) {
  return copy_and_call(env, fd, parts, count, zn_file_readv);
}

static jlong JNICALL fileWritev(JNIEnv *env, jclass self, jint fd, jlongArray parts, jint count) {
  return copy_and_call(env, fd, parts, count, zn_file_writev);
}

static jlong JNICALL fileSeek(JNIEnv *env, jclass self, jint fd, jlong position) {
  return zn_file_seek(fd, position);
}

static jlong JNICALL filePosition(JNIEnv *env, jclass self, jint fd) {
  return zn_file_position(fd);
}

static jint JNICALL fileIdentify(JNIEnv *env, jclass self, jint fd, jlongArray array) {
  uint64_t device;
  uint64_t inode;
  int result = zn_file_identify(fd, &device, &inode);
  if (result < 0) return result;
  jlong values[] = {(jlong)device, (jlong)inode};
  (*env)->SetLongArrayRegion(env, array, 0, sizeof(values) / sizeof(values[0]), values);
  return result;
}

static jlong JNICALL fileSize(JNIEnv *env, jclass self, jint fd) { return zn_file_size(fd); }

static jint JNICALL fileTruncate(JNIEnv *env, jclass self, jint fd, jlong size) {
  return zn_file_truncate(fd, size);
}

static jint JNICALL fileSync(JNIEnv *env, jclass self, jint fd, jboolean metadata) {
  return zn_file_sync(fd, metadata != JNI_FALSE);
}

static jlong JNICALL fileAlignment(JNIEnv *env, jclass self, jint fd) {
  return zn_file_alignment(fd);
}

static jint JNICALL fileLock(JNIEnv *env, jclass self, jint fd, jlong position, jlong size,
                             jboolean shared, jboolean wait) {
  return zn_file_lock(fd, position, size, shared != JNI_FALSE, wait != JNI_FALSE);
}

static jint JNICALL fileUnlock(JNIEnv *env, jclass self, jint fd, jlong position, jlong size) {
  return zn_file_unlock(fd, position, size);
}

static const JNINativeMethod methods[] = {
    JNI_METHOD(fileOpen, "([BII)I"),        JNI_METHOD(fileClose, "(I)I"),
    JNI_METHOD(fileRead, "(IJJ)J"),         JNI_METHOD(filePread, "(IJJJ)J"),
    JNI_METHOD(fileWrite, "(IJJ)J"),        JNI_METHOD(filePwrite, "(IJJJ)J"),
    JNI_METHOD(fileReadBytes, "(I[BIIJ)J"), JNI_METHOD(fileWriteBytes, "(I[BIIJ)J"),
    JNI_METHOD(fileReadv, "(I[JI)J"),       JNI_METHOD(fileWritev, "(I[JI)J"),
    JNI_METHOD(fileSeek, "(IJ)J"),          JNI_METHOD(filePosition, "(I)J"),
    JNI_METHOD(fileIdentify, "(I[J)I"),     JNI_METHOD(fileSize, "(I)J"),
    JNI_METHOD(fileTruncate, "(IJ)I"),      JNI_METHOD(fileSync, "(IZ)I"),
    JNI_METHOD(fileAlignment, "(I)J"),      JNI_METHOD(fileLock, "(IJJZZ)I"),
    JNI_METHOD(fileUnlock, "(IJJ)I"),
};
const struct jni_table jni_file_table = JNI_TABLE(methods);

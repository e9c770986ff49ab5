/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shapes of the natives, and the functions that they are bound to. Results of files and
 * channels are the JDK's: a count, or one of the codes of enum agent_status.
 */
#ifndef ZN_AGENT_CALLS_H
#define ZN_AGENT_CALLS_H

#include <jni.h>

/* sun.nio.ch.IOStatus */
enum agent_status {
  AGENT_EOF = -1,
  AGENT_UNAVAILABLE = -2,
  AGENT_INTERRUPTED = -3,
  AGENT_UNSUPPORTED = -4,
  AGENT_THROWN = -5, /* with an exception pending */
  AGENT_UNSUPPORTED_CASE = -6,
  AGENT_LOCK_TAKEN = -1,
  AGENT_LOCK_INTERRUPTED = 2
};

typedef jlong JNICALL agent_allocate_call(JNIEnv *, jobject, jlong);
typedef void JNICALL agent_free_call(JNIEnv *, jobject, jlong);
typedef jlong JNICALL agent_reallocate_call(JNIEnv *, jobject, jlong, jlong);
typedef jlong JNICALL agent_map_call(JNIEnv *, jclass, jobject, jint, jlong, jlong, jboolean);
typedef jlong JNICALL agent_map_of_channel_call(JNIEnv *, jobject, jint, jlong, jlong, jboolean);
typedef jint JNICALL agent_unmap_call(JNIEnv *, jclass, jlong, jlong);
typedef jlong JNICALL agent_transfer_to_call(JNIEnv *, jclass, jobject, jlong, jlong, jobject,
                                             jboolean);
typedef jlong JNICALL agent_transfer_to_of_channel_call(JNIEnv *, jobject, jobject, jlong, jlong,
                                                        jobject);
typedef jlong JNICALL agent_transfer_from_call(JNIEnv *, jclass, jobject, jobject, jlong, jlong,
                                               jboolean);
typedef jint JNICALL agent_move_call(JNIEnv *, jclass, jobject, jlong, jint);
typedef jint JNICALL agent_move_at_call(JNIEnv *, jclass, jobject, jlong, jint, jlong);
typedef jlong JNICALL agent_move_parts_call(JNIEnv *, jclass, jobject, jlong, jint);
typedef jint JNICALL agent_force_call(JNIEnv *, jclass, jobject, jboolean);
typedef jlong JNICALL agent_seek_call(JNIEnv *, jclass, jobject, jlong);
typedef jint JNICALL agent_truncate_call(JNIEnv *, jclass, jobject, jlong);
typedef jlong JNICALL agent_size_call(JNIEnv *, jclass, jobject);
typedef jint JNICALL agent_lock_call(JNIEnv *, jclass, jobject, jboolean, jlong, jlong, jboolean);
typedef void JNICALL agent_release_call(JNIEnv *, jclass, jobject, jlong, jlong);

/* agent_count.c: count, and call the target. */
agent_allocate_call agent_count_allocate;
agent_free_call agent_count_free;
agent_reallocate_call agent_count_reallocate;
agent_map_call agent_count_map;
agent_map_of_channel_call agent_count_map_of_channel;
agent_unmap_call agent_count_unmap;
agent_transfer_to_call agent_count_transfer_to;
agent_transfer_to_of_channel_call agent_count_transfer_to_of_channel;
agent_transfer_from_call agent_count_transfer_from;
agent_move_call agent_count_read, agent_count_write;
agent_move_at_call agent_count_pread, agent_count_pwrite;
agent_move_parts_call agent_count_readv, agent_count_writev;
agent_force_call agent_count_force;
agent_seek_call agent_count_seek;
agent_truncate_call agent_count_truncate;
agent_size_call agent_count_size;
agent_lock_call agent_count_lock;
agent_release_call agent_count_release;

/* agent_serve.c: do the work. */
agent_transfer_to_call agent_serve_transfer_to;
agent_transfer_to_of_channel_call agent_serve_transfer_to_of_channel;
agent_transfer_from_call agent_serve_transfer_from;
agent_move_call agent_serve_read, agent_serve_write;
agent_move_at_call agent_serve_pread, agent_serve_pwrite;
agent_move_parts_call agent_serve_readv, agent_serve_writev;
agent_force_call agent_serve_force;
agent_seek_call agent_serve_seek;
agent_truncate_call agent_serve_truncate;
agent_size_call agent_serve_size;
agent_lock_call agent_serve_lock;
agent_release_call agent_serve_release;

/* agent_unsafe.c: do the work. */
agent_allocate_call agent_serve_allocate;
agent_free_call agent_serve_free;
agent_reallocate_call agent_serve_reallocate;

#endif

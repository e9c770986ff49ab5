/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the JDK's natives are bound to. Each calls its target, which does the work, and counts what
 * came of it in the thread's own meter: no clock, no lock, no JNI. Only where a
 * birth is sampled, its stack is taken, and births and deaths of samples are recorded.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "agent.h"
#include "agent_calls.h"
#include "agent_fast.h"
#include "znio/file.h"
#include "znio/meter.h"

static _Atomic(const void *) s_targets[AGENT_NATIVES];

void agent_set_target(enum agent_native native, const void *function) {
  atomic_store_explicit(&s_targets[native], function, memory_order_release);
}

static const void *target(enum agent_native native) {
  return atomic_load_explicit(&s_targets[native], memory_order_acquire);
}

static enum zn_meter_column column_of(int64_t status) {
  switch (status) {
    case AGENT_EOF:
      return ZN_METER_END;
    case AGENT_UNAVAILABLE:
      return ZN_METER_UNAVAILABLE;
    case AGENT_INTERRUPTED:
      return ZN_METER_INTERRUPTED;
    case AGENT_UNSUPPORTED:
    case AGENT_UNSUPPORTED_CASE:
      return ZN_METER_UNSUPPORTED;
    default:
      return ZN_METER_FAILED;
  }
}

/* A call that moved result bytes of wanted, or ended with a code. returns: result. */
static int64_t moved(enum agent_native native, int64_t result, int64_t wanted) {
  if (result < 0) {
    zn_meter_count(native, column_of(result), 1);
  } else {
    zn_meter_count(native, ZN_METER_BYTES, result);
    if (result > 0 && result < wanted) zn_meter_add(zn_meter_own(), native, ZN_METER_SHORT, 1);
  }
  return result;
}

/* A call that moves nothing. returns: result. */
static int64_t done(enum agent_native native, int64_t result) {
  if (result < 0) {
    zn_meter_count(native, column_of(result), 1);
  } else {
    zn_meter_add(zn_meter_own(), native, ZN_METER_CALLS, 1);
  }
  return result;
}

static int64_t bytes_of(jlong address, jint count) {
  const struct zn_file_part *parts = (const struct zn_file_part *)(intptr_t)address;
  int64_t sum = 0;
  for (jint i = 0; i < count; i++) sum += parts[i].size;
  return sum;
}

/* --- memory --- */

/* A release, which gave back size bytes, or -ENOENT. */
static void released(enum agent_native native, int64_t size) {
  zn_meter_count(native, size < 0 ? ZN_METER_UNKNOWN : ZN_METER_RELEASED, size < 0 ? 1 : size);
}

jlong JNICALL agent_count_allocate(JNIEnv *env, jobject unsafe, jlong size) {
  agent_allocate_call *call = (agent_allocate_call *)target(AGENT_ALLOCATE);
  jlong address = call(env, unsafe, size);
  if (address == 0) {
    zn_meter_count(AGENT_ALLOCATE, ZN_METER_FAILED, 1);
  } else {
    zn_meter_count(AGENT_ALLOCATE, ZN_METER_BYTES, size);
    agent_life_born(env, ZN_LIFE_MEMORY, address, size);
  }
  return address;
}

void JNICALL agent_count_free(JNIEnv *env, jobject unsafe, jlong address) {
  if (address != 0) {
    released(AGENT_FREE, agent_life_died(env, ZN_LIFE_MEMORY, address));
  } else {
    zn_meter_add(zn_meter_own(), AGENT_FREE, ZN_METER_CALLS, 1);
  }
  ((agent_free_call *)target(AGENT_FREE))(env, unsafe, address);
}

jlong JNICALL agent_count_reallocate(JNIEnv *env, jobject unsafe, jlong address, jlong size) {
  struct agent_death death;
  if (address != 0) (void)agent_life_take(ZN_LIFE_MEMORY, address, &death);
  agent_reallocate_call *call = (agent_reallocate_call *)target(AGENT_REALLOCATE);
  jlong moved_to = call(env, unsafe, address, size);
  if (moved_to == 0) { /* the old block lives on */
    zn_meter_count(AGENT_REALLOCATE, ZN_METER_FAILED, 1);
    if (address != 0) agent_life_put_back(address, &death);
    return 0;
  }
  zn_meter_add(zn_meter_own(), AGENT_REALLOCATE, ZN_METER_BYTES, size);
  if (address != 0) {
    released(AGENT_REALLOCATE, death.size);
    agent_life_end(env, &death);
  } else {
    zn_meter_add(zn_meter_own(), AGENT_REALLOCATE, ZN_METER_CALLS, 1);
  }
  agent_life_born(env, ZN_LIFE_MEMORY, moved_to, size);
  return moved_to;
}

/* --- mappings: whoever unmaps says how much --- */

#define READ_ONLY 0 /* FileChannelImpl.MAP_RO */

static jlong mapped(JNIEnv *env, jlong address, jint mode, jlong size) {
  if (address < 0) {
    zn_meter_count(AGENT_MAP, column_of(address), 1);
  } else {
    zn_meter_count(AGENT_MAP, ZN_METER_BYTES, size);
    agent_life_born(env, ZN_LIFE_MAPPED, address, size);
    agent_path_mapped(env, mode == READ_ONLY, size);
  }
  return address;
}

jlong JNICALL agent_count_map(JNIEnv *env, jclass type, jobject file, jint mode, jlong position,
                              jlong size, jboolean sync) {
  agent_map_call *call = (agent_map_call *)target(AGENT_MAP);
  return mapped(env, call(env, type, file, mode, position, size, sync), mode, size);
}

jlong JNICALL agent_count_map_of_channel(JNIEnv *env, jobject channel, jint mode, jlong position,
                                         jlong size, jboolean sync) {
  agent_map_of_channel_call *call = (agent_map_of_channel_call *)target(AGENT_MAP);
  return mapped(env, call(env, channel, mode, position, size, sync), mode, size);
}

jint JNICALL agent_count_unmap(JNIEnv *env, jclass type, jlong address, jlong size) {
  struct agent_death death;
  (void)agent_life_take(ZN_LIFE_MAPPED, address, &death);
  agent_unmap_call *call = (agent_unmap_call *)target(AGENT_UNMAP);
  jint result = call(env, type, address, size);
  if (result < 0) { /* it is mapped still */
    zn_meter_count(AGENT_UNMAP, column_of(result), 1);
    agent_life_put_back(address, &death);
  } else {
    released(AGENT_UNMAP, death.size);
    agent_life_end(env, &death);
  }
  return result;
}

/* --- transfers --- */

static jlong transferred(enum agent_native native, enum agent_path by_jdk, jlong result,
                         jlong count) {
  agent_path_ended(native, by_jdk, result, count);
  return moved(native, result, count);
}

jlong JNICALL agent_count_transfer_to(JNIEnv *env, jclass type, jobject source, jlong position,
                                      jlong count, jobject file, jboolean append) {
  agent_transfer_to_call *call = (agent_transfer_to_call *)target(AGENT_TRANSFER_TO);
  /* Ours tells by itself, from what it has to ask anyway. */
  enum agent_path path =
      agent_serves(AGENT_TRANSFER_TO) ? AGENT_TO_EITHER : agent_path_to(env, file);
  jlong result = call(env, type, source, position, count, file, append);
  return transferred(AGENT_TRANSFER_TO, path, result, count);
}

jlong JNICALL agent_count_transfer_to_of_channel(JNIEnv *env, jobject channel, jobject source,
                                                 jlong position, jlong count, jobject file) {
  agent_transfer_to_of_channel_call *call =
      (agent_transfer_to_of_channel_call *)target(AGENT_TRANSFER_TO);
  jlong result = call(env, channel, source, position, count, file);
  return transferred(AGENT_TRANSFER_TO, AGENT_TO_SENDFILE, result, count);
}

jlong JNICALL agent_count_transfer_from(JNIEnv *env, jclass type, jobject source, jobject file,
                                        jlong position, jlong count, jboolean append) {
  agent_transfer_from_call *call = (agent_transfer_from_call *)target(AGENT_TRANSFER_FROM);
  jlong result = call(env, type, source, file, position, count, append);
  return transferred(AGENT_TRANSFER_FROM, AGENT_FROM_COPY_FILE_RANGE, result, count);
}

/* --- files --- */

static jint move(enum agent_native native, JNIEnv *env, jclass type, jobject file, jlong address,
                 jint size) {
  bool ghost = agent_is_ghost(address); /* which is read into only */
  agent_move_call *call = ghost ? agent_ghost_read : (agent_move_call *)target(native);
  return (jint)moved(native, call(env, type, file, address, size), size);
}

static jint move_at(enum agent_native native, JNIEnv *env, jclass type, jobject file, jlong address,
                    jint size, jlong position) {
  bool ghost = agent_is_ghost(address); /* which is written only */
  agent_move_at_call *call = ghost ? agent_ghost_pwrite : (agent_move_at_call *)target(native);
  return (jint)moved(native, call(env, type, file, address, size, position), size);
}

static jlong move_parts(enum agent_native native, JNIEnv *env, jclass type, jobject file,
                        jlong address, jint count) {
  agent_move_parts_call *call = (agent_move_parts_call *)target(native);
  return moved(native, call(env, type, file, address, count), bytes_of(address, count));
}

jint JNICALL agent_count_read(JNIEnv *env, jclass type, jobject file, jlong address, jint size) {
  return move(AGENT_READ, env, type, file, address, size);
}

jint JNICALL agent_count_write(JNIEnv *env, jclass type, jobject file, jlong address, jint size) {
  return move(AGENT_WRITE, env, type, file, address, size);
}

jint JNICALL agent_count_pread(JNIEnv *env, jclass type, jobject file, jlong address, jint size,
                               jlong position) {
  jint result = move_at(AGENT_PREAD, env, type, file, address, size, position);
  agent_path_read(env, size, result);
  return result;
}

jint JNICALL agent_count_pwrite(JNIEnv *env, jclass type, jobject file, jlong address, jint size,
                                jlong position) {
  jint result = move_at(AGENT_PWRITE, env, type, file, address, size, position);
  if (!agent_is_ghost(address)) agent_path_written(env, size, result);
  return result;
}

jlong JNICALL agent_count_readv(JNIEnv *env, jclass type, jobject file, jlong address, jint count) {
  return move_parts(AGENT_READV, env, type, file, address, count);
}

jlong JNICALL agent_count_writev(JNIEnv *env, jclass type, jobject file, jlong address,
                                 jint count) {
  return move_parts(AGENT_WRITEV, env, type, file, address, count);
}

jint JNICALL agent_count_force(JNIEnv *env, jclass type, jobject file, jboolean metadata) {
  agent_force_call *call = (agent_force_call *)target(AGENT_FORCE);
  return (jint)done(AGENT_FORCE, call(env, type, file, metadata));
}

jlong JNICALL agent_count_seek(JNIEnv *env, jclass type, jobject file, jlong position) {
  agent_seek_call *call = (agent_seek_call *)target(AGENT_SEEK);
  return done(AGENT_SEEK, call(env, type, file, position));
}

jint JNICALL agent_count_truncate(JNIEnv *env, jclass type, jobject file, jlong size) {
  agent_truncate_call *call = (agent_truncate_call *)target(AGENT_TRUNCATE);
  return (jint)done(AGENT_TRUNCATE, call(env, type, file, size));
}

jlong JNICALL agent_count_size(JNIEnv *env, jclass type, jobject file) {
  agent_size_call *call = (agent_size_call *)target(AGENT_SIZE);
  return done(AGENT_SIZE, call(env, type, file));
}

/* -1 of lock0: somebody else has it; its other codes are not those of a transfer either. */
jint JNICALL agent_count_lock(JNIEnv *env, jclass type, jobject file, jboolean wait, jlong position,
                              jlong size, jboolean shared) {
  agent_lock_call *call = (agent_lock_call *)target(AGENT_LOCK);
  jint result = call(env, type, file, wait, position, size, shared);
  struct zn_meter *meter = zn_meter_own();
  zn_meter_add(meter, AGENT_LOCK, ZN_METER_CALLS, 1);
  if (result == AGENT_LOCK_TAKEN) zn_meter_add(meter, AGENT_LOCK, ZN_METER_UNAVAILABLE, 1);
  if (result == AGENT_LOCK_INTERRUPTED) zn_meter_add(meter, AGENT_LOCK, ZN_METER_INTERRUPTED, 1);
  return result;
}

void JNICALL agent_count_release(JNIEnv *env, jclass type, jobject file, jlong position,
                                 jlong size) {
  ((agent_release_call *)target(AGENT_RELEASE))(env, type, file, position, size);
  (void)done(AGENT_RELEASE, 0);
}

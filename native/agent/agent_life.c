/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Births and deaths of foreign memory. Each is in the table of what is live; of a sampled one
 * (large, or with a site) there is a record, too, with times and threads. Whether one is sampled is
 * told by its size and its site, so that the others cost a comparison.
 */
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "znio/foreign.h"
#include "znio/timeline.h"

static jvmtiEnv *_Atomic s_jvmti;
static _Atomic bool s_has_pauses;

void agent_life_prepare(jvmtiEnv *jvmti, bool has_pauses) {
  zn_timeline_begin();
  /* Without memory for records there are none; all is counted all the same. */
  (void)!zn_life_begin();
  atomic_store(&s_has_pauses, has_pauses);
  atomic_store(&s_jvmti, jvmti);
}

bool agent_life_has_pauses(void) { return atomic_load(&s_has_pauses); }

/* The calling thread's, cut to what a record holds; "" if it has none. */
static void read_thread(JNIEnv *env, char *name) {
  jvmtiEnv *jvmti = atomic_load_explicit(&s_jvmti, memory_order_acquire);
  jvmtiThreadInfo info;
  name[0] = '\0';
  if (jvmti == NULL || (*jvmti)->GetThreadInfo(jvmti, NULL, &info) != JVMTI_ERROR_NONE) return;
  snprintf(name, ZN_LIFE_NAME_SIZE, "%.*s", ZN_LIFE_NAME_SIZE - 1, info.name);
  (void)(*jvmti)->Deallocate(jvmti, (unsigned char *)info.name);
  if (info.thread_group != NULL) (*env)->DeleteLocalRef(env, info.thread_group);
  if (info.context_class_loader != NULL) (*env)->DeleteLocalRef(env, info.context_class_loader);
}

/*
 * The rule by which a death counts as a Cleaner's: the name of its thread. "Reference Handler" runs
 * jdk.internal.ref.Cleaner (direct and mapped buffers, to JDK 25), "Common-Cleaner" the JDK's
 * java.lang.ref.Cleaner, "Cleaner-N" those that a program makes without a thread factory of its
 * own.
 */
static bool is_cleaner(const char *thread) {
  static const char numbered[] = "Cleaner-";
  size_t length = sizeof numbered - 1;
  if (strcmp(thread, "Reference Handler") == 0 || strcmp(thread, "Common-Cleaner") == 0) {
    return true;
  }
  if (strncmp(thread, numbered, length) != 0 || thread[length] == '\0') return false;
  return thread[length + strspn(thread + length, "0123456789")] == '\0';
}

static bool is_sampled(int64_t size, uint32_t site) { return size >= ZN_LIFE_LARGE || site != 0; }

/* Of its own: a frame with a record in it would be made for every birth. */
__attribute__((noinline)) static void record_birth(JNIEnv *env, enum zn_life_kind kind,
                                                   jlong address, jlong size, uint32_t site) {
  struct zn_life life = {
      .address = (uint64_t)address, .bytes = size, .site = site, .kind = (uint8_t)kind};
  read_thread(env, life.thread);
  zn_life_born(&life);
  agent_point();
}

void agent_life_born(JNIEnv *env, enum zn_life_kind kind, jlong address, jlong size) {
  uint32_t site = agent_site(env, size);
  /* What finds no room in the table is told by its death, which is counted as unknown. */
  if (zn_foreign_born((uint64_t)address, size, site) < 0 || !is_sampled(size, site)) return;
  record_birth(env, kind, address, size, site);
}

/* The record of a sampled one, before its memory goes back. */
static void take_record(enum zn_life_kind kind, jlong address, struct agent_death *death) {
  zn_life_take((uint64_t)address, kind, death->size, death->site, &death->life);
}

int64_t agent_life_take(enum zn_life_kind kind, jlong address, struct agent_death *death) {
  death->site = 0;
  death->size = zn_foreign_died((uint64_t)address, &death->site);
  death->sampled = is_sampled(death->size, death->site);
  if (death->sampled) take_record(kind, address, death);
  return death->size;
}

void agent_life_end(JNIEnv *env, struct agent_death *death) {
  if (!death->sampled) return;
  char thread[ZN_LIFE_NAME_SIZE] = "";
  read_thread(env, thread);
  zn_life_died(&death->life, is_cleaner(thread) ? ZN_LIFE_CLEANED : ZN_LIFE_EXPLICIT, thread);
  agent_point();
}

/* Of its own, as record_birth. */
__attribute__((noinline)) static void record_death(JNIEnv *env, enum zn_life_kind kind,
                                                   jlong address, int64_t size, uint32_t site) {
  struct agent_death death = {.size = size, .site = site, .sampled = true};
  take_record(kind, address, &death);
  agent_life_end(env, &death);
}

int64_t agent_life_died(JNIEnv *env, enum zn_life_kind kind, jlong address) {
  uint32_t site = 0;
  int64_t size = zn_foreign_died((uint64_t)address, &site);
  if (is_sampled(size, site)) record_death(env, kind, address, size, site);
  return size;
}

void agent_life_put_back(jlong address, const struct agent_death *death) {
  if (death->size < 0) return;
  (void)!zn_foreign_born((uint64_t)address, death->size, death->site);
  if (death->sampled) zn_life_put_back(&death->life);
}

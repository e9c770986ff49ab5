/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where foreign memory was born. Of a sampled birth the Java stack is taken; the text of a stack is
 * made once, when it is first seen. Threads look known stacks up without a lock.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "znio/ledger.h"

#define FRAMES_MAX 32
#define STACKS 131072 /* a power of two; twice the sites there can be */
#define LOOKS_MAX 64  /* places of the table that a stack may be in */

static jvmtiEnv *_Atomic s_jvmti; /* NULL: no stacks are taken */
static _Atomic uint32_t s_every;
static _Atomic uint32_t s_threads; /* that have drawn */

static _Thread_local uint32_t t_left; /* births until the next sample */
static _Thread_local uint32_t t_random;

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER; /* one makes a text at a time */
static struct {
  _Atomic uint64_t stack; /* 0: free; written last */
  _Atomic uint32_t site;
} s_stacks[STACKS];

void agent_site_set(jvmtiEnv *jvmti, uint32_t every) {
  atomic_store(&s_every, every);
  atomic_store(&s_jvmti, every == 0 ? NULL : jvmti);
}

/* FNV-1a, by words. Never 0. */
static uint64_t hash(const jvmtiFrameInfo *frames, jint count) {
  uint64_t sum = 0xcbf29ce484222325u;
  for (jint i = 0; i < count; i++) {
    sum = (sum ^ (uint64_t)(uintptr_t)frames[i].method) * 0x100000001b3u;
    sum = (sum ^ (uint64_t)frames[i].location) * 0x100000001b3u;
    sum ^= sum >> 29;
  }
  return sum == 0 ? 1 : sum;
}

static jint line_of(jvmtiEnv *jvmti, const jvmtiFrameInfo *frame) {
  jint count;
  jvmtiLineNumberEntry *lines;
  if ((*jvmti)->GetLineNumberTable(jvmti, frame->method, &count, &lines) != JVMTI_ERROR_NONE) {
    return -1; /* a native method, or compiled without them */
  }
  jint line = -1;
  jlocation best = -1;
  for (jint i = 0; i < count; i++) {
    if (lines[i].start_location > frame->location || lines[i].start_location < best) continue;
    best = lines[i].start_location;
    line = lines[i].line_number;
  }
  (void)(*jvmti)->Deallocate(jvmti, (unsigned char *)lines);
  return line;
}

/* "Lorg/example/Type;" is org.example.Type. */
static void put_class(char *text, size_t size, const char *signature) {
  size_t length = strlen(signature);
  if (length < 2) return;
  snprintf(text, size, "%.*s", (int)(length - 2), signature + 1);
  for (char *c = text; *c != '\0'; c++) {
    if (*c == '/') *c = '.';
  }
}

/* Adds one line to the text. returns: its new length. */
static size_t put_frame(JNIEnv *env, jvmtiEnv *jvmti, const jvmtiFrameInfo *frame, char *text,
                        size_t length) {
  char *name = NULL;
  char *signature = NULL;
  jclass type = NULL;
  char class_name[512] = "?";
  if ((*jvmti)->GetMethodDeclaringClass(jvmti, frame->method, &type) == JVMTI_ERROR_NONE &&
      (*jvmti)->GetClassSignature(jvmti, type, &signature, NULL) == JVMTI_ERROR_NONE) {
    put_class(class_name, sizeof class_name, signature);
    (void)(*jvmti)->Deallocate(jvmti, (unsigned char *)signature);
  }
  if (type != NULL) (*env)->DeleteLocalRef(env, type);
  bool named = (*jvmti)->GetMethodName(jvmti, frame->method, &name, NULL, NULL) == JVMTI_ERROR_NONE;
  jint line = line_of(jvmti, frame);
  char place[24] = "";
  if (line >= 0) snprintf(place, sizeof place, ":%d", (int)line);
  char row[1024];
  int size = snprintf(row, sizeof row, "%s%s.%s%s", length == 0 ? "" : "\n", class_name,
                      named ? name : "?", place);
  if (named) (void)(*jvmti)->Deallocate(jvmti, (unsigned char *)name);
  if (size < 0 || (size_t)size >= sizeof row) return length;
  if (length + (size_t)size > ZN_SITE_TEXT_MAX) return length;
  memcpy(text + length, row, (size_t)size);
  return length + (size_t)size;
}

static uint32_t make_site(JNIEnv *env, jvmtiEnv *jvmti, const jvmtiFrameInfo *frames, jint count) {
  char text[ZN_SITE_TEXT_MAX];
  size_t length = 0;
  for (jint i = 0; i < count; i++) length = put_frame(env, jvmti, &frames[i], text, length);
  int site = length == 0 ? 0 : zn_site_intern(text, (int64_t)length);
  return site < 0 ? 0 : (uint32_t)site;
}

/* returns: the site of a stack; or UINT32_MAX, and *place is where it would be (STACKS: nowhere).
 */
static uint32_t find(uint64_t stack, uint32_t *place) {
  *place = STACKS;
  for (uint32_t i = 0; i < LOOKS_MAX; i++) {
    uint32_t at = (uint32_t)(stack + i) & (STACKS - 1);
    uint64_t there = atomic_load_explicit(&s_stacks[at].stack, memory_order_acquire);
    if (there == stack) return atomic_load_explicit(&s_stacks[at].site, memory_order_relaxed);
    if (there != 0) continue;
    *place = at;
    break;
  }
  return UINT32_MAX;
}

static uint32_t site_of(JNIEnv *env, jvmtiEnv *jvmti, const jvmtiFrameInfo *frames, jint count) {
  uint32_t place;
  uint64_t stack = hash(frames, count);
  uint32_t site = find(stack, &place);
  if (site != UINT32_MAX) return site;
  pthread_mutex_lock(&s_mutex);
  site = find(stack, &place); /* somebody else may have made it meanwhile */
  if (site == UINT32_MAX) {
    site = make_site(env, jvmti, frames, count);
    if (place < STACKS) {
      atomic_store_explicit(&s_stacks[place].site, site, memory_order_relaxed);
      atomic_store_explicit(&s_stacks[place].stack, stack, memory_order_release);
    }
  }
  pthread_mutex_unlock(&s_mutex);
  return site;
}

bool agent_draws(uint32_t *left, uint32_t every) {
  if (every == 1) return true;
  if (*left == 0) {
    if (t_random == 0) t_random = 0x9e3779b9u * (2 * atomic_fetch_add(&s_threads, 1) + 1);
    t_random ^= t_random << 13; /* xorshift32 of G. Marsaglia, 2003 */
    t_random ^= t_random >> 17;
    t_random ^= t_random << 5;
    *left = 1 + (uint32_t)((t_random * (2 * (uint64_t)every - 1)) >> 32);
  }
  return --*left == 0;
}

/* Of its own: a frame with room for a stack would be made for every birth. */
__attribute__((noinline)) static uint32_t take_stack(JNIEnv *env, jvmtiEnv *jvmti) {
  jvmtiFrameInfo frames[FRAMES_MAX];
  jint count = 0;
  jvmtiError error = (*jvmti)->GetStackTrace(jvmti, NULL, 0, FRAMES_MAX, frames, &count);
  if (error != JVMTI_ERROR_NONE || count <= 0) return 0;
  return site_of(env, jvmti, frames, count);
}

uint32_t agent_site(JNIEnv *env, int64_t size) {
  jvmtiEnv *jvmti = atomic_load_explicit(&s_jvmti, memory_order_acquire);
  if (jvmti == NULL) return 0;
  uint32_t every = atomic_load_explicit(&s_every, memory_order_relaxed);
  if (size < ZN_LIFE_LARGE && !agent_draws(&t_left, every)) return 0;
  return take_stack(env, jvmti);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* io.znio.Native: what is held. */
#include <errno.h>

#include "jni_znio.h"
#include "znio/ledger.h"

/* Java has the counters as longs, in this order. */
_Static_assert(sizeof(struct zn_ledger_kind) == (6 + ZN_LEDGER_AGES) * sizeof(jlong), "6 and ages");
_Static_assert(sizeof(struct zn_ledger_totals) == 11 * sizeof(jlong), "11 longs");
_Static_assert(sizeof(struct zn_ledger_idle) == 7 * sizeof(jlong), "7 longs");

static void JNICALL ledgerRead(JNIEnv *env, jclass self, jlongArray array) {
  struct zn_ledger_totals totals;
  zn_ledger_read(&totals);
  (*env)->SetLongArrayRegion(env, array, 0, sizeof(totals) / sizeof(jlong), (jlong *)&totals);
}

static jlong JNICALL ledgerSystemCalls(JNIEnv *env, jclass self) {
  return zn_ledger_system_calls();
}

static jint JNICALL ledgerReadKind(JNIEnv *env, jclass self, jint kind, jlongArray array) {
  struct zn_ledger_kind totals;
  int result = zn_ledger_read_kind(kind, &totals);
  if (result < 0) return result;
  (*env)->SetLongArrayRegion(env, array, 0, sizeof(totals) / sizeof(jlong), (jlong *)&totals);
  return 0;
}

static void JNICALL ledgerReadIdle(JNIEnv *env, jclass self, jlongArray array) {
  struct zn_ledger_idle idle;
  zn_ledger_read_idle(&idle);
  (*env)->SetLongArrayRegion(env, array, 0, sizeof(idle) / sizeof(jlong), (jlong *)&idle);
}

static void JNICALL ledgerAdvance(JNIEnv *env, jclass self, jint ticks) {
  zn_ledger_advance((uint32_t)ticks);
}

static jint JNICALL ledgerTick(JNIEnv *env, jclass self) { return (jint)zn_ledger_tick(); }

static jint JNICALL ledgerSetBirth(JNIEnv *env, jclass self, jlong handle, jint thread, jint site) {
  return zn_ledger_set_birth((uint64_t)handle, (uint32_t)thread, (uint32_t)site);
}

static void pack(const struct zn_ledger_entry *entry, jlong *longs) {
  longs[JNI_ENTRY_HANDLE] = (jlong)entry->handle;
  longs[JNI_ENTRY_ADDRESS] = (jlong)entry->address;
  longs[JNI_ENTRY_SIZE] = entry->size;
  longs[JNI_ENTRY_BIRTH] = entry->birth;
  longs[JNI_ENTRY_THREAD] = entry->thread;
  longs[JNI_ENTRY_SITE] = entry->site;
  longs[JNI_ENTRY_KIND] = entry->kind;
  longs[JNI_ENTRY_STATE] = entry->state;
}

#define ENTRIES_AT_ONCE 64

/* Copies by the stack, so that the heap array is held for no moment. */
static jlong JNICALL ledgerNext(JNIEnv *env, jclass self, jlongArray cursor_array, jint states,
                                jlongArray array, jint capacity) {
  struct zn_ledger_entry entries[ENTRIES_AT_ONCE];
  jlong longs[ENTRIES_AT_ONCE * JNI_ENTRY_LENGTH];
  jlong at;
  (*env)->GetLongArrayRegion(env, cursor_array, 0, 1, &at);
  if ((*env)->ExceptionCheck(env)) return -EINVAL;
  uint64_t cursor = (uint64_t)at;
  jint done = 0;
  while (done < capacity) {
    int64_t most = capacity - done < ENTRIES_AT_ONCE ? capacity - done : ENTRIES_AT_ONCE;
    int64_t count = zn_ledger_next(&cursor, (unsigned)states, entries, most);
    if (count < 0) return count;
    if (count == 0) break;
    for (int64_t i = 0; i < count; i++) pack(&entries[i], &longs[i * JNI_ENTRY_LENGTH]);
    (*env)->SetLongArrayRegion(env, array, done * JNI_ENTRY_LENGTH, (jsize)count * JNI_ENTRY_LENGTH,
                               longs);
    if ((*env)->ExceptionCheck(env)) return -EINVAL;
    done += (jint)count;
  }
  at = (jlong)cursor;
  (*env)->SetLongArrayRegion(env, cursor_array, 0, 1, &at);
  return done;
}

static jint JNICALL siteIntern(JNIEnv *env, jclass self, jbyteArray array) {
  char text[ZN_SITE_TEXT_MAX];
  jsize length = (*env)->GetArrayLength(env, array);
  if (length > ZN_SITE_TEXT_MAX) length = ZN_SITE_TEXT_MAX;
  (*env)->GetByteArrayRegion(env, array, 0, length, (jbyte *)text);
  return zn_site_intern(text, length);
}

static jbyteArray JNICALL siteText(JNIEnv *env, jclass self, jint site) {
  char text[ZN_SITE_TEXT_MAX];
  int64_t length = zn_site_text((uint32_t)site, text, sizeof(text));
  if (length < 0) return NULL;
  jbyteArray array = (*env)->NewByteArray(env, (jsize)length);
  if (array != NULL) (*env)->SetByteArrayRegion(env, array, 0, (jsize)length, (jbyte *)text);
  return array;
}

#define SITES_MAX 64

static jint JNICALL siteLargest(JNIEnv *env, jclass self, jint kinds, jlongArray array,
                                jint capacity) {
  struct zn_site_total totals[SITES_MAX];
  if (capacity > SITES_MAX) capacity = SITES_MAX;
  int count = zn_site_largest((unsigned)kinds, totals, capacity);
  for (int i = 0; i < count; i++) {
    const jlong values[] = {totals[i].site, totals[i].items, totals[i].bytes};
    (*env)->SetLongArrayRegion(env, array, 3 * i, 3, values);
  }
  return count;
}

static const JNINativeMethod methods[] = {
    JNI_METHOD(ledgerRead, "([J)V"),      JNI_METHOD(ledgerSystemCalls, "()J"),
    JNI_METHOD(ledgerReadKind, "(I[J)I"), JNI_METHOD(ledgerReadIdle, "([J)V"),
    JNI_METHOD(ledgerAdvance, "(I)V"),    JNI_METHOD(ledgerTick, "()I"),
    JNI_METHOD(ledgerSetBirth, "(JII)I"), JNI_METHOD(ledgerNext, "([JI[JI)J"),
    JNI_METHOD(siteIntern, "([B)I"),      JNI_METHOD(siteText, "(I)[B"),
    JNI_METHOD(siteLargest, "(I[JI)I"),
};
const struct jni_table jni_ledger_table = JNI_TABLE(methods);

/* SPDX-License-Identifier: Apache-2.0 */
/* io.znio.Native: what is held. */
#include "jni_znio.h"
#include "znio/ledger.h"

static void JNICALL ledgerRead(JNIEnv *env, jclass self, jlongArray array) {
  struct zn_ledger_totals totals;
  zn_ledger_read(&totals);
  const jlong values[] = {totals.regions,       totals.region_bytes, totals.mappings,
                          totals.mapping_bytes, totals.pipes,        totals.rings,
                          totals.pins,          totals.descriptors};
  (*env)->SetLongArrayRegion(env, array, 0, sizeof(values) / sizeof(values[0]), values);
}

static jlong JNICALL ledgerSystemCalls(JNIEnv *env, jclass self) {
  return zn_ledger_system_calls();
}

static const JNINativeMethod methods[] = {
    JNI_METHOD(ledgerRead, "([J)V"),
    JNI_METHOD(ledgerSystemCalls, "()J"),
};
const struct jni_table jni_ledger_table = JNI_TABLE(methods);

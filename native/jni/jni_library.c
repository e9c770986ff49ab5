/* SPDX-License-Identifier: Apache-2.0 */
/* io.znio.Native: versions, names and what only JNI can reach. */
#include "jni_znio.h"
#include "znio/file.h"
#include "znio/ledger.h"
#include "znio/mapping.h"
#include "znio/region.h"
#include "znio/znio.h"

static jint JNICALL abi(JNIEnv *env, jclass self) { return zn_abi(); }

static jstring JNICALL version(JNIEnv *env, jclass self) {
  return (*env)->NewStringUTF(env, zn_version());
}

/* In the order in which Native declares them; the number of methods comes last. */
static const jlong fixed_constants[] = {ZN_ABI,
                                        ZN_END_FILE,
                                        ZN_END_TCP,
                                        ZN_END_UNIX,
                                        ZN_END_PIPE,
                                        ZN_END_MEMORY,
                                        ZN_OFFSET_CURRENT,
                                        ZN_TRANSFER_MORE,
                                        ZN_TRANSFER_PAGES,
                                        ZN_TRANSFER_COUNTED,
                                        JNI_RECEIPT_BYTES,
                                        JNI_RECEIPT_SYSTEM_CALLS,
                                        JNI_RECEIPT_STRANDED_BYTES,
                                        JNI_RECEIPT_PATH,
                                        JNI_RECEIPT_DECLINED_PATH,
                                        JNI_RECEIPT_DECLINED_REASON,
                                        JNI_RECEIPT_ERROR,
                                        JNI_RECEIPT_KERNEL_COPIED,
                                        JNI_RECEIPT_STRANDED,
                                        JNI_RECEIPT_PIN,
                                        JNI_RECEIPT_LOST_OFFSET,
                                        JNI_RECEIPT_LOST_DEVICE,
                                        JNI_RECEIPT_LOST_INODE,
                                        JNI_RECEIPT_LENGTH,
                                        sizeof(struct zn_file_region) / sizeof(jlong),
                                        ZN_MAPPING_READ_ONLY,
                                        ZN_MAPPING_READ_WRITE,
                                        ZN_MAPPING_PRIVATE,
                                        ZN_MAPPING_EXTEND,
                                        ZN_MAPPING_PREALLOCATE,
                                        ZN_MAPPING_POPULATE,
                                        ZN_MAPPING_POPULATE_WRITE,
                                        ZN_MAPPING_LOCK,
                                        ZN_MAPPING_LOCK_ON_FAULT,
                                        ZN_MAPPING_HUGE,
                                        ZN_MAPPING_SYNC,
                                        ZN_ADVICE_NORMAL,
                                        ZN_ADVICE_SEQUENTIAL,
                                        ZN_ADVICE_RANDOM,
                                        ZN_ADVICE_WILL_NEED,
                                        ZN_ADVICE_DONT_NEED,
                                        ZN_ADVICE_HUGE_PAGES,
                                        ZN_ADVICE_NO_HUGE_PAGES,
                                        ZN_ADVICE_COLD,
                                        ZN_ADVICE_PAGE_OUT,
                                        ZN_FILE_READ,
                                        ZN_FILE_WRITE,
                                        ZN_FILE_APPEND,
                                        ZN_FILE_TRUNCATE,
                                        ZN_FILE_CREATE,
                                        ZN_FILE_CREATE_NEW,
                                        ZN_FILE_SYNC,
                                        ZN_FILE_DSYNC,
                                        ZN_FILE_DIRECT,
                                        ZN_FILE_NO_FOLLOW,
                                        ZN_FILE_DELETE,
                                        ZN_FILE_PARTS_MAX,
                                        JNI_FILE_BYTES_MAX,
                                        ZN_REGION_ZEROED,
                                        ZN_REGION_BEYOND_LIMIT,
                                        ZN_STATE_UNUSED,
                                        ZN_STATE_FREE,
                                        ZN_STATE_LIVE,
                                        ZN_STATE_RETIRED,
                                        ZN_STATE_QUARANTINED,
                                        ZN_STATE_CLOSED,
                                        ZN_CAUSE_CLOSED,
                                        ZN_CAUSE_CLEANED,
                                        ZN_CAUSE_LEAKED,
                                        ZN_KIND_REGION,
                                        ZN_KIND_MAPPING,
                                        ZN_KIND_MEMFD,
                                        ZN_KIND_PIN,
                                        ZN_KINDS,
                                        ZN_LEDGER_AGES,
                                        JNI_ENTRY_HANDLE,
                                        JNI_ENTRY_ADDRESS,
                                        JNI_ENTRY_SIZE,
                                        JNI_ENTRY_BIRTH,
                                        JNI_ENTRY_THREAD,
                                        JNI_ENTRY_SITE,
                                        JNI_ENTRY_KIND,
                                        JNI_ENTRY_STATE,
                                        JNI_ENTRY_LENGTH,
                                        ZN_PATH_COUNT};

static jlongArray JNICALL constants(JNIEnv *env, jclass self) {
  const jsize fixed = (jsize)(sizeof(fixed_constants) / sizeof(fixed_constants[0]));
  const jlong methods_bound = jni_method_count();
  jlongArray array = (*env)->NewLongArray(env, fixed + 1);
  if (array == NULL) return NULL;
  (*env)->SetLongArrayRegion(env, array, 0, fixed, fixed_constants);
  (*env)->SetLongArrayRegion(env, array, fixed, 1, &methods_bound);
  return array;
}

static jstring JNICALL errorName(JNIEnv *env, jclass self, jint code) {
  return (*env)->NewStringUTF(env, zn_error_name(code));
}

static jstring JNICALL errorText(JNIEnv *env, jclass self, jint code) {
  return (*env)->NewStringUTF(env, zn_error_text(code));
}

static jstring JNICALL pathName(JNIEnv *env, jclass self, jint path) {
  const char *name = zn_path_name(path);
  return name == NULL ? NULL : (*env)->NewStringUTF(env, name);
}

/* JNI sees private fields of every class; Java code outside java.base does not. */
static jobject JNICALL implLookup(JNIEnv *env, jclass self) {
  static const char lookup_name[] = "java/lang/invoke/MethodHandles$Lookup";
  static const char lookup_type[] = "Ljava/lang/invoke/MethodHandles$Lookup;";
  jclass lookup = (*env)->FindClass(env, lookup_name);
  if (lookup == NULL) return NULL;
  jfieldID field = (*env)->GetStaticFieldID(env, lookup, "IMPL_LOOKUP", lookup_type);
  if (field == NULL) {
    (*env)->ExceptionClear(env);
    return NULL;
  }
  return (*env)->GetStaticObjectField(env, lookup, field);
}

static jobject JNICALL newByteBuffer(JNIEnv *env, jclass self, jlong address, jlong size) {
  return (*env)->NewDirectByteBuffer(env, jni_pointer(address), size);
}

static const JNINativeMethod methods[] = {
    JNI_METHOD(abi, "()I"),
    JNI_METHOD(version, "()Ljava/lang/String;"),
    JNI_METHOD(constants, "()[J"),
    JNI_METHOD(errorName, "(I)Ljava/lang/String;"),
    JNI_METHOD(errorText, "(I)Ljava/lang/String;"),
    JNI_METHOD(pathName, "(I)Ljava/lang/String;"),
    JNI_METHOD(implLookup, "()Ljava/lang/Object;"),
    JNI_METHOD(newByteBuffer, "(JJ)Ljava/nio/ByteBuffer;"),
};
const struct jni_table jni_library_table = JNI_TABLE(methods);

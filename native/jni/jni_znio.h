/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JNI glue: io.znio.Native on top of the public C API. Primitives cross; nothing here chooses,
 * retries or throws (a Java array that is too short makes the JVM throw). Data flows one way: no
 * call into Java, no cached ids, no global references.
 *
 * One file per noun. Each offers its table of natives; jni_library.c joins them in JNI_OnLoad.
 */
#ifndef ZN_JNI_ZNIO_H
#define ZN_JNI_ZNIO_H

#include <jni.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jni_table {
  const JNINativeMethod *methods;
  jint count;
};

#define JNI_METHOD(name, signature)                                                                \
  { (char *)#name, (char *)(signature), (void *)(name) }

#define JNI_TABLE(methods)                                                                         \
  { (methods), (jint)(sizeof(methods) / sizeof((methods)[0])) }

extern const struct jni_table jni_library_table;
extern const struct jni_table jni_transfer_table;
extern const struct jni_table jni_pipe_table;
extern const struct jni_table jni_pin_table;
extern const struct jni_table jni_mapping_table;
extern const struct jni_table jni_guard_table;
extern const struct jni_table jni_memfd_table;
extern const struct jni_table jni_region_table;
extern const struct jni_table jni_magazine_table;
extern const struct jni_table jni_limit_table;
extern const struct jni_table jni_quarantine_table;
extern const struct jni_table jni_ledger_table;
extern const struct jni_table jni_thread_table;
extern const struct jni_table jni_file_table;
extern const struct jni_table jni_agent_table; /* agent/agent_java.c */

/* Is there another loaded copy of znio in this process? Then its path, cut to size. */
bool jni_find_other_core(char *path, size_t size);

/* Native methods that JNI_OnLoad binds. */
jint jni_method_count(void);

/* Bytes of an array that fileReadBytes and fileWriteBytes take. */
#define JNI_FILE_BYTES_MAX (64 << 10)

/* The longs of a receipt, in the order of io.znio.Native.RECEIPT_... */
enum jni_receipt {
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
  JNI_RECEIPT_LENGTH
};

/* The longs of an entry of the ledger, in the order of io.znio.Native.ENTRY_... */
enum jni_entry {
  JNI_ENTRY_HANDLE,
  JNI_ENTRY_ADDRESS,
  JNI_ENTRY_SIZE,
  JNI_ENTRY_BIRTH,
  JNI_ENTRY_THREAD,
  JNI_ENTRY_SITE,
  JNI_ENTRY_KIND,
  JNI_ENTRY_STATE,
  JNI_ENTRY_LENGTH
};

/* Handles and addresses cross as jlong. */
static inline void *jni_pointer(jlong value) { return (void *)(intptr_t)value; }
static inline jlong jni_long(const void *pointer) { return (jlong)(intptr_t)pointer; }

#endif

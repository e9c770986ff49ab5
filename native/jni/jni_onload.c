/* SPDX-License-Identifier: Apache-2.0 */
/* The JVM's entry: refuses a second copy of znio in the process, then binds io.znio.Native. */
#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "jni_znio.h"
#include "znio/znio.h"

extern const char zn_core_marker[]; /* each loaded copy of the core has one */

static const struct jni_table *const tables[] = {
    &jni_library_table,  &jni_transfer_table, &jni_pipe_table,       &jni_pin_table,
    &jni_mapping_table,  &jni_guard_table,    &jni_memfd_table,      &jni_region_table,
    &jni_magazine_table, &jni_limit_table,    &jni_quarantine_table, &jni_ledger_table,
    &jni_thread_table,   &jni_file_table,     &jni_agent_table,
};
#define TABLE_COUNT (sizeof(tables) / sizeof(tables[0]))

jint jni_method_count(void) {
  jint count = 0;
  for (size_t i = 0; i < TABLE_COUNT; i++) count += tables[i]->count;
  return count;
}

struct object_name {
  size_t skip; /* objects still to pass over */
  char path[PATH_MAX];
};

static int name_object(struct dl_phdr_info *info, size_t size, void *data) {
  struct object_name *name = data;
  if (name->skip-- > 0) return 0;
  snprintf(name->path, sizeof(name->path), "%s", info->dlpi_name == NULL ? "" : info->dlpi_name);
  return 1;
}

static bool is_other_core(const char *path) {
  void *object = path[0] == '\0' ? NULL : dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
  if (object == NULL) return false;
  void *marker = dlsym(object, "zn_core_marker");
  dlclose(object);
  return marker != NULL && marker != (void *)zn_core_marker;
}

/*
 * Objects are named one at a time: dlopen must not be called from inside dl_iterate_phdr, which
 * holds a lock of the dynamic linker.
 */
bool jni_find_other_core(char *path, size_t size) {
  struct object_name name;
  for (size_t i = 0;; i++) {
    name.skip = i;
    if (dl_iterate_phdr(name_object, &name) == 0) return false;
    if (!is_other_core(name.path)) continue;
    snprintf(path, size, "%s", name.path);
    return true;
  }
}

/* Throws; the JVM hands the error to whoever called System.load. returns: JNI_ERR. */
static jint refuse(JNIEnv *env, const char *other) {
  char message[3 * PATH_MAX];
  Dl_info self;
  const char *own = dladdr(zn_core_marker, &self) != 0 ? self.dli_fname : "this file";
  snprintf(
      message, sizeof(message),
      "znio is already loaded in this process from %s, so %s is refused (zn_core_marker): there "
      "can be one copy only, let all users share one class loader and one file",
      other, own);
  jclass error = (*env)->FindClass(env, "java/lang/UnsatisfiedLinkError");
  if (error != NULL) (*env)->ThrowNew(env, error, message);
  return JNI_ERR;
}

static jint bind(JNIEnv *env) {
  jclass native = (*env)->FindClass(env, "io/znio/Native");
  if (native == NULL) {
    /* A program that has the library but not the jar: nothing to bind, and no failure. */
    (*env)->ExceptionClear(env);
    return JNI_VERSION_1_8;
  }
  for (size_t i = 0; i < TABLE_COUNT; i++) {
    if ((*env)->RegisterNatives(env, native, tables[i]->methods, tables[i]->count) != JNI_OK) {
      return JNI_ERR; /* NoSuchMethodError is pending: jar and library are of different releases */
    }
  }
  (*env)->DeleteLocalRef(env, native);
  return JNI_VERSION_1_8;
}

JNIEXPORT jint JNICALL JNI_OnLoad(JavaVM *vm, void *reserved) {
  JNIEnv *env;
  if ((*vm)->GetEnv(vm, (void **)&env, JNI_VERSION_1_8) != JNI_OK) return JNI_ERR;
  char other[PATH_MAX];
  if (jni_find_other_core(other, sizeof other)) return refuse(env, other);
  return bind(env);
}

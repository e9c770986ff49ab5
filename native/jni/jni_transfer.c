/* SPDX-License-Identifier: Apache-2.0 */
/* io.znio.Native: transfers. */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "jni_znio.h"
#include "znio/region.h"
#include "znio/transfer.h"

static void fill_end(struct zn_end *end, jint kind, jint fd, jlong offset_or_address) {
  bool memory = kind == ZN_END_MEMORY;
  *end = (struct zn_end){.kind = kind,
                         .fd = fd,
                         .offset = memory ? 0 : offset_or_address,
                         .address = memory ? jni_pointer(offset_or_address) : NULL};
}

static void fill_receipt(JNIEnv *env, jlongArray array, const struct zn_receipt *receipt) {
  const jlong values[JNI_RECEIPT_LENGTH] = {
      [JNI_RECEIPT_BYTES] = receipt->bytes,
      [JNI_RECEIPT_SYSTEM_CALLS] = receipt->system_calls,
      [JNI_RECEIPT_STRANDED_BYTES] = receipt->stranded_bytes,
      [JNI_RECEIPT_PATH] = receipt->path,
      [JNI_RECEIPT_DECLINED_PATH] = receipt->declined_path,
      [JNI_RECEIPT_DECLINED_REASON] = receipt->declined_reason,
      [JNI_RECEIPT_ERROR] = receipt->error,
      [JNI_RECEIPT_KERNEL_COPIED] = receipt->kernel_copied,
      [JNI_RECEIPT_STRANDED] = jni_long(receipt->stranded),
      [JNI_RECEIPT_PIN] = jni_long(receipt->pin),
      [JNI_RECEIPT_LOST_OFFSET] = receipt->lost_offset,
      [JNI_RECEIPT_LOST_DEVICE] = (jlong)receipt->lost_device,
      [JNI_RECEIPT_LOST_INODE] = (jlong)receipt->lost_inode,
  };
  (*env)->SetLongArrayRegion(env, array, 0, JNI_RECEIPT_LENGTH, values);
}

static jlong JNICALL transfer(JNIEnv *env, jclass self, jint source_kind, jint source_fd,
                              jlong source_at, jint target_kind, jint target_fd, jlong target_at,
                              jlong count, jint path, jint flags, jint depth, jint chunk_bytes,
                              jint tee_kind, jint tee_fd, jlongArray array) {
  struct zn_end source, target, tee;
  fill_end(&source, source_kind, source_fd, source_at);
  fill_end(&target, target_kind, target_fd, target_at);
  fill_end(&tee, tee_kind, tee_fd, ZN_OFFSET_CURRENT);
  const struct zn_transfer_options options = {.path = path,
                                              .flags = (uint32_t)flags,
                                              .depth = (uint32_t)depth,
                                              .chunk_bytes = (uint32_t)chunk_bytes,
                                              .tee = tee_kind == 0 ? NULL : &tee};
  if (array == NULL) return zn_transfer(&source, &target, count, &options, NULL);
  struct zn_receipt receipt = {0};
  jlong result = zn_transfer(&source, &target, count, &options, &receipt);
  fill_receipt(env, array, &receipt);
  return result;
}

/* Java packs a region into three longs (offset, length, descriptor); C reads them in place. */
_Static_assert(sizeof(struct zn_file_region) == 3 * sizeof(jlong), "a region is three longs");
_Static_assert(offsetof(struct zn_file_region, offset) == 0, "offset comes first");
_Static_assert(offsetof(struct zn_file_region, length) == 8, "length comes second");
_Static_assert(offsetof(struct zn_file_region, fd) == 16, "the descriptor comes third");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the low half of a long comes first");

#define STACK_REGIONS 64

struct region_call {
  const void *header;
  jlong header_size;
  struct zn_end target;
  struct zn_transfer_options options;
};

static jlong send_regions(JNIEnv *env, const struct region_call *call,
                          const struct zn_file_region *regions, jint count, jlongArray array) {
  if (array == NULL) {
    return zn_transfer_regions(call->header, (size_t)call->header_size, regions, (size_t)count,
                               &call->target, &call->options, NULL);
  }
  struct zn_receipt receipt = {0};
  jlong result = zn_transfer_regions(call->header, (size_t)call->header_size, regions,
                                     (size_t)count, &call->target, &call->options, &receipt);
  fill_receipt(env, array, &receipt);
  return result;
}

/* The regions are copied out of the Java heap: an array must not be held over blocking calls. */
static jlong copy_and_send(JNIEnv *env, const struct region_call *call, jlongArray packed,
                           jint first, jint count, jlongArray array) {
  struct zn_file_region stack[STACK_REGIONS];
  void *heap = NULL;
  int64_t size = (int64_t)count * (int64_t)sizeof(struct zn_file_region);
  if (count > STACK_REGIONS) {
    int result = zn_region_allocate(size, 0, &heap);
    if (result < 0) return result;
  }
  struct zn_file_region *regions = heap == NULL ? stack : heap;
  jlong result = -EINVAL;
  (*env)->GetLongArrayRegion(env, packed, 3 * first, 3 * count, (jlong *)regions);
  if (!(*env)->ExceptionCheck(env)) result = send_regions(env, call, regions, count, array);
  zn_region_free(heap, size, 0);
  return result;
}

static jlong JNICALL transferRegions(JNIEnv *env, jclass self, jlong header, jlong header_size,
                                     jlongArray packed, jint first, jint count, jint target_kind,
                                     jint target_fd, jlong target_at, jint path, jint flags,
                                     jlongArray array) {
  struct region_call call = {.header = jni_pointer(header),
                             .header_size = header_size,
                             .options = {.path = path, .flags = (uint32_t)flags}};
  fill_end(&call.target, target_kind, target_fd, target_at);
  return copy_and_send(env, &call, packed, first, count, array);
}

static const JNINativeMethod methods[] = {
    JNI_METHOD(transfer, "(IIJIIJJIIIIII[J)J"),
    JNI_METHOD(transferRegions, "(JJ[JIIIIJII[J)J"),
};
const struct jni_table jni_transfer_table = JNI_TABLE(methods);

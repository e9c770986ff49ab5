/* SPDX-License-Identifier: Apache-2.0 */
#include "transfer_memory.h"

#include <errno.h>
#include <sys/mman.h>

#include "mapping_span.h"
#include "sys.h"
#include "znio/guard.h"

static void tell(struct zn_receipt *receipt, const struct zn_guard_place *place, int64_t offset) {
  receipt->lost_offset = offset;
  receipt->lost_device = place->device;
  receipt->lost_inode = place->inode;
}

int zn_memory_check(const void *address, int64_t size, struct zn_receipt *receipt) {
  int64_t offset;
  int result = zn_guard_check(address, size, &offset);
  if (result == 0) return 0;
  struct zn_guard_place place = {0}; /* stays so if its owner releases it just now */
  (void)!zn_guard_locate(address, &place);
  tell(receipt, &place, offset);
  return result;
}

/*
 * In the first page from address on that cannot be had. What the kernel has moved ends before it,
 * but not always right before it: a packet is filled whole or not at all. Where nobody can tell
 * (before Linux 5.14, or the page is there again) address is.
 */
static char *in_lost_page(char *address, int64_t size, bool writes) {
  struct zn_page_span span;
  if (!zn_page_span_of(address, size, &span)) return address;
  int advice = writes ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
  size_t page_bytes = (size_t)zn_sys_page_bytes();
  size_t good = 0; /* pages that can be had */
  size_t bad = span.bytes / page_bytes;
  if (zn_sys_madvise(span.base, span.bytes, advice) != -EFAULT) return address;
  while (bad - good > 1) {
    size_t middle = good + (bad - good) / 2;
    char *from = span.base + good * page_bytes;
    bool can = zn_sys_madvise(from, (middle - good) * page_bytes, advice) == 0;
    *(can ? &good : &bad) = middle;
  }
  return span.base + good * page_bytes;
}

int zn_memory_explain(void *address, int64_t size, bool writes, struct zn_receipt *receipt) {
  struct zn_guard_place place;
  if (size <= 0 || zn_guard_locate(address, &place) < 0) return -EFAULT;
  if (place.closed) return ZN_ECLOSED;
  if (writes && !place.writable) return -EFAULT;
  char *lost = in_lost_page(address, size, writes);
  int64_t file_offset = place.file_offset + (lost - (char *)address);
  tell(receipt, &place, file_offset - file_offset % zn_sys_page_bytes());
  return ZN_ELOST;
}

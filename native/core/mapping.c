/* SPDX-License-Identifier: Apache-2.0 */
#include "znio/mapping.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "ledger_count.h"
#include "mapping_span.h"
#include "sys.h"
#include "znio/guard.h"
#include "znio/ledger.h"

/* Pages that one mincore call reports on: a byte of stack each. */
#define ZN_MAPPING_MINCORE_PAGES ((int64_t)4096)

bool zn_page_span_of(const void *address, int64_t size, struct zn_page_span *span) {
  if (address == NULL || size <= 0) return false;
  uintptr_t page_bytes = (uintptr_t)zn_sys_page_bytes();
  uintptr_t inside = (uintptr_t)address % page_bytes;
  if ((uintptr_t)size > UINTPTR_MAX - (uintptr_t)address - page_bytes) return false;
  size_t bytes = (size_t)inside + (size_t)size;
  span->base = (char *)address - inside;
  span->bytes = (bytes + page_bytes - 1) / page_bytes * page_bytes;
  return true;
}

int zn_mapping_protection(int mode) {
  return mode == ZN_MAPPING_READ_ONLY ? PROT_READ : PROT_READ | PROT_WRITE;
}

/* Private anonymous pages: shared ones would be a file of their own, in the kernel's tmpfs. */
int zn_mapping_map_flags(int fd, int mode) {
  if (fd < 0) return MAP_PRIVATE | MAP_ANONYMOUS;
  return mode == ZN_MAPPING_PRIVATE ? MAP_PRIVATE : MAP_SHARED;
}

int zn_mapping_check(int fd, int64_t offset, int64_t size, int mode) {
  if (size <= 0 || offset < 0) return -EINVAL;
  if (mode < ZN_MAPPING_READ_ONLY || mode > ZN_MAPPING_PRIVATE) return -EINVAL;
  if (fd < 0 && (fd != -1 || offset != 0 || mode != ZN_MAPPING_READ_WRITE)) return -EINVAL;
  int64_t inside = offset % zn_sys_page_bytes();
  if (size > INT64_MAX - offset || size > INT64_MAX - inside) return -EOVERFLOW;
  return (uint64_t)size + (uint64_t)inside > SIZE_MAX ? -EOVERFLOW : 0;
}

int zn_mapping_map(int fd, int64_t offset, int64_t size, int mode, void **out) {
  *out = NULL;
  int result = zn_mapping_check(fd, offset, size, mode);
  if (result < 0) return result;
  int64_t inside = offset % zn_sys_page_bytes();
  void *base;
  result = zn_ledger_add(ZN_KIND_MAPPING, size);
  if (result < 0) return result;
  result = zn_sys_mmap(fd, offset - inside, (size_t)(size + inside), zn_mapping_protection(mode),
                       zn_mapping_map_flags(fd, mode), &base);
  if (result < 0) {
    zn_ledger_undo(ZN_KIND_MAPPING, size);
    return result;
  }
  *out = (char *)base + inside;
  return 0;
}

int zn_mapping_unmap(void *address, int64_t size) {
  struct zn_page_span span;
  struct zn_guard_place owned;
  if (!zn_page_span_of(address, size, &span)) return -EINVAL;
  if (zn_guard_locate(address, &owned) == 0) return -EINVAL; /* its owner would unmap it again */
  int result = zn_sys_munmap(span.base, span.bytes);
  if (result == 0) zn_ledger_remove(ZN_KIND_MAPPING, size);
  return result;
}

int zn_mapping_force(void *address, int64_t size) {
  struct zn_page_span span;
  int64_t damaged_offset;
  if (!zn_page_span_of(address, size, &span)) return -EINVAL;
  int result = zn_sys_msync(span.base, span.bytes);
  if (result < 0) return result;
  return zn_guard_check(address, size, &damaged_offset);
}

int64_t zn_mapping_count_resident(const struct zn_page_span *span, uint64_t *bits) {
  unsigned char pages[ZN_MAPPING_MINCORE_PAGES];
  int64_t page_bytes = zn_sys_page_bytes();
  int64_t count = (int64_t)span->bytes / page_bytes;
  int64_t resident = 0;
  for (int64_t first = 0; first < count; first += ZN_MAPPING_MINCORE_PAGES) {
    int64_t some = count - first;
    if (some > ZN_MAPPING_MINCORE_PAGES) some = ZN_MAPPING_MINCORE_PAGES;
    int result =
        zn_sys_mincore(span->base + first * page_bytes, (size_t)(some * page_bytes), pages);
    if (result < 0) return result;
    for (int64_t i = 0; i < some; i++) {
      uint64_t in_memory = pages[i] & 1; /* the other bits are reserved */
      resident += (int64_t)in_memory;
      if (bits != NULL) bits[(first + i) / 64] |= in_memory << ((first + i) % 64);
    }
  }
  return resident;
}

int64_t zn_mapping_resident_pages(void *address, int64_t size) {
  struct zn_page_span span;
  int64_t damaged_offset;
  if (!zn_page_span_of(address, size, &span)) return -EINVAL;
  int result = zn_guard_check(address, size, &damaged_offset);
  return result < 0 ? result : zn_mapping_count_resident(&span, NULL);
}

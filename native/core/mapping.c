/* SPDX-License-Identifier: Apache-2.0 */
#include "znio/mapping.h"

#include <errno.h>
#include <sys/mman.h>

#include "ledger_count.h"
#include "sys.h"

/* Pages that one mincore call reports on: a byte of stack each. */
#define ZN_MAPPING_MINCORE_PAGES ((int64_t)4096)

/* The pages that hold a range: the kernel's calls take page-aligned addresses only. */
struct zn_page_range {
  char *base;
  size_t bytes;
};

static bool page_range(void *address, int64_t size, struct zn_page_range *range) {
  if (address == NULL || size <= 0) return false;
  uintptr_t page_bytes = (uintptr_t)zn_sys_page_bytes();
  uintptr_t inside = (uintptr_t)address % page_bytes;
  if ((uintptr_t)size > UINTPTR_MAX - (uintptr_t)address - page_bytes) return false;
  size_t bytes = (size_t)inside + (size_t)size;
  range->base = (char *)address - inside;
  range->bytes = (bytes + page_bytes - 1) / page_bytes * page_bytes;
  return true;
}

int zn_mapping_map(int fd, int64_t offset, int64_t size, int mode, void **out) {
  *out = NULL;
  if (size <= 0 || offset < 0) return -EINVAL;
  if (mode < ZN_MAPPING_READ_ONLY || mode > ZN_MAPPING_PRIVATE) return -EINVAL;
  if (fd < 0 && (fd != -1 || offset != 0 || mode != ZN_MAPPING_READ_WRITE)) return -EINVAL;
  int64_t inside = offset % zn_sys_page_bytes();
  if (size > INT64_MAX - offset || size > INT64_MAX - inside) return -EOVERFLOW;
  if ((uint64_t)size + (uint64_t)inside > SIZE_MAX) return -EOVERFLOW;
  int protection = mode == ZN_MAPPING_READ_ONLY ? PROT_READ : PROT_READ | PROT_WRITE;
  int flags = mode == ZN_MAPPING_PRIVATE ? MAP_PRIVATE : MAP_SHARED;
  /* Private anonymous pages: shared ones would be a file of their own, in the kernel's tmpfs. */
  if (fd == -1) flags = MAP_PRIVATE | MAP_ANONYMOUS;
  void *base;
  int result = zn_sys_mmap(fd, offset - inside, (size_t)(size + inside), protection, flags, &base);
  if (result < 0) return result;
  zn_ledger_count(ZN_LEDGER_MAPPING, 1, size);
  *out = (char *)base + inside;
  return 0;
}

int zn_mapping_unmap(void *address, int64_t size) {
  struct zn_page_range range;
  if (!page_range(address, size, &range)) return -EINVAL;
  int result = zn_sys_munmap(range.base, range.bytes);
  if (result == 0) zn_ledger_count(ZN_LEDGER_MAPPING, -1, -size);
  return result;
}

int zn_mapping_force(void *address, int64_t size) {
  struct zn_page_range range;
  if (!page_range(address, size, &range)) return -EINVAL;
  return zn_sys_msync(range.base, range.bytes);
}

int64_t zn_mapping_resident_pages(void *address, int64_t size) {
  struct zn_page_range range;
  if (!page_range(address, size, &range)) return -EINVAL;
  unsigned char pages[ZN_MAPPING_MINCORE_PAGES];
  int64_t page_bytes = zn_sys_page_bytes();
  int64_t count = (int64_t)range.bytes / page_bytes;
  int64_t resident = 0;
  for (int64_t first = 0; first < count; first += ZN_MAPPING_MINCORE_PAGES) {
    int64_t some = count - first;
    if (some > ZN_MAPPING_MINCORE_PAGES) some = ZN_MAPPING_MINCORE_PAGES;
    int result =
        zn_sys_mincore(range.base + first * page_bytes, (size_t)(some * page_bytes), pages);
    if (result < 0) return result;
    for (int64_t i = 0; i < some; i++) resident += pages[i] & 1; /* the other bits are reserved */
  }
  return resident;
}

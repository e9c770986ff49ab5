/* SPDX-License-Identifier: Apache-2.0 */
#include "znio/region.h"

#include <errno.h>
#include <stddef.h>

#include "heap.h"
#include "ledger_count.h"

#define ZN_REGION_ALIGNMENT_DEFAULT 16
#define ZN_REGION_ALIGNMENT_MAX ((int64_t)1 << 30)

static int64_t effective_alignment(int64_t alignment) {
  return alignment == 0 ? ZN_REGION_ALIGNMENT_DEFAULT : alignment;
}

int zn_region_allocate(int64_t size, int64_t alignment, void **out) {
  *out = NULL;
  alignment = effective_alignment(alignment);
  if (size <= 0 || alignment < 0 || alignment > ZN_REGION_ALIGNMENT_MAX) return -EINVAL;
  if ((alignment & (alignment - 1)) != 0) return -EINVAL;
  void *address = zn_heap_allocate((size_t)size, (size_t)alignment);
  if (address == NULL) return -ENOMEM;
  zn_ledger_count(ZN_LEDGER_REGION, 1, size);
  *out = address;
  return 0;
}

void zn_region_free(void *address, int64_t size, int64_t alignment) {
  if (address == NULL) return;
  zn_heap_free(address, (size_t)size, (size_t)effective_alignment(alignment));
  zn_ledger_count(ZN_LEDGER_REGION, -1, -size);
}

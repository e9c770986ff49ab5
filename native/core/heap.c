/* SPDX-License-Identifier: Apache-2.0 */
#include "heap.h"

#include <jemalloc/jemalloc.h>

void *zn_heap_allocate(size_t size, size_t alignment) {
  return je_mallocx(size, MALLOCX_ALIGN(alignment));
}

void zn_heap_free(void *address, size_t size, size_t alignment) {
  if (address != NULL) je_sdallocx(address, size, MALLOCX_ALIGN(alignment));
}

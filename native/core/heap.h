/* SPDX-License-Identifier: Apache-2.0 */
/* The edge to jemalloc: the only file that includes its header is heap.c. */
#ifndef ZN_CORE_HEAP_H
#define ZN_CORE_HEAP_H

#include <stddef.h>

/* Allocates size > 0 bytes aligned to a power of two. Not zeroed. NULL when memory is exhausted. */
void *zn_heap_allocate(size_t size, size_t alignment);

/* Frees; size and alignment as allocated. NULL does nothing. */
void zn_heap_free(void *address, size_t size, size_t alignment);

#endif

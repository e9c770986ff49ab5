/* SPDX-License-Identifier: Apache-2.0 */
/* Size classes: jemalloc's own, so that a class wastes nothing. */
#ifndef ZN_CORE_REGION_CLASS_H
#define ZN_CORE_REGION_CLASS_H

#include <stdint.h>

#include "znio/region.h"

/* Every block is aligned to the largest power of two in its class's bytes, up to this. */
#define ZN_CLASS_ALIGNMENT_MAX 4096

/* From here on jemalloc gives a block pages of its own, and starts it anywhere in the first. */
#define ZN_CLASS_LARGE_MIN ((int64_t)16 << 10)

/* Blocks up to this may stay in jemalloc's cache of the thread that frees them: of each class it
 * keeps 200 small or 20 large ones, which for large ones would be tens of MiB. */
#define ZN_CLASS_CACHED_MAX ((int64_t)32 << 10)

/* The steps: class i is the smallest that holds size, for sizes up to ZN_REGION_CLASS_BYTES_MAX. */
static inline int zn_class_of(int64_t size) {
  if (size <= 16) return 0;
  uint64_t last = (uint64_t)size - 1;
  if (last < 128) return (int)(last >> 4);
  int log2 = 63 - __builtin_clzll(last);
  return 8 + (log2 - 7) * 4 + (int)(last >> (log2 - 2) & 3);
}

static inline int64_t zn_class_bytes(int region_class) {
  if (region_class < 8) return ((int64_t)region_class + 1) * 16;
  int doubling = (region_class - 8) / 4;
  int step = (region_class - 8) % 4 + 1;
  return ((int64_t)128 << doubling) + step * ((int64_t)32 << doubling);
}

/* What jemalloc is told: small classes are aligned anyway, large ones only if asked for. */
static inline int64_t zn_class_alignment(int region_class) {
  return zn_class_bytes(region_class) >= ZN_CLASS_LARGE_MIN ? ZN_CLASS_ALIGNMENT_MAX : 16;
}

#endif

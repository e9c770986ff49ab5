/* SPDX-License-Identifier: Apache-2.0 */
/* What plain and owned mappings share. */
#ifndef ZN_CORE_MAPPING_SPAN_H
#define ZN_CORE_MAPPING_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "znio/error.h"

/* The pages that hold a range: the kernel's calls take page-aligned addresses only. */
struct zn_page_span {
  char *base;
  size_t bytes;
};

/* returns: false for a range that is empty or wraps around. */
bool zn_page_span_of(const void *address, int64_t size, struct zn_page_span *span);

/* PROT_..., MAP_SHARED and the like for enum zn_mapping_mode. fd -1: anonymous. */
int zn_mapping_protection(int mode);
int zn_mapping_map_flags(int fd, int mode);

/* Checks the arguments of a mapping. returns: 0; -EINVAL; -EOVERFLOW. */
ZN_MUST_CHECK int zn_mapping_check(int fd, int64_t offset, int64_t size, int mode);

/* Counts pages in memory, as zn_mapping_residency. bits may be NULL. */
ZN_MUST_CHECK int64_t zn_mapping_count_resident(const struct zn_page_span *span, uint64_t *bits);

#endif

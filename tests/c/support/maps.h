/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of mappings with an owner share. */
#ifndef SUPPORT_MAPS_H
#define SUPPORT_MAPS_H

#include <stdint.h>

#include "znio/mapping.h"

extern int64_t page_bytes; /* from maps_before on */

/* Setup and teardown: a test leaves no mapping behind, open or closed. */
int maps_before(void **state);
int maps_after(void **state);

/* Maps, or fails the test. */
struct zn_mapping *open_mapping(int fd, int64_t offset, int64_t size, int mode, uint32_t flags);

/* Lines of /proc/self/maps that hold text; that are of a file. */
int maps_with(const char *text);
int maps_of(int fd);

#endif

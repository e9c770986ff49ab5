/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mapping: pages of a file, or pages of their own, in this process's address space.
 */
#ifndef ZNIO_MAPPING_H
#define ZNIO_MAPPING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "znio/error.h"

#ifdef __cplusplus
extern "C" {
#endif

enum zn_mapping_mode {
  ZN_MAPPING_READ_ONLY = 0,
  ZN_MAPPING_READ_WRITE = 1,
  ZN_MAPPING_PRIVATE = 2, /* copy-on-write: the first write to a page copies that page */
};

/*
 * Maps size bytes of a file from offset, which need not be aligned: *out is the address of the byte
 * at offset. fd -1 maps anonymous zeroed pages (mode READ_WRITE). The mapping outlives the
 * descriptor. End it with zn_mapping_unmap(*out, size).
 *
 * pre: size > 0, offset >= 0.
 * returns: 0; -EINVAL a bad argument; -EACCES the descriptor is not open for that mode; -ENOMEM;
 * -ENODEV it cannot be mapped (a pipe, a socket, most of /proc); -EOVERFLOW offset + size; -EBADF.
 * Then *out is NULL.
 *
 * A page past the end of the file raises SIGBUS when it is touched; system calls get EFAULT
 * instead. Mirrors FileChannel.map, without extending the file.
 */
ZN_API ZN_MUST_CHECK int zn_mapping_map(int fd, int64_t offset, int64_t size, int mode, void **out);

/*
 * Unmaps what zn_mapping_map gave, with the same size: whole pages, the one that holds the first
 * byte included. The range must not be used afterwards. returns: 0; -EINVAL.
 */
ZN_API ZN_MUST_CHECK int zn_mapping_unmap(void *address, int64_t size);

/*
 * Writes dirty pages of a shared file mapping to the file and waits for the device (msync,
 * MS_SYNC). address need not be aligned. returns: 0; -EINVAL, -EIO, -ENOMEM (not mapped). Mirrors
 * MappedByteBuffer.force.
 */
ZN_API ZN_MUST_CHECK int zn_mapping_force(void *address, int64_t size);

/*
 * Counts the pages that hold the range and are in memory (mincore); of a file the page cache's, of
 * anonymous memory those touched. returns: pages >= 0; -EINVAL, -ENOMEM (not mapped).
 */
ZN_API ZN_MUST_CHECK int64_t zn_mapping_resident_pages(void *address, int64_t size);

#ifdef __cplusplus
}
#endif
#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mapping: pages of a file, or pages of their own, in this process's address space.
 *
 * struct zn_mapping has an owner, who closes it. Its memory has three states:
 *
 *   OPEN      the file's pages
 *   CLOSED    by zn_mapping_close: the file is unmapped, the addresses are kept. An access is a
 *             SIGBUS (in Java: InternalError), never reaches memory of somebody else, and system
 *             calls get EFAULT
 *   RELEASED  by zn_mapping_release: the addresses are the system's again. Only when nobody can
 *             reach a view of them
 *
 * The plain functions (zn_mapping_map, ...) have no owner and no guard (znio/guard.h): for memory
 * that cannot be lost, such as anonymous pages and sealed memfds, and for whoever looks after it
 * alone.
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

/* --- with an owner --- */

/* What the kernel is told about pages (madvise). */
enum zn_mapping_advice {
  ZN_ADVICE_NORMAL = 0,
  ZN_ADVICE_SEQUENTIAL = 1, /* read ahead more, drop soon */
  ZN_ADVICE_RANDOM = 2,     /* no read-ahead */
  ZN_ADVICE_WILL_NEED = 3,  /* begin to read now, do not wait */
  ZN_ADVICE_DONT_NEED = 4, /* take the pages out of this mapping; the file keeps what was written */
  ZN_ADVICE_HUGE_PAGES = 5, /* transparent huge pages, where the file system can */
  ZN_ADVICE_NO_HUGE_PAGES = 6,
  ZN_ADVICE_COLD = 7,     /* reclaim these first (Linux 5.4) */
  ZN_ADVICE_PAGE_OUT = 8, /* reclaim now (Linux 5.4) */
};

enum zn_mapping_flag {
  /* A file that ends before offset + size is made longer, by a hole, as FileChannel.map does. */
  ZN_MAPPING_EXTEND = 1,
  /* The range gets its blocks on the device now (fallocate; makes the file longer too): a full disk
   * is -ENOSPC here, not a SIGBUS later. */
  ZN_MAPPING_PREALLOCATE = 2,
  /* All pages are read in, and mapped, before the call returns (MADV_POPULATE_READ of Linux 5.14,
   * else MAP_POPULATE). */
  ZN_MAPPING_POPULATE = 4,
  /* The same, ready to be written to: nothing can go wrong in a later write. Makes every page of a
   * shared mapping dirty. Linux 5.14, else ZN_EKERNEL. */
  ZN_MAPPING_POPULATE_WRITE = 8,
  /* All pages are read in and stay in memory until close (mlock). */
  ZN_MAPPING_LOCK = 16,
  /* Each page stays from its first touch on (MLOCK_ONFAULT of Linux 4.4). */
  ZN_MAPPING_LOCK_ON_FAULT = 32,
  /* Aligned for transparent huge pages, and asked for by advice. Files of hugetlbfs need no flag.
   */
  ZN_MAPPING_HUGE = 64,
  /* A write is durable as soon as its cache line is written back (MAP_SYNC of Linux 4.15): files on
   * persistent memory with DAX only, else -EOPNOTSUPP. For shared mappings of files. */
  ZN_MAPPING_SYNC = 128,
};

struct zn_mapping_options {
  uint32_t flags;  /* of enum zn_mapping_flag */
  int32_t advice;  /* enum zn_mapping_advice, for the whole mapping */
  uint32_t thread; /* who makes it: the caller's number */
  uint32_t site;   /* and where: of zn_site_intern, or 0 */
};

struct zn_mapping;

/*
 * Maps size bytes of a file from offset, which need not be aligned. fd -1 maps anonymous zeroed
 * pages (mode READ_WRITE, offset 0, no EXTEND or PREALLOCATE). options: NULL is none. The mapping
 * outlives the descriptor. Installs the guard, unless it is switched off. *out is ended by
 * zn_mapping_close and zn_mapping_release. On failure nothing is mapped, but a file that was made
 * longer stays so, as in the JDK; without blocks for PREALLOCATE its length is as before. The
 * mapping is in the ledger (kind MAPPING), and its size counts against the limit of mappings, until
 * it is closed or released.
 *
 * returns: 0; ZN_ELIMIT; -EINVAL size <= 0, offset < 0, an unknown mode, flag or advice, a flag
 * that does not go with the mode; -EACCES the descriptor is not open for the mode, or not for the
 * writing that EXTEND and PREALLOCATE need; -EOVERFLOW offset + size; -ENODEV not a file that can
 * be mapped; -EFBIG, -ENOSPC, -EDQUOT no room; -EOPNOTSUPP no SYNC here; -ENOMEM no address space,
 * memory, or more mappings (vm.max_map_count); -EFAULT a page to populate cannot be had: the file
 * ends before it, or its device is full; ZN_ETRUNCATED a page to lock likewise; ZN_EMEMLOCK;
 * ZN_EFILESYSTEM no fallocate here; ZN_EKERNEL no such advice or population here; -EINTR, -EIO and
 * what else fallocate gives.
 *
 * Mirrors FileChannel.map, which has no options and retries -ENOMEM after a garbage collection.
 */
ZN_API ZN_MUST_CHECK int zn_mapping_open(int fd, int64_t offset, int64_t size, int mode,
                                         const struct zn_mapping_options *options,
                                         struct zn_mapping **out);

/* The address of the byte at offset: of the same use, whatever the state. */
ZN_API void *zn_mapping_address(const struct zn_mapping *mapping);

/*
 * OPEN -> CLOSED: the file is unmapped when this returns; what was written to a shared mapping is
 * in the page cache, not yet on the device. To be called when no transfer is at work on it; one
 * that is gets EFAULT. Any thread; of two at a time one closes.
 *
 * returns: 0; ZN_EDAMAGED it is closed, but writes were lost (zn_mapping_describe); ZN_ECLOSED it
 * was closed before; -ENOMEM, -EMFILE, -ENFILE no room for what takes the file's place: it stays
 * open.
 */
ZN_API ZN_MUST_CHECK int zn_mapping_close(struct zn_mapping *mapping);

/*
 * -> RELEASED: gives the addresses back and frees mapping. pre: nobody else can reach mapping or a
 * view of its memory. An open mapping is unmapped without the step between, which is cheaper.
 *
 * returns: 0; ZN_EDAMAGED it is released, it was open, and writes were lost; -EBUSY a fault in it
 * is being dealt with, or -ENOMEM vm.max_map_count: try again later, nothing has changed. NULL does
 * nothing.
 */
ZN_API ZN_MUST_CHECK int zn_mapping_release(struct zn_mapping *mapping);

/* Says before the release of an open mapping how the ledger is to count it: enum zn_cause; without
 * it as closed. */
ZN_API void zn_mapping_set_cause(struct zn_mapping *mapping, int cause);

/* Returns the handle of the mapping's record in the ledger; valid until it is released. */
ZN_API uint64_t zn_mapping_record(const struct zn_mapping *mapping);

/*
 * The same for count mappings, with a result for each. Neighbours leave by one system call: that
 * keeps short how long others wait for the kernel's lock of the address space.
 */
ZN_API void zn_mapping_release_all(struct zn_mapping *const mappings[], int results[],
                                   int32_t count);

/*
 * The operations below work on size bytes from offset in the mapping, any alignment, and share
 * these results: -EINVAL the range is not within the mapping; ZN_ECLOSED it is closed, or was while
 * the call ran; ZN_EDAMAGED a page was lost and replaced, zn_mapping_describe says where. Any
 * thread.
 */

/*
 * Writes dirty pages to the file and waits for the device (msync MS_SYNC). returns: 0; -EIO; as
 * above: success is never claimed for a write that a replaced page has swallowed. Mirrors
 * MappedByteBuffer.force.
 */
ZN_API ZN_MUST_CHECK int zn_mapping_force_range(struct zn_mapping *mapping, int64_t offset,
                                                int64_t size);

/*
 * Reads pages in and maps them. returns: 0; -EFAULT one cannot be had: the file was cut short;
 * ZN_EKERNEL before Linux 5.14 (ZN_ADVICE_WILL_NEED is the next best); -EIO; as above. Mirrors
 * MappedByteBuffer.load, which touches page by page.
 */
ZN_API ZN_MUST_CHECK int zn_mapping_load(struct zn_mapping *mapping, int64_t offset, int64_t size);

/*
 * Gives advice. DONT_NEED is not for PRIVATE and anonymous mappings, whose writes it would drop.
 * returns: 0; -EINVAL unknown advice, or that; ZN_EKERNEL not known here; -EBUSY a page is locked;
 * as above.
 */
ZN_API ZN_MUST_CHECK int zn_mapping_advise(struct zn_mapping *mapping, int64_t offset, int64_t size,
                                           int advice);

/*
 * Tells which pages are in memory (mincore): bit i % 64 of bits[i / 64] is page i, counted from the
 * one that holds offset. bits: NULL, or room for words * 64 pages (zn_mapping_pages). Linux tells
 * only of files this user may write or owns; of others it says that all pages are in memory.
 * returns: pages in memory >= 0; -EINVAL too few words; as above.
 */
ZN_API ZN_MUST_CHECK int64_t zn_mapping_residency(struct zn_mapping *mapping, int64_t offset,
                                                  int64_t size, uint64_t *bits, int64_t words);

/* Pages of the system that the range touches. returns: pages, or -EINVAL. */
ZN_API ZN_MUST_CHECK int64_t zn_mapping_pages(const struct zn_mapping *mapping, int64_t offset,
                                              int64_t size);

struct zn_mapping_status {
  int64_t size;
  int64_t file_offset; /* as opened */
  uint64_t device;     /* of the file; 0: anonymous */
  uint64_t inode;
  int64_t damaged_offset; /* in the file, of the page that was replaced first; -1: none */
  int64_t damaged_pages;
  int64_t stale_pages; /* replaced after the close */
  int32_t mode;
  bool closed;
};

/* Fills status. Works in every state. */
ZN_API void zn_mapping_describe(struct zn_mapping *mapping, struct zn_mapping_status *status);

/* Mappings that are closed and not yet released, and the bytes of address space they keep. */
ZN_API void zn_mapping_kept(int64_t *mappings, int64_t *bytes);

/* --- plain --- */

/*
 * Maps size bytes of a file from offset, which need not be aligned: *out is the address of the byte
 * at offset. fd -1 maps anonymous zeroed pages (mode READ_WRITE). The mapping outlives the
 * descriptor. End it with zn_mapping_unmap(*out, size).
 *
 * It counts against the limit of mappings, but has no record in the ledger.
 *
 * pre: size > 0, offset >= 0.
 * returns: 0; ZN_ELIMIT; -EINVAL, -EACCES (mode against the descriptor's), -ENOMEM, -ENODEV,
 * -EOVERFLOW.
 *
 * A page past the end of the file raises SIGBUS when it is touched; system calls get EFAULT
 * instead. Mirrors FileChannel.map, without extending the file.
 */
ZN_API ZN_MUST_CHECK int zn_mapping_map(int fd, int64_t offset, int64_t size, int mode, void **out);

/*
 * Unmaps what zn_mapping_map gave. The range must not be used afterwards. returns: 0; -EINVAL, also
 * for memory of a zn_mapping_open.
 */
ZN_API ZN_MUST_CHECK int zn_mapping_unmap(void *address, int64_t size);

/*
 * Writes dirty pages of a shared file mapping to the file and waits for the device (msync,
 * MS_SYNC). address need not be aligned. returns: 0; -EIO, -ENOMEM (not mapped); ZN_EDAMAGED memory
 * of a zn_mapping_open that is damaged. Mirrors MappedByteBuffer.force.
 */
ZN_API ZN_MUST_CHECK int zn_mapping_force(void *address, int64_t size);

/*
 * Counts the pages of the range that are in memory (mincore). returns: pages >= 0; -ENOMEM (not
 * mapped); ZN_EDAMAGED likewise.
 */
ZN_API ZN_MUST_CHECK int64_t zn_mapping_resident_pages(void *address, int64_t size);

#ifdef __cplusplus
}
#endif
#endif

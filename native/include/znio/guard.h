/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guard: what happens when a page of a mapped file cannot be had.
 *
 * A file that was cut short after it was mapped, or a sparse one on a full disk, raises SIGBUS
 * where it is touched. The guard is a handler in front of the one that is there (in a JVM:
 * HotSpot's). It looks at lost pages only; every other SIGBUS, and every fault outside znio's
 * mappings, goes on to the handler before, as if there were no guard. Inside of znio's mappings:
 *
 *   1. in zn_guard_copy or zn_guard_run: the call ends with -EFAULT; no page is put in place;
 *   2. in Java: HotSpot deals with it, and throws InternalError;
 *   3. in other native code: a zeroed page takes the lost one's place, so that the process lives.
 * The mapping is damaged from then on: its operations give ZN_EDAMAGED, and zn_guard_next tells.
 *
 * The guard is installed with the first zn_mapping_open, zn_guard_copy or zn_guard_run, or by
 * zn_guard_install, and stays. All functions may be called by any thread.
 */
#ifndef ZNIO_GUARD_H
#define ZNIO_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "znio/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Installs the guard, if it is not yet. returns: 0; ZN_EUNGUARDED it was switched off; -EAGAIN no
 * thread-specific key is left (PTHREAD_KEYS_MAX); -ENOMEM.
 */
ZN_API ZN_MUST_CHECK int zn_guard_install(void);

/*
 * Switches the guard off, for the life of the process: mappings work, but a lost page in native
 * code ends it. returns: 0; -EBUSY it is installed already, and others may have chained behind it.
 */
ZN_API ZN_MUST_CHECK int zn_guard_disable(void);

/* Whether it is installed. */
ZN_API bool zn_guard_is_installed(void);

/*
 * Copies size bytes; source and target, which must not overlap, may lie in a mapping whose pages
 * may be lost. *copied: bytes that were copied, from the start: on success size, after a fault
 * those before the page that could not be had. What lies behind it in target is as before, or a
 * part of source. Switched off, the kernel copies instead (process_vm_writev: slower, the same
 * result).
 *
 * returns: 0; -EFAULT source + *copied or target + *copied cannot be had; -EINVAL size < 0;
 * ZN_EFORBIDDEN switched off, and a policy forbids process_vm_writev; else as zn_guard_install.
 */
ZN_API ZN_MUST_CHECK int zn_guard_copy(void *target, const void *source, int64_t size,
                                       int64_t *copied);

/*
 * Runs body(argument), which may touch [address, address + size) though pages of it may be lost.
 * *fault: -1, or the offset from address of the access that found none. body is left at that access
 * and never returned to: it must hold nothing that it would have to give back, and call no Java.
 * Calls may be nested.
 *
 * returns: 0; -EFAULT; -EINVAL; else as zn_guard_install (and body was not run).
 */
ZN_API ZN_MUST_CHECK int zn_guard_run(void (*body)(void *argument), void *argument,
                                      const void *address, int64_t size, int64_t *fault);

/* Where an address lies, for messages and checks. */
struct zn_guard_place {
  uint64_t device;        /* of the file (st_dev), 0: no file */
  uint64_t inode;         /* st_ino */
  int64_t file_offset;    /* that the address stands for */
  int64_t damaged_offset; /* in the file, of the page that was replaced first; -1: none */
  int64_t damaged_pages;  /* replaced while the mapping was open */
  int64_t stale_pages;    /* replaced after it was closed: somebody still reads a view of it */
  bool closed;
  bool writable; /* as mapped */
};

/* Finds the mapping of zn_mapping_open that an address lies in. returns: 0; -ENOENT in none. */
ZN_API ZN_MUST_CHECK int zn_guard_locate(const void *address, struct zn_guard_place *place);

/*
 * Whether memory may be read or written as the file's: to ask before a transfer from or to it.
 * Costs one load as long as nothing is damaged. returns: 0; ZN_EDAMAGED with *file_offset of the
 * first replaced page of a mapping that [address, address + size) touches.
 */
ZN_API ZN_MUST_CHECK int zn_guard_check(const void *address, int64_t size, int64_t *file_offset);

/* A lost page that was touched in a mapping of zn_mapping_open, by code that nobody guards. */
struct zn_guard_fault {
  uint64_t device;
  uint64_t inode;
  int64_t file_offset; /* of the page */
  int64_t address;     /* of the access */
  int32_t thread;      /* gettid */
  bool closed;   /* the mapping was closed: a stale access, no data of the file is concerned */
  bool replaced; /* by a zeroed page; else HotSpot has thrown InternalError */
};

/*
 * Takes the next report of a lost page. Of accesses to one page after the other that HotSpot deals
 * with the first is told. *cursor: 0 at first, then as this function left it; each reader has its
 * own. The last 256 are kept: *lost counts those this reader missed (added to).
 * returns: 1; 0 there is none yet.
 */
ZN_API ZN_MUST_CHECK int zn_guard_next(uint64_t *cursor, struct zn_guard_fault *fault,
                                       int64_t *lost);

struct zn_guard_totals {
  int64_t faults;    /* SIGBUS seen; the sum of those below */
  int64_t by_jvm;    /* HotSpot dealt with it */
  int64_t guarded;   /* ended a guarded call */
  int64_t rescued;   /* a page was put in place */
  int64_t repeated;  /* the page was there again: the access was repeated */
  int64_t passed_on; /* not ours: to the handler before */
  int64_t damaged;   /* mappings that are damaged and not yet released */
};

/* Fills totals. Exact when no fault is on its way. */
ZN_API void zn_guard_read(struct zn_guard_totals *totals);

#ifdef __cplusplus
}
#endif
#endif

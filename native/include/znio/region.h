/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Region: off-heap memory from jemalloc, with an owner.
 *
 * Every block that is not in the hands of jemalloc has a record: 32 bytes that never move, are
 * never given back to the system and tell state, size, birth and place of birth of the block. A
 * handle names one life of a block: the address of its record, and in bits 48 to 59 the record's
 * generation, which changes with each death. So a handle of a block that is dead is recognised,
 * whatever became of its memory. A handle is positive and never 0.
 *
 * The layout of record and magazine is public to generated code (a JVM allocates and frees in them
 * without a call): zn_region_constants gives every offset, size and number.
 *
 * Sizes are bytes, from 0 to ZN_REGION_SIZE_MAX.
 */
#ifndef ZNIO_REGION_H
#define ZNIO_REGION_H

#include <stdint.h>

#include "znio/error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ZN_REGION_SIZE_MAX ((int64_t)1 << 47)
#define ZN_REGION_ALIGNMENT_MAX ((int64_t)1 << 30)

/* Size classes: 16 to 128 in steps of 16, then four to a power of two, to 1 MiB. */
#define ZN_REGION_CLASSES 60
#define ZN_REGION_CLASS_BYTES_MAX ((int64_t)1 << 20)

/* What a record says of its block. The numbers are the low four bits of the record's word. */
enum zn_state {
  ZN_STATE_UNUSED,      /* the record has no block */
  ZN_STATE_FREE,        /* in a magazine or the depot */
  ZN_STATE_LIVE,        /* somebody's */
  ZN_STATE_RETIRED,     /* dead, in its thread's hands, must pass the quarantine */
  ZN_STATE_QUARANTINED, /* dead, not to be reused before the quarantine's batch ends */
  ZN_STATE_CLOSED,      /* dead; of a mapping: its range is still taken */
};

/* How an owner ended. */
enum zn_cause {
  ZN_CAUSE_CLOSED,  /* it was closed */
  ZN_CAUSE_CLEANED, /* it was left to the garbage collector, as agreed */
  ZN_CAUSE_LEAKED,  /* it should have been closed, and was found dropped */
};

/*
 * Allocates size bytes (> 0), aligned to alignment (a power of two, or 0 for 16). Not zeroed. The
 * block has no record: it is counted, but not in the live table. *out belongs to the caller, who
 * frees it with zn_region_free(*out, size, alignment). returns: 0; -EINVAL a bad size or alignment;
 * ZN_ELIMIT; -ENOMEM.
 */
ZN_API ZN_MUST_CHECK int zn_region_allocate(int64_t size, int64_t alignment, void **out);

/* Frees a region; size and alignment as it was allocated. NULL does nothing. Any thread. */
ZN_API void zn_region_free(void *address, int64_t size, int64_t alignment);

/* For zn_region_open: the bytes are zero. Fresh pages of the kernel are not zeroed twice. */
#define ZN_REGION_ZEROED 1U

/* For zn_region_open: the limit counts the block and never refuses it. For what lasts one call,
 * such as the copy of a buffer: while it lives, live bytes may pass the limit. */
#define ZN_REGION_BEYOND_LIMIT 2U

/*
 * Allocates a block with a record, past the magazines: for sizes above ZN_REGION_CLASS_BYTES_MAX,
 * alignments above 4096, or when magazines are switched off. thread and site go into the record
 * (site: of zn_site_intern, or 0). *handle belongs to the caller, who ends it by zn_region_close,
 * or zn_region_retire. returns: 0; -EINVAL a bad size, alignment or flag; ZN_ELIMIT; -ENOMEM.
 */
ZN_API ZN_MUST_CHECK int zn_region_open(int64_t size, int64_t alignment, unsigned flags,
                                        uint32_t thread, uint32_t site, uint64_t *handle);

/*
 * Ends a block, of zn_region_open or of a magazine, and gives its memory back at once. cause: enum
 * zn_cause. Any thread.
 * returns: 0; -EALREADY this life of the block has ended before; -EINVAL not a handle, or a bad
 * cause.
 */
ZN_API ZN_MUST_CHECK int zn_region_close(uint64_t handle, int cause);

/*
 * Ends a block as zn_region_close, but hands its memory to the quarantine (quarantine.h).
 * returns: as zn_region_close; 1 or 2 as zn_quarantine_add.
 */
ZN_API ZN_MUST_CHECK int zn_region_retire(uint64_t handle, int cause);

/* Returns the address of a live block, or NULL if the handle's life has ended. Any thread. */
ZN_API void *zn_region_address(uint64_t handle);

/* Returns the class for size bytes, or -EINVAL for a size that has none. For an alignment up to
 * 4096 round the size up to its multiple first: each block is aligned to the largest power of two
 * that divides its class's bytes, up to 4096. */
ZN_API int zn_region_class(int64_t size);

/* Returns the bytes of a class, or -EINVAL. */
ZN_API int64_t zn_region_class_bytes(int region_class);

/*
 * Takes up to count (1 to 65536) free blocks of a class: the addresses of their records go to
 * records. Their state is FREE; they belong to the caller, who makes them live himself or gives
 * them back. They count as issued, not as live. Any thread. returns: how many, at least 1 (near the
 * limit of memory 1); -EINVAL; -ENOMEM.
 */
ZN_API ZN_MUST_CHECK int zn_region_refill(int region_class, int count, uint64_t *records);

/*
 * Gives back free blocks of one class. Any thread.
 * returns: 0; -EINVAL a bad class or count, or something that is not a free block of this class
 * (then nothing is given back).
 */
ZN_API ZN_MUST_CHECK int zn_region_flush(int region_class, int count, const uint64_t *records);

/*
 * Gives back to jemalloc the blocks of the depot (what magazines gave back, at most 32 MiB) that
 * nobody has needed since the last call, and to the kernel what jemalloc has held for long. To be
 * called about once a second. Any thread.
 */
ZN_API void zn_region_decay(void);

/* Gives back all of the depot, this thread's cache in jemalloc, and jemalloc's unused pages. */
ZN_API void zn_region_trim(void);

/* Gives back what jemalloc caches for the calling thread (its end does the same). */
ZN_API void zn_region_thread_flush(void);

/* jemalloc's own figures, in bytes, now; jemalloc's manual has their meaning under stats.*. */
struct zn_region_statistics {
  int64_t allocated; /* blocks that jemalloc has handed out, records and magazines included */
  int64_t active;    /* pages with such blocks */
  int64_t metadata;
  int64_t resident;
  int64_t mapped;
  int64_t retained; /* address space that is kept and holds no memory */
};

/* Fills statistics. returns: 0; -EOPNOTSUPP jemalloc was built without statistics. Any thread. */
ZN_API ZN_MUST_CHECK int zn_region_read_statistics(struct zn_region_statistics *statistics);

/* What generated code must know, in this order. region_constants.c has the values. */
#define ZN_REGION_CONSTANT_MAP(X)                                                                  \
  X(LAYOUT)                                                                                        \
  X(CLASSES_COUNT)                                                                                 \
  X(CLASS_SIZE_MAX)                                                                                \
  X(SIZE_LIMIT)                                                                                    \
  X(HANDLE_RECORD_BITS)                                                                            \
  X(RECORD_BYTES)                                                                                  \
  X(RECORD_ADDRESS)                                                                                \
  X(RECORD_WORD)                                                                                   \
  X(RECORD_BIRTH)                                                                                  \
  X(RECORD_SITE)                                                                                   \
  X(RECORD_TRAITS)                                                                                 \
  X(WORD_STATE_MASK)                                                                               \
  X(WORD_GENERATION_SHIFT)                                                                         \
  X(WORD_GENERATION_MASK)                                                                          \
  X(WORD_SIZE_SHIFT)                                                                               \
  X(BIRTH_THREAD_SHIFT)                                                                            \
  X(TICK_ADDRESS)                                                                                  \
  X(STRICT_ADDRESS)                                                                                \
  X(MAGAZINE_BYTES_MAX)                                                                            \
  X(MAGAZINE_THREAD)                                                                               \
  X(MAGAZINE_CACHED)                                                                               \
  X(MAGAZINE_BORN_ITEMS)                                                                           \
  X(MAGAZINE_BORN_BYTES)                                                                           \
  X(MAGAZINE_DIED_BYTES)                                                                           \
  X(MAGAZINE_CLEANED)                                                                              \
  X(MAGAZINE_LEAKED)                                                                               \
  X(MAGAZINE_AGES)                                                                                 \
  X(MAGAZINE_AGE_COUNT)                                                                            \
  X(MAGAZINE_STACKS)                                                                               \
  X(STACK_BYTES)                                                                                   \
  X(STACK_COUNT)                                                                                   \
  X(STACK_CAPACITY)                                                                                \
  X(STACK_SLOTS)                                                                                   \
  X(STACK_CLASS_BYTES)                                                                             \
  X(RETIRED_COUNT)                                                                                 \
  X(RETIRED_BYTES)                                                                                 \
  X(RETIRED_SLOTS)                                                                                 \
  X(RETIRED_COUNT_LIMIT)                                                                           \
  X(RETIRED_BYTES_LIMIT)

enum zn_region_constant {
#define ZN_REGION_CONSTANT_ENUM(name) ZN_REGION_##name,
  ZN_REGION_CONSTANT_MAP(ZN_REGION_CONSTANT_ENUM)
#undef ZN_REGION_CONSTANT_ENUM
      ZN_REGION_CONSTANTS,
};

/*
 * Fills values[0 .. count) with the constants, in the order of enum zn_region_constant: byte
 * offsets, byte sizes, shifts, masks, addresses. They do not change while the process lives. Any
 * thread. returns: ZN_REGION_CONSTANTS, the number there are.
 */
ZN_API int zn_region_constants(int64_t *values, int count);

/* Returns the name of a constant, "CLASSES"; NULL for an index that is none. The string is static.
 */
ZN_API const char *zn_region_constant_name(int constant);

#ifdef __cplusplus
}
#endif
#endif
